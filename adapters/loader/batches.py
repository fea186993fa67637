"""Groups items into batches that one BatchWriteItem takes, and never lets two rows with one key into the same batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Optional

from core.items.item import Item
from core.items.plan import Cell, ItemPlan
from core.items.rejects import Reason, RejectedRow

# BatchWriteItem takes 25 items and 16 MB of request. An item's request is longer than its size (base64, escapes,
# type names), up to six times for text of control characters, so batches stay far below.
MAX_ITEMS = 25
MAX_BYTES = 2_500_000

RowKey = Callable[[Sequence[Cell]], dict[str, Optional[str]]]


class Batch:
    """At most 25 items with different keys, and the rows they came from, in the same order."""

    __slots__ = ("bytes", "items", "rows")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.rows: list[Sequence[Cell]] = []
        self.bytes = 0


class Batcher:
    """Collects items; `add` hands out a batch when it is full, `rest` what is left."""

    def __init__(self, plan: ItemPlan, row_key: RowKey) -> None:
        self._keys = [(key.name, key.type) for key in plan.keys if key.index is None]
        self._row_key = row_key
        self._batch = Batch()
        self._rows_by_key: dict[tuple[Any, ...], Sequence[Cell]] = {}

    def add(self, item: Item, row: Sequence[Cell], size: int) -> Batch | None:
        """Take an item of `size` bytes. Raises RejectedRow (key_collision) when the batch holds its key already."""
        full = self.rest() if self._batch.bytes + size > MAX_BYTES else None
        self._remember(tuple(item[name][type_] for name, type_ in self._keys), row)
        self._batch.items.append(item)
        self._batch.rows.append(row)
        self._batch.bytes += size
        if full is None and len(self._batch.items) >= MAX_ITEMS:
            return self.rest()
        return full

    def rest(self) -> Batch | None:
        """The batch so far, None when it is empty; a new one begins."""
        batch, self._batch = self._batch, Batch()
        self._rows_by_key.clear()
        return batch if batch.items else None

    def _remember(self, key: tuple[Any, ...], row: Sequence[Cell]) -> None:
        other = self._rows_by_key.setdefault(key, row)
        if other is not row:
            # The preflight did not find these two: the source moved since.
            named = ", ".join(f"{name}={text}" for name, text in self._row_key(other).items()) or "without a key"
            raise RejectedRow(Reason.KEY_COLLISION, f"the source row {named} has this key too")
