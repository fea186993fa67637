"""What the load's rejects file says of one chunk: the rows that it left out, as they can be known again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from core.items.canonical import DIGEST_BYTES, content_digest
from core.items.item import ItemConverter
from core.items.plan import Cell, ItemPlan
from core.items.rejects import CONTENT, FOR_ANOTHERS_SAKE, ITEM_KEY


@dataclass(frozen=True)
class RowName:
    """What a row is known by: its key at the source, and its content (hex) where that does not name one row."""

    row: Mapping[str, str | None]
    content: str | None = None

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> RowName:
        """Read `members` of a line of the rejects file."""
        return cls(line["row"], line.get(CONTENT))

    def members(self) -> dict[str, Any]:
        """The same as members of a line of the rejects file."""
        return {"row": self.row, **({} if self.content is None else {CONTENT: self.content})}


def row_name(converter: ItemConverter, item: ItemPlan, row: Sequence[Cell]) -> RowName:
    """What a row of this item's is known by."""
    return RowName(converter.row_key(row), None if item.rows_have_names else content_digest(row).hex())


class LoadRejects:
    """One chunk's rejects; each of them is taken once, so that one of two equal rows is not taken for the other.

    Kept as digests: a table without a key is one chunk, whose rejects may be many.
    """

    def __init__(self, lines: Iterable[Mapping[str, Any]] = ()) -> None:
        self._rows: Counter[bytes] = Counter()
        self._left_out: Counter[bytes] = Counter()
        for line in lines:
            row, content = line["row"], line.get(CONTENT)
            self._rows[_digest(row, content)] += 1
            if line["reason"] in FOR_ANOTHERS_SAKE:
                self._left_out[_digest(row, content, line.get(ITEM_KEY), line["reason"])] += 1

    def take_left_out(self, name: RowName, item_key: str) -> str | None:
        """Why the load left this row's item out for another's sake; None if it did not, or for as many already."""
        # Files of earlier versions have no key, and no content.
        for content, key, reason in product(_contents(name), (item_key, None), FOR_ANOTHERS_SAKE):
            if self._take(self._left_out, _digest(name.row, content, key, reason)):
                self.take(name)
                return reason
        return None

    def take(self, name: RowName) -> bool:
        """Whether the load rejected this row too, and not only others that look like it."""
        return any(self._take(self._rows, _digest(name.row, content)) for content in _contents(name))

    @property
    def any_left_out(self) -> bool:
        """Whether any row was left out for another's sake."""
        return bool(self._left_out)

    @staticmethod
    def _take(counts: Counter[bytes], digest: bytes) -> bool:
        if counts[digest] <= 0:
            return False
        counts[digest] -= 1
        return True


def _contents(name: RowName) -> Iterable[str | None]:
    return (name.content, None) if name.content is not None else (None,)


def _digest(row: Mapping[str, Any], *more: str | None) -> bytes:
    text = json.dumps([row, *more], sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
