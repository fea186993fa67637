"""Loads the rejected rows of a table again, after somebody repaired them at the source.

Guarantees:
- rows = items + rejects still holds for every chunk; rows that are gone from the source are counted as vanished.
- No item is overwritten by a row that was read by its key: what holds the key already stays, as for `--existing keep`.
- It may die anywhere and be run again: a chunk whose rejects file and result disagree is loaded again as a whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from core.items.plan import Cell, Chunk, Kind, LoadPlan

from adapters.loader.arguments import Arguments
from adapters.loader.chunks import ChunkLoader
from adapters.loader.control import Control
from adapters.loader.ends import source_of, writer_factory
from adapters.loader.key_guard import read_collisions
from adapters.loader.objects import Bucket
from adapters.loader.progress_report import print_event
from adapters.loader.results import ChunkResult, Results
from adapters.loader.rows import Row, RowReader

Keys = list[tuple[Cell, ...]]

# Beyond this the keys are neither few to keep in memory nor quicker to look up than the chunk is to read.
MAX_KEYS = 5_000


def retry_rejects(arguments: Arguments, plan: LoadPlan, bucket: Bucket) -> None:
    """Load the rejected rows of every chunk again; prints one JSON line and rewrites rejects and result for each."""
    control = Control(bucket, plan)
    with closing(RowReader(source_of(arguments), plan)) as reader:
        retry = _Retry(arguments, plan, bucket, reader)
        for chunk in plan.chunks:
            control.go_on()
            retry.chunk(chunk)


class _Retry:
    def __init__(self, arguments: Arguments, plan: LoadPlan, bucket: Bucket, reader: RowReader) -> None:
        self._plan = plan
        self._bucket = bucket
        self._results = Results(bucket, plan)
        self._by_key = not arguments.whole_chunks
        self._rejected = _RejectedRows(reader)
        collisions = read_collisions(bucket, arguments.collisions)
        token = arguments.run_token
        self._whole = ChunkLoader(
            plan, reader, writer_factory(plan, arguments), bucket, run_token=token, collisions=collisions
        )
        keeping = writer_factory(plan, arguments, keep_existing=True)
        self._some = ChunkLoader(plan, self._rejected, keeping, bucket, run_token=token, collisions=collisions)
        self._with_file = set(bucket.keys(f"{plan.prefix}rejects/"))

    def chunk(self, chunk: Chunk) -> None:
        """Retry one chunk, if it has rejects."""
        before = self._results.find(chunk.number)
        key = self._plan.rejects_key(chunk.number)
        if before is not None and not before.rejects and key not in self._with_file:
            return
        lines = _Lines(self._bucket, key) if key in self._with_file else None
        count = lines.count() if lines else 0
        if before is not None and before.rejects == count == 0:
            return
        if before is None or before.rejects != count or lines is None or not self._few(chunk, count):
            after = self._whole.load(chunk)
        else:
            after = self._load_some(chunk, before, lines)
        self._results.store(after)
        print_event(event="retried", chunk=chunk.number, rejects_before=count, rejects=after.rejects)

    def _few(self, chunk: Chunk, count: int) -> bool:
        return self._by_key and bool(self._plan.item_of(chunk).chunk_columns) and count <= MAX_KEYS

    def _load_some(self, chunk: Chunk, before: ChunkResult, lines: _Lines) -> ChunkResult:
        self._rejected.keys = lines.keys(self._plan, chunk)
        return merged(before, self._some.load(chunk))


class _RejectedRows:
    """Reads of a chunk only the rows with these keys."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self.keys: Keys = []

    def read(self, chunk: Chunk) -> Iterator[list[Row]]:
        return self._reader.read_rows(chunk, self.keys)


@dataclass(frozen=True)
class _Lines:
    """A rejects file."""

    bucket: Bucket
    key: str

    def count(self) -> int:
        return sum(1 for line in self.bucket.lines(self.key) if line)

    def keys(self, plan: LoadPlan, chunk: Chunk) -> Keys:
        """The primary keys of its rows, as the source's cells."""
        item = plan.item_of(chunk)
        kinds = [item.columns[index].kind for index in item.row_key]
        lines = (json.loads(line) for line in self.bucket.lines(self.key) if line)
        rows = (line["row"] for line in islice(lines, MAX_KEYS))
        return [tuple(_cell(row[name], kind) for name, kind in zip(item.row_key_names, kinds)) for row in rows]


def _cell(text: str | None, kind: str) -> Cell:
    """What `ItemConverter.row_key` showed, as the cell that it was."""
    if text is not None and kind in (Kind.BINARY, Kind.BIT) and text.startswith("0x"):
        return bytes.fromhex(text[2:])
    return text


def merged(before: ChunkResult, again: ChunkResult) -> ChunkResult:
    """The chunk's result after its rejected rows were loaded again; `again` counts those rows alone."""
    sums = {
        name: getattr(before, name) + getattr(again, name)
        for name in ("bytes_read", "bytes_written", "capacity_units", "retries", "unprocessed_items", "already_there")
    }
    seconds = Counter(dict(before.seconds))
    seconds.update(dict(again.seconds))
    result = replace(
        again,
        **sums,
        rows_read=before.items_written + again.rows_read,
        items_written=before.items_written + again.items_written,
        seconds={name: round(value, 3) for name, value in seconds.items()},
        vanished=before.vanished + before.rejects - again.rows_read,
    )
    result.require_every_row()
    return result
