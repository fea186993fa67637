"""Work of a job's run that is known by an id of its own, so that another run can go on with it after a death."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from core.steps.table_run import TableRun


async def unfinished_or_new(run: TableRun, folder: str, token: str, *, goes_on_for: timedelta, of: str = "") -> str:
    """The id under which to work for this token: of what was begun and not finished so long ago, else the token.

    `folder` is where the table keeps such work, `latest.json` there remembers it; it is finished once it has a result.
    Work on what is another thing by now, by `of`, is not gone on with.
    """
    place = f"{run.prefix}{folder}/latest.json"
    latest = await run.document(place)
    if latest is not None and latest["token"] == token:
        return str(latest["id"])
    now = run.world.clock.now()
    if latest is None or latest.get("of", "") != of or await _is_over(run, folder, latest, now - goes_on_for):
        latest = {"id": token, "begun_at": now.isoformat(), "of": of}
    latest["token"] = token
    await run.world.objects.put(place, json.dumps(latest).encode(), "application/json")
    return str(latest["id"])


async def _is_over(run: TableRun, folder: str, latest: dict[str, Any], oldest: datetime) -> bool:
    if datetime.fromisoformat(latest["begun_at"]) < oldest:
        return True
    result = f"{run.prefix}{folder}/{latest['id']}/result.json"
    return result in await run.world.objects.keys(result)
