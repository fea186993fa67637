"""Every item compared with every row: a run of the table's job does it where the data is; its result is in S3."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core.steps.job import EXISTING
from core.steps.job_run import progress_told, start_task, watch
from core.steps.table_run import Evidence, TableRun
from core.steps.unfinished import unfinished_or_new

VALIDATE: Final = "validate"
VALIDATION: Final = "--validation"

# What the run calls the ways in which an item can be wrong, and what people call them.
DIFFERENCES: Final = {
    "missing": "items are missing",
    "extra": "items have no row",
    "differing": "items differ from their rows",
    "colliding": "rows have the key of another row",
    "taken": "items that no row has hold the keys of rejected rows",
}
# What the items of others look like.
_OF_OTHERS: Final = frozenset({"extra", "taken"})
_GOES_ON_FOR = timedelta(hours=24)


async def compare_everything(run: TableRun, token: str, evidence: Evidence, *, keeps: bool = False) -> dict[str, Any]:
    """The result of the run that does it for this token: a new one, or one that a killed process started.

    A validation that died is gone on with under its own id, for a day, unless the table was loaded into or repaired
    since. `keeps`: items of others may stand in the table, and stay. Raises JobFailedError when the run died.
    """
    job, of = str(evidence["job_name"]), contents_of(evidence)
    validation = await unfinished_or_new(run, "validation", token, goes_on_for=_GOES_ON_FOR, of=of)
    arguments = {
        VALIDATION: validation,
        "--on-collision": run.options.on_collision,
        EXISTING: "keep" if keeps else "overwrite",
    }
    run_id = await start_task(run, job, VALIDATE, token, arguments)
    told = progress_told(run, validation_key(run, f"{validation}/progress.json"), "comparing every item")
    await watch(run, job, run_id, told)
    result: dict[str, Any] = json.loads(await run.world.objects.get(validation_key(run, f"{validation}/result.json")))
    # A loader of an earlier version knew fewer kinds.
    known = {"repairable": result["missing"] + result["differing"], "claims": 0}
    return {**dict.fromkeys(DIFFERENCES, 0), **known, **result}


def contents_of(evidence: Evidence) -> str:
    """What the table was made by: its last load or retry, and its last repair."""
    repaired = evidence.get("repair", {}).get("validation", "")
    return f"{evidence.get('run_id')} {evidence.get('load_finished_at')} {repaired}"


def problems_of(found: dict[str, Any], *, others: bool) -> list[str]:
    """What is wrong, in words; `others`: items that this migration did not write may stand in the table too."""
    problems = [
        f"{found[k]:,} {words}" for k, words in DIFFERENCES.items() if found[k] and not (others and k in _OF_OTHERS)
    ]
    for index in found["indexes"]:
        if index["in_index"] is None:
            problems.append(f"the index {index['index']} does not exist")
        elif index["in_index"] != index["in_table"]:
            there = f"{index['in_index']:,} items in index {index['index']}"
            problems.append(f"{there}, but {index['in_table']:,} in the table have its key")
    return problems


@dataclass(frozen=True)
class MovedRejects:
    """Rows that became rejects since the load, and rejects of the load that are none any more."""

    became: int
    ceased: int

    @classmethod
    def of(cls, found: dict[str, Any], load: dict[str, Any]) -> MovedRejects:
        """What the validation `found`, against the load's record; a loader of an earlier version only counted."""
        now, then = int(found["rejects"]), int(load["rejects"])
        became = int(found.get("rejects_since_load", max(0, now - then)))
        return cls(became, max(0, then - (now - became)))

    @property
    def problems(self) -> list[str]:
        """The same in words."""
        words = {"rows became rejects since the load": self.became, "rejects of the load are none now": self.ceased}
        return [f"{count:,} {what}" for what, count in words.items() if count]


def validation_key(run: TableRun, name: str) -> str:
    """The S3 key of something that a validation of this table left."""
    return f"{run.prefix}validation/{name}"
