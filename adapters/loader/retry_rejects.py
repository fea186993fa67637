"""Loads the rejected rows of a table again, after somebody repaired them at the source.

Guarantees:
- rows = items + rejects still holds for every chunk; rows that are gone from the source are counted as vanished.
- Only rejected rows are loaded; one that broke since the load stays what it was, and is no accepted reject.
- No item is overwritten: what holds a key already stays, as for `--existing keep`.
- It may die anywhere and be run again (`Accounts`). A chunk that has no accounts is loaded as a whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from core.items.canonical import key_digest
from core.items.collisions import Collisions
from core.items.item import ItemConverter, can_be_asked_for
from core.items.plan import Cell, Chunk, ItemPlan, Kind, LoadPlan
from core.items.rejects import CONTENT, RejectedRow

from adapters.loader.accounts import Accounts
from adapters.loader.arguments import Arguments
from adapters.loader.backoff import Backoff
from adapters.loader.chunks import ChunkLoader
from adapters.loader.control import Control
from adapters.loader.ends import source_of, writer_factory
from adapters.loader.key_guard import KeyGuard, read_collisions
from adapters.loader.load_rejects import LoadRejects, row_name
from adapters.loader.objects import Bucket
from adapters.loader.progress_report import print_event
from adapters.loader.results import ChunkResult, Results
from adapters.loader.rows import Row, RowReader
from adapters.loader.scan import TableScan
from adapters.loader.table_items import TableItems
from adapters.loader.validate import dynamodb_client

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
        self._accounts = Accounts(bucket, plan)
        self._results = Results(bucket, plan)
        collisions = read_collisions(bucket, arguments.collisions)
        client = dynamodb_client(arguments.writers)
        calls = TableScan(client, plan.target_table, backoff=Backoff())
        table = TableItems(client, plan.target_table, plan.item.table_keys(), calls)
        self._rejected = _RejectedRows(plan, reader, collisions, table)
        new_writer, keeping = writer_factory(plan, arguments), writer_factory(plan, arguments, keep_existing=True)
        new_loader = partial(ChunkLoader, plan, run_token=arguments.run_token, collisions=collisions)
        self._new = new_loader(reader, new_writer, bucket)
        self._whole = new_loader(reader, keeping, bucket, holds=table.holds)
        place, held = self._accounts.rejects_key, self._rejected.held
        self._some = new_loader(self._rejected, keeping, bucket, rejects_key=place, holds=table.holds, held=held)
        self._with_file = set(bucket.keys(f"{plan.prefix}rejects/"))

    def chunk(self, chunk: Chunk) -> None:
        """Retry one chunk, if it has rejects."""
        before = self._accounts.find(chunk.number)
        key = self._plan.rejects_key(chunk.number)
        if before is not None and not before.rejects and key not in self._with_file:
            return
        lines = _Lines(self._bucket, key) if key in self._with_file else None
        count = lines.count() if lines else 0
        if before is not None and before.rejects == count == 0:
            return
        if before is None or before.rejects != count or lines is None or not self._tells_rows(chunk, lines):
            after = (self._new if before is None else self._whole).load(chunk)
            self._results.store(after)
        else:
            self._rejected.look_for(chunk, lines, count)
            again = self._some.load(chunk)
            rows = None if self._plan.item_of(chunk).rows_have_names else self._rejected.rows
            after = merged(before, again) if rows is None else recounted(before, again, rows)
            self._accounts.change(after)
        print_event(event="retried", chunk=chunk.number, rejects_before=count, rejects=after.rejects)

    def _tells_rows(self, chunk: Chunk, lines: _Lines) -> bool:
        """Whether the rejects file names its rows; those of earlier versions do not where a key is not enough."""
        return self._plan.item_of(chunk).rows_have_names or all(CONTENT in line for line in lines.read())


class _RejectedRows:
    """Reads of a chunk only its rejected rows: by their keys, or with all others where they have none or are many.

    `rows` were read in all where others were read too; `held` are shared keys of which the table holds a row's item.
    """

    def __init__(self, plan: LoadPlan, reader: RowReader, collisions: Collisions, table: TableItems) -> None:
        self._plan = plan
        self._reader = reader
        self._collisions = collisions
        self._table = table
        self.rows = 0
        self.held: set[bytes] = set()
        self._lines: _Lines | None = None
        self._keys: Keys | None = None
        self._converters = [ItemConverter(item) for item in plan.items]

    def look_for(self, chunk: Chunk, lines: _Lines, count: int) -> None:
        """From now on these rows of this chunk are meant."""
        item = self._plan.item_of(chunk)
        by_key = item.rows_have_names and item.chunk_columns and count <= MAX_KEYS
        keys = lines.keys(item) if by_key else None
        kinds = [item.columns[index].kind for index in item.row_key]
        can_ask = keys is not None and all(can_be_asked_for(key, kinds) for key in keys)
        self._lines, self._keys = lines, keys if can_ask else None

    def read(self, chunk: Chunk) -> Iterator[list[Row]]:
        if self._keys is not None:
            return self._reader.read_rows(chunk, self._keys)
        return self._named(chunk)

    def _named(self, chunk: Chunk) -> Iterator[list[Row]]:
        """Rows without a name may be rejected ones that were mended: of those that the table lacks this is assumed."""
        item, converter = self._plan.item_of(chunk), self._converters[chunk.item]
        rejected = LoadRejects(self._lines.read() if self._lines else ())
        guard = KeyGuard(self._plan, chunk, converter, self._collisions, self._table.holds)
        self.rows = 0
        self.held.clear()
        for group in self._reader.read(chunk):
            self.rows += len(group)
            named = [rejected.take(row_name(converter, item, row)) for row in group]
            if item.rows_have_names:
                yield [row for row, is_named in zip(group, named) if is_named]
            else:
                unnamed = [row for row, is_named in zip(group, named) if not is_named]
                more = {id(row) for row in self._unloaded(unnamed, converter, guard)}
                yield [row for row, is_named in zip(group, named) if is_named or id(row) in more]

    def _unloaded(self, rows: Sequence[Row], converter: ItemConverter, guard: KeyGuard) -> list[Row]:
        """Those that can be items and are not in the table, and those that others with their key keep out."""
        kept_out, items = [], []
        for row in rows:
            try:
                item = converter.convert(row)
            except RejectedRow:
                continue  # it broke since, or it did so in another way: its item may be there
            try:
                guard.check(item, row)
            except RejectedRow:
                kept_out.append(row)
            else:
                items.append((row, item))
        keys = self._plan.item.table_keys()
        digests = [key_digest(item, keys) for _, item in items]
        missing = self._table.lacks(item for _, item in items)
        self.held.update(digest for digest in digests if digest in self._collisions and digest not in missing)
        return [*kept_out, *(row for (row, _), digest in zip(items, digests) if digest in missing)]


@dataclass(frozen=True)
class _Lines:
    """A rejects file."""

    bucket: Bucket
    key: str

    def read(self) -> Iterator[dict[str, Any]]:
        """Its lines, one after the other."""
        return map(json.loads, filter(None, self.bucket.lines(self.key)))

    def count(self) -> int:
        return sum(1 for line in self.bucket.lines(self.key) if line)

    def keys(self, item: ItemPlan) -> Keys:
        """The primary keys of its rows, as the source's cells."""
        kinds = [item.columns[index].kind for index in item.row_key]
        rows = (line["row"] for line in islice(self.read(), MAX_KEYS))
        return [tuple(_cell(row[name], kind) for name, kind in zip(item.row_key_names, kinds)) for row in rows]


def _cell(text: str | None, kind: str) -> Cell:
    """What `ItemConverter.row_key` showed, as the cell that it was."""
    if text is not None and kind in (Kind.BINARY, Kind.BIT) and text.startswith("0x"):
        return bytes.fromhex(text[2:])
    return text


def merged(before: ChunkResult, again: ChunkResult) -> ChunkResult:
    """The chunk's result after its rejected rows were loaded again; `again` counts those rows alone."""
    rows, vanished = before.items_written + again.rows_read, before.rejects - again.rows_read
    return _added(before, again, rows_read=rows, vanished=vanished)


def recounted(before: ChunkResult, again: ChunkResult, rows: int) -> ChunkResult:
    """The same where rows are known by their content, of which `rows` were read: all but the rejects count as items.

    That they are is for a validation to say: a mended row cannot be told from one that came.
    """
    return _added(before, again, rows_read=rows, vanished=max(0, before.rows_read - rows))


def _added(before: ChunkResult, again: ChunkResult, *, rows_read: int, vanished: int) -> ChunkResult:
    sums = {
        name: getattr(before, name) + getattr(again, name)
        for name in ("bytes_read", "bytes_written", "capacity_units", "retries", "unprocessed_items", "already_there")
    }
    seconds = Counter(dict(before.seconds))
    seconds.update(dict(again.seconds))
    result = replace(
        again,
        **sums,
        rows_read=rows_read,
        items_written=rows_read - again.rejects,
        seconds={name: round(value, 3) for name, value in seconds.items()},
        vanished=before.vanished + vanished,
    )
    result.require_every_row()
    return result
