"""A chunk's rejects file and its result, changed together after the load: the next look finds both new, or both old.

Layout under `<plan prefix>accounts/`: `chunk-N.jsonl`, the rejects that are to be, and then `chunk-N.json`, the result;
from then on the change counts. An empty one was made.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from core.items.plan import LoadPlan

from adapters.loader.load_rejects import LoadRejects, RowName
from adapters.loader.objects import Bucket
from adapters.loader.results import ChunkResult, Results


class Accounts:
    """The accounts of one plan's chunks."""

    def __init__(self, bucket: Bucket, plan: LoadPlan) -> None:
        self._bucket = bucket
        self._plan = plan
        self._results = Results(bucket, plan)

    def find(self, number: int) -> ChunkResult | None:
        """The chunk's result, after a change that a dead run had begun was made; None if it was never loaded."""
        self._make(number)
        return self._results.find(number)

    def rejects_key(self, number: int) -> str:
        """The S3 key under which the rejects that are to be are stored, before `change`."""
        return f"{self._plan.prefix}accounts/chunk-{number:08d}.jsonl"

    def change(self, result: ChunkResult) -> None:
        """From now on this is the chunk's result, and its rejects are those under `rejects_key`."""
        result.require_every_row()
        body = json.dumps(asdict(result), sort_keys=True).encode("utf-8")
        self._bucket.put(self._result_key(result.chunk), body, content_type="application/json")
        self._make(result.chunk)

    def take_off(self, number: int, written: Iterable[RowName]) -> None:
        """Rows that stand in the chunk's rejects file are items now."""
        before, key = self.find(number), self._plan.rejects_key(number)
        if before is None or not before.rejects or not self._bucket.exists(key):
            return
        items = LoadRejects({**name.members(), "reason": ""} for name in written)
        taken: Counter[str] = Counter()
        with tempfile.TemporaryFile() as rest:
            for line in filter(None, self._bucket.lines(key)):
                if items.take(RowName.of(found := json.loads(line))):
                    taken[found["reason"]] += 1
                else:
                    rest.write(line + b"\n")
            if taken:
                rest.seek(0)
                self._bucket.put(self.rejects_key(number), rest, content_type="application/jsonlines")
                self.change(_with_items(before, taken))

    def _make(self, number: int) -> None:
        pending = self._bucket.find(self._result_key(number))
        if not pending:
            return
        if self._bucket.exists(self.rejects_key(number)):
            self._bucket.copy(self.rejects_key(number), self._plan.rejects_key(number))
        self._results.store(ChunkResult(**json.loads(pending)))
        self._bucket.put(self._result_key(number), b"", content_type="application/json")

    def _result_key(self, number: int) -> str:
        return f"{self._plan.prefix}accounts/chunk-{number:08d}.json"


def _with_items(before: ChunkResult, taken: Counter[str]) -> ChunkResult:
    count = sum(taken.values())
    reasons: dict[str, Any] = dict(Counter(before.rejects_by_reason) - taken)
    return replace(
        before,
        items_written=before.items_written + count,
        rejects=before.rejects - count,
        rejects_by_reason=reasons,
    )
