"""The keys that several rows share: counted, some named, and for each the row that is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.items.collisions import FIRST, LAST, MAX_KEYS, NOBODY, row_digest, row_order
from core.items.plan import ItemPlan

from adapters.loader.findings import ROWS_NAMED
from adapters.loader.key_spill import Record


class _Rows:
    __slots__ = ("best", "count", "named", "order")

    def __init__(self) -> None:
        self.count = 0
        self.named: list[bytes] = []
        self.best = b""
        self.order: Any = None


class SharedKeys:
    """Takes a spill's shared records; `choose` is none, first or last."""

    def __init__(self, items: Sequence[ItemPlan], choose: str) -> None:
        self._items = items
        self._choose = choose
        self.keys = 0
        self.rows = 0
        self.groups: list[dict[str, Any]] = []
        self._packed: list[bytes] = []

    def take(self, files: Iterator[Iterator[Record]]) -> None:
        """Go through all of them."""
        for records in files:
            found: dict[bytes, _Rows] = {}
            for digest, row in records:
                self._add(found.setdefault(digest, _Rows()), row)
            for digest, rows in found.items():
                self._keep(digest, rows)

    def packed(self) -> bytes | None:
        """The object for the loader (`core.items.collisions`); None when there are too many keys for it."""
        return b"".join(self._packed) if self.keys <= MAX_KEYS else None

    def _add(self, rows: _Rows, row: bytes) -> None:
        rows.count += 1
        if len(self.groups) < ROWS_NAMED and len(rows.named) < ROWS_NAMED:
            rows.named.append(row)
        if self._choose not in (FIRST, LAST):
            return
        order = row_order(self._items, row)
        if len(order) == 1:
            return  # a table without a key has no first row and no last
        if rows.order is None or (order < rows.order) == (self._choose == FIRST):
            rows.best, rows.order = row, order

    def _keep(self, digest: bytes, rows: _Rows) -> None:
        self.keys += 1
        self.rows += rows.count
        if len(self.groups) < ROWS_NAMED:
            self.groups.append({"count": rows.count, "rows": rows.named})
        if self.keys <= MAX_KEYS:
            self._packed.append(digest + (row_digest(rows.best) if rows.best else NOBODY))
