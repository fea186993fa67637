"""Loads one chunk: rows of the view to items of the table, every one of them accounted for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable, Protocol

from core.items.collisions import Collisions
from core.items.item import ItemConverter
from core.items.plan import Chunk, LoadPlan
from core.items.rejects import RejectedRow

from adapters.loader.batches import Batch, Batcher
from adapters.loader.key_guard import Holds, KeyGuard, no
from adapters.loader.objects import Bucket
from adapters.loader.outages import with_source
from adapters.loader.put_new import OnReject
from adapters.loader.rejects import ChunkRejects
from adapters.loader.results import ChunkResult
from adapters.loader.rows import Row
from adapters.loader.writer import BatchWriter

NewWriter = Callable[[ItemConverter, OnReject], BatchWriter]


class ChunkReader(Protocol):
    """What reads the rows of a chunk that are to be loaded, in groups; raises SourceLostError as `RowReader` does."""

    def read(self, chunk: Chunk) -> Iterator[list[Row]]: ...


@dataclass
class _Clock:
    read: float = 0.0
    convert: float = 0.0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class _Rows:
    """What a chunk's rows go through."""

    converter: ItemConverter
    guard: KeyGuard
    batcher: Batcher

    def add(self, row: Row) -> Batch | None:
        """Take a row; a batch that is full now. Raises RejectedRow."""
        item, size = self.converter.convert_sized(row)
        self.guard.check(item, row)
        return self.batcher.add(item, row, size)


class ChunkLoader:
    """Loads chunks of one plan one after the other. A chunk's puts are idempotent, so it may be loaded again.

    `rejects_key` is where a chunk's rejects go, if not to its rejects file; `holds` and `held` are the `KeyGuard`'s.
    """

    def __init__(
        self, plan: LoadPlan, reader: ChunkReader, new_writer: NewWriter, bucket: Bucket, *, run_token: str,
        collisions: Collisions | None = None, wait: Callable[[float], Any] = time.sleep,
        rejects_key: Callable[[int], str] | None = None, holds: Holds = no, held: AbstractSet[bytes] = frozenset(),
    ) -> None:  # fmt: skip
        self._plan = plan
        self._reader = reader
        self._new_writer = new_writer
        self._bucket = bucket
        self._run_token = run_token
        self._collisions = collisions or Collisions()
        self._wait = wait
        self._rejects_key = rejects_key
        self._holds = holds
        self._held = held
        self._converters = [ItemConverter(item) for item in plan.items]

    def load(self, chunk: Chunk) -> ChunkResult:
        """Load it, its rejects stored, its result not yet.

        A lost source is connected to again and the whole chunk redone, its counts from zero, as `with_source` does.
        """
        return with_source(partial(self._load, chunk), self._wait)

    def _load(self, chunk: Chunk) -> ChunkResult:
        began, clock = time.monotonic(), _Clock()
        converter = self._converters[chunk.item]
        with ChunkRejects(converter, self._plan.item_of(chunk)) as rejects:
            with self._new_writer(converter, rejects.add) as writer:
                rows = _Rows(
                    converter,
                    KeyGuard(self._plan, chunk, converter, self._collisions, self._holds, self._held),
                    Batcher(self._plan.item_of(chunk), converter.row_key),
                )
                self._convert(rows, self._timed(chunk, clock), writer, rejects, clock)
            place = self._plan.rejects_key if self._rejects_key is None else self._rejects_key
            rejects.store(self._bucket, place(chunk.number), always=self._rejects_key is not None)
        result = self._result(chunk, writer, rejects, clock, time.monotonic() - began)
        result.require_every_row()
        return result

    def _timed(self, chunk: Chunk, clock: _Clock) -> Iterator[list[Row]]:
        groups = self._reader.read(chunk)
        while True:
            began = time.monotonic()
            group = next(groups, None)
            clock.read += time.monotonic() - began
            if group is None:
                return
            clock.rows += len(group)
            clock.bytes += sum(len(cell) for row in group for cell in row if cell is not None)
            yield group

    def _convert(
        self, rows: _Rows, groups: Iterable[list[Row]], writer: BatchWriter, rejects: ChunkRejects, clock: _Clock
    ) -> None:
        for group in groups:
            began = time.monotonic()
            batches = []
            for row in group:
                try:
                    batch = rows.add(row)
                except RejectedRow as reject:
                    rejects.add(row, reject)
                    continue
                if batch is not None:
                    batches.append(batch)
            clock.convert += time.monotonic() - began
            for batch in batches:
                writer.put(batch)
        rest = rows.batcher.rest()
        if rest is not None:
            writer.put(rest)

    def _result(
        self, chunk: Chunk, writer: BatchWriter, rejects: ChunkRejects, clock: _Clock, total: float
    ) -> ChunkResult:
        counts = writer.counts
        seconds = {"read": clock.read, "convert": clock.convert, "write": counts.seconds, "total": total}
        return ChunkResult(
            chunk=chunk.number,
            view_hash=self._plan.view_hash,
            run_token=self._run_token,
            rows_read=clock.rows,
            items_written=counts.items,
            rejects=rejects.count,
            rejects_by_reason=dict(rejects.by_reason),
            bytes_read=clock.bytes,
            bytes_written=counts.bytes,
            capacity_units=counts.capacity_units,
            retries=counts.retries,
            unprocessed_items=counts.unprocessed_items,
            already_there=counts.already_there,
            seconds={name: round(value, 3) for name, value in seconds.items()},
            finished_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
