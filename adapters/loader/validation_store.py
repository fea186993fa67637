"""What a validation leaves in S3 under its id, so that a run that is killed goes on from there.

Layout under `<plan prefix>validation/<id>/`: `begun.json`, `source.state` and `target.state` (the first pass),
`rounds/N.json` and `findings/N.jsonl` (the second), `progress.json`, and at the very end `result.json`.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from datetime import datetime, timezone
from typing import IO, Any

from core.items.plan import LoadPlan

from adapters.loader.objects import Bucket
from adapters.loader.progress_report import ProgressReport
from adapters.loader.sums import BucketSums, Tally

FORMAT = 1


class ValidationStore:
    """One validation's objects; what belongs to another definition of the view does not count."""

    def __init__(self, bucket: Bucket, plan: LoadPlan, validation: str) -> None:
        self._bucket = bucket
        self._plan = plan
        self._prefix = f"{plan.prefix}validation/{validation}/"
        self._found = set(bucket.keys(self._prefix))
        self.say = ProgressReport(bucket, f"{self._prefix}progress.json").say

    def begun_at(self) -> str:
        """When this validation first began (ISO 8601, UTC): now, unless a run before this one did."""
        found = self._document("begun.json")
        if found is None:
            found = {"at": now()}
            self._put_document("begun.json", found)
        return str(found["at"])

    def side(self, name: str) -> tuple[Tally, Any]:
        """What the first pass has of one side, and how far it is; nothing and None at the beginning."""
        packed = self._read(f"{name}.state")
        if packed is None:
            return Tally(), None
        head, _, sums = zlib.decompress(packed).partition(b"\n")
        found = json.loads(head)
        if not self._is_ours(found):
            return Tally(), None
        counts: dict[str, Any] = {"rejects": Counter(found["rejects"]), "indexes": Counter(found["indexes"])}
        # An earlier version did not count these.
        since, left_out = found.get("rejects_since", 0), found.get("left_out", [])
        counts["left_out"] = Counter(dict(left_out))
        tally = Tally(BucketSums.from_bytes(sums), rows=found["rows"], rejects_since=since, **counts)
        return tally, found["progress"]

    def keep_side(self, name: str, tally: Tally, progress: Any) -> None:
        """Store a side's contents so far together with how far that is."""
        head = {
            "rows": tally.rows,
            "rejects": tally.rejects,
            "rejects_since": tally.rejects_since,
            "left_out": list(tally.left_out.items()),
            "indexes": tally.indexes,
            "progress": progress,
        }
        packed = zlib.compress(self._json(head) + b"\n" + tally.sums.to_bytes(), 1)
        self._bucket.put(f"{self._prefix}{name}.state", packed, content_type="application/octet-stream")

    def round(self, number: int, buckets: list[int]) -> dict[str, Any] | None:
        """What a round of the second pass found, if it was finished over these very buckets."""
        found = self._document(f"rounds/{number:05d}.json")
        return found if found is not None and found["buckets"] == buckets else None

    def keep_round(self, number: int, findings: IO[bytes], found: dict[str, Any]) -> None:
        """Store a round's findings (JSON lines), then its counts."""
        self._bucket.put(f"{self._prefix}findings/{number:05d}.jsonl", findings, content_type="application/jsonlines")
        self._put_document(f"rounds/{number:05d}.json", found)

    def keep_result(self, result: dict[str, Any]) -> None:
        """Store the result: from now on this validation is over."""
        self._put_document("result.json", result)

    def result(self) -> dict[str, Any] | None:
        """The result of an earlier run, if that came to its end."""
        found = self._document("result.json")
        return None if found is None else {k: v for k, v in found.items() if k not in ("format", "view_hash")}

    def _is_ours(self, document: dict[str, Any]) -> bool:
        return document.get("format") == FORMAT and document.get("view_hash") == self._plan.view_hash

    def _document(self, name: str) -> dict[str, Any] | None:
        found = self._read(name)
        document = {} if found is None else json.loads(found)
        return document if self._is_ours(document) else None

    def _read(self, name: str) -> bytes | None:
        return self._bucket.read(self._prefix + name) if self._prefix + name in self._found else None

    def _put_document(self, name: str, document: dict[str, Any]) -> None:
        self._bucket.put(self._prefix + name, self._json(document), content_type="application/json")

    def _json(self, document: dict[str, Any]) -> bytes:
        ours = {"format": FORMAT, "view_hash": self._plan.view_hash}
        return json.dumps({**ours, **document}, ensure_ascii=False).encode("utf-8")


def now() -> str:
    """The moment in UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
