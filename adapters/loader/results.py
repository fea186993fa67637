"""One object per chunk, stored once every write of the chunk was acknowledged: what a restart need not repeat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from core.items.plan import Chunk, LoadPlan

from adapters.loader.errors import CountsDifferError
from adapters.loader.objects import Bucket

FORMAT = 1
_READ_AT_ONCE = 10  # botocore keeps so many connections by default


@dataclass(frozen=True)
class ChunkResult:
    """A loaded chunk.

    `bytes_read` is the length of the cells, `bytes_written` of the items as DynamoDB counts them. `seconds` has read,
    convert, write (all writers added up) and total (wall clock); `finished_at` is ISO 8601 in UTC. `already_there` are
    those of the items that the table held before, equal, where the loader must not overwrite; `vanished` are rejected
    rows that were gone when they were to be loaded again (they are in no other count).
    """

    chunk: int
    view_hash: str
    run_token: str
    rows_read: int
    items_written: int
    rejects: int
    rejects_by_reason: Mapping[str, int]
    bytes_read: int
    bytes_written: int
    capacity_units: float
    retries: int
    unprocessed_items: int
    seconds: Mapping[str, float]
    finished_at: str
    already_there: int = 0
    vanished: int = 0
    format: int = FORMAT

    def require_every_row(self) -> None:
        """Raises CountsDifferError unless every row read was written or rejected."""
        if self.items_written + self.rejects != self.rows_read:
            raise CountsDifferError(
                f"chunk {self.chunk}: {self.rows_read} rows read, but {self.items_written} items written and "
                f"{self.rejects} rejects; no result was stored, run the load again"
            )


class Results:
    """The results of one plan in its bucket."""

    def __init__(self, bucket: Bucket, plan: LoadPlan) -> None:
        self._bucket = bucket
        self._plan = plan

    def finished(self, chunks: Iterable[Chunk]) -> set[int]:
        """The numbers of those chunks that need no loading: they have a result for this very view."""
        keys = set(self._bucket.keys(f"{self._plan.prefix}results/"))
        there = [chunk.number for chunk in chunks if self._plan.result_key(chunk.number) in keys]
        # One after another, hundreds of results would keep a resumed load from its first row for seconds.
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            return {number for number, ours in zip(there, pool.map(self._is_of_this_view, there)) if ours}

    def find(self, number: int) -> ChunkResult | None:
        """A chunk's result for this very view, if there is one."""
        key = self._plan.result_key(number)
        if not self._bucket.exists(key):
            return None
        stored: Any = json.loads(self._bucket.text(key))
        if stored.get("format") != FORMAT or stored.get("view_hash") != self._plan.view_hash:
            return None
        return ChunkResult(**stored)

    def store(self, result: ChunkResult) -> None:
        """Write a chunk's result."""
        body = json.dumps(asdict(result), sort_keys=True).encode("utf-8")
        self._bucket.put(self._plan.result_key(result.chunk), body, content_type="application/json")

    def _is_of_this_view(self, number: int) -> bool:
        stored: Any = json.loads(self._bucket.text(self._plan.result_key(number)))
        return bool(stored.get("format") == FORMAT and stored.get("view_hash") == self._plan.view_hash)
