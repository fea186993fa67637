"""What the load's rejects file says of one chunk: the rows that it left out, as they can be known again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.items.canonical import content_digest
from core.items.item import ItemConverter
from core.items.plan import Cell, ItemPlan
from core.items.rejects import CONTENT, FOR_ANOTHERS_SAKE, ITEM_KEY


@dataclass(frozen=True)
class RowName:
    """What a row is known by: its key at the source, and its content (hex) where that does not name one row."""

    row: Mapping[str, str | None]
    content: str | None = None

    def members(self) -> dict[str, Any]:
        """The same as members of a line of the rejects file."""
        return {"row": self.row, **({} if self.content is None else {CONTENT: self.content})}


def row_name(converter: ItemConverter, item: ItemPlan, row: Sequence[Cell]) -> RowName:
    """What a row of this item's is known by."""
    return RowName(converter.row_key(row), None if item.rows_have_names else content_digest(row).hex())


class LoadRejects:
    """One chunk's rejects; each of them is taken once, so that one of two equal rows is not taken for the other."""

    def __init__(self, lines: Iterable[Mapping[str, Any]] = ()) -> None:
        self._rows: Counter[str] = Counter()
        self._left_out: dict[str, list[str]] = {}
        for line in lines:
            row, content = line["row"], line.get(CONTENT)
            self._rows[_identity(row, content)] += 1
            if line["reason"] in FOR_ANOTHERS_SAKE:
                self._left_out.setdefault(_identity(row, content, line.get(ITEM_KEY)), []).append(line["reason"])

    def take_left_out(self, name: RowName, item_key: str) -> str | None:
        """Why the load left this row's item out for another's sake; None if it did not, or for as many already."""
        # Files of earlier versions have no key, and no content.
        for content in _contents(name):
            for key in (item_key, None):
                reasons = self._left_out.get(_identity(name.row, content, key))
                if reasons:
                    self.take(name)
                    return reasons.pop()
        return None

    def take(self, name: RowName) -> bool:
        """Whether the load rejected this row too, and not only others that look like it."""
        for content in _contents(name):
            identity = _identity(name.row, content)
            if self._rows[identity] > 0:
                self._rows[identity] -= 1
                return True
        return False

    @property
    def any_left_out(self) -> bool:
        """Whether any row was left out for another's sake."""
        return bool(self._left_out)


def _contents(name: RowName) -> Iterable[str | None]:
    return (name.content, None) if name.content is not None else (None,)


def _identity(row: Mapping[str, Any], content: str | None, item_key: str | None = None) -> str:
    return json.dumps([row, content, item_key], sort_keys=True)
