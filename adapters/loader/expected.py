"""What the view says that the table should hold: its rows, converted by the very code of the load.

Rows that the load left out for another's sake (a key that two rows share, an item that was there before) are told
apart, as the load's own rejects name them: whether that is so still, the second pass says. A row that cannot become an
item is counted and expected absent, and counted once more where the load's rejects do not name it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Callable, NamedTuple

from core.items.canonical import item_digest, key_digest
from core.items.collisions import row_identity, row_order
from core.items.item import Item, ItemConverter, shown_cell
from core.items.plan import Chunk, LoadPlan
from core.items.rejects import RejectedRow

from adapters.loader.differences import RowAt
from adapters.loader.key_group import Order
from adapters.loader.load_rejects import LoadRejects, row_name
from adapters.loader.objects import Bucket
from adapters.loader.plain_json import cells_of
from adapters.loader.rows import Row, RowReader
from adapters.loader.sums import Tally, bucket_of

OnReject = Callable[[Row, bool], None]


class Expected(NamedTuple):
    """A row and the item that is made of it; `id` is the digest of its key.

    `left_out` is why the load left it out for another's sake; None where the item should be in the table.
    """

    row: Row
    item: Item
    id: bytes
    left_out: str | None


class ExpectedItems:
    """Reads chunks of the view as items; one at a time."""

    def __init__(self, plan: LoadPlan, reader: RowReader, bucket: Bucket) -> None:
        self._plan = plan
        self._reader = reader
        self._bucket = bucket
        self._converters = [ItemConverter(item) for item in plan.items]
        self._rejected_chunks = frozenset(bucket.keys(f"{plan.prefix}rejects/"))
        self._item_indexes = {chunk.number: chunk.item for chunk in plan.chunks}
        self.keys = plan.item.table_keys()
        self.indexes = index_keys(plan)

    def converter(self, chunk: Chunk) -> ItemConverter:
        """What turns the chunk's rows into items."""
        return self._converters[chunk.item]

    def items(
        self, chunk: Chunk, groups: Iterator[list[Row]] | None = None, counts: Tally | None = None,
        on_reject: OnReject = lambda row, since: None,
    ) -> Iterator[Expected]:  # fmt: skip
        """The chunk's rows (or `groups` of them) that can be items.

        `counts` is told of all rows, `on_reject` of those that cannot, and whether they became so since the load.
        """
        counts = Tally() if counts is None else counts
        converter, rejected, plan = self._converters[chunk.item], self._load_rejects(chunk), self._plan.item_of(chunk)
        for group in self._reader.read(chunk) if groups is None else groups:
            counts.rows += len(group)
            for row in group:
                try:
                    item = converter.convert(row)
                except RejectedRow as reject:
                    counts.rejects[reject.reason] += 1
                    since = not rejected.take(row_name(converter, plan, row))
                    counts.rejects_since += since
                    on_reject(row, since)
                    continue
                id_, reason = key_digest(item, self.keys), None
                if rejected.any_left_out:
                    reason = rejected.take_left_out(row_name(converter, plan, row), id_.hex())
                if reason is not None:
                    counts.rejects[reason] += 1
                    counts.left_out[bucket_of(id_)] += 1
                yield Expected(row, item, id_, reason)

    def tally(self, chunk: Chunk) -> Tally:
        """The chunk's sums and counts."""
        tally = Tally()
        for found in self.items(chunk, counts=tally):
            if found.left_out is None:
                add_item(tally, found.item, found.id, self.indexes)
        return tally

    def row_at(self, chunk: Chunk, row: Row) -> RowAt:
        """Where the row stands, and what it is known by."""
        plan = self._plan.item_of(chunk)
        cells = tuple(row[index] for index in plan.row_key)
        return RowAt(chunk, cells, row_name(self._converters[chunk.item], plan, row).content)

    def order_of(self, number: int, cells: Sequence[Any]) -> Order:
        """What the row of this chunk, with these cells, is ordered by among rows with one key; None without a key."""
        item = self._item_indexes[number]
        texts = [shown_cell(cell) for cell in cells_of(cells)]
        order = row_order(self._plan.items, row_identity(item, dict(zip(self._plan.items[item].row_key_names, texts))))
        return order if len(order) > 1 else None

    def _load_rejects(self, chunk: Chunk) -> LoadRejects:
        """What the load rejected of the chunk."""
        key = self._plan.rejects_key(chunk.number)
        if key not in self._rejected_chunks:
            return LoadRejects()
        return LoadRejects(map(json.loads, filter(None, self._bucket.lines(key))))


def index_keys(plan: LoadPlan) -> dict[str, tuple[tuple[str, str], ...]]:
    """The key attributes of each index, (name, type)."""
    found: dict[str, dict[str, str]] = {}
    for item in plan.items:
        for key in item.keys:
            if key.index is not None:
                found.setdefault(key.index, {})[key.name] = key.type
    return {index: tuple(sorted(keys.items())) for index, keys in sorted(found.items())}


def add_item(tally: Tally, item: Item, id_: bytes, indexes: dict[str, tuple[tuple[str, str], ...]]) -> None:
    """Add an item, whose key's digest is `id_`, to a side's sums and to the counts of its indexes."""
    tally.sums.add(id_, item_digest(item))
    for index, wanted in indexes.items():
        if all(type_ in item.get(name, ()) for name, type_ in wanted):
            tally.indexes[index] += 1
