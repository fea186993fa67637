"""What the load's rejects file says of one chunk: the rows that it left out, by their keys at the source."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from core.items.rejects import FOR_ANOTHERS_SAKE, ITEM_KEY

RowIdentity = Mapping[str, Any]


class LoadRejects:
    """One chunk's rejects. Rows without a key all look alike: as many of them are taken as the load rejected."""

    def __init__(self, lines: Iterable[Mapping[str, Any]] = ()) -> None:
        self._rows: Counter[str] = Counter()
        self._left_out: dict[str, list[str]] = {}
        self._named: set[str] = set()
        for line in lines:
            row = line["row"]
            self._rows[_identity(row)] += 1
            if row:
                self._named.add(_identity(row))
            if line["reason"] in FOR_ANOTHERS_SAKE:
                self._left_out.setdefault(_identity(row, line.get(ITEM_KEY)), []).append(line["reason"])

    def take_left_out(self, row: RowIdentity, item_key: str) -> str | None:
        """Why the load left this row's item out for another's sake; None if it did not, or for as many already."""
        by_key = self._left_out.get(_identity(row, item_key))
        reasons = by_key or self._left_out.get(_identity(row))  # files of earlier versions have no key
        if not reasons:
            return None
        self.take(row)
        return reasons.pop()

    def take(self, row: RowIdentity) -> bool:
        """Whether the load rejected this row too, and not only others that look like it."""
        identity = _identity(row)
        self._rows[identity] -= 1
        return self._rows[identity] >= 0

    def names(self, row: RowIdentity) -> bool:
        """Whether the row stands in the file; never of one without a key."""
        return _identity(row) in self._named

    @property
    def any_left_out(self) -> bool:
        """Whether any row was left out for another's sake."""
        return bool(self._left_out)


def _identity(row: RowIdentity, item_key: str | None = None) -> str:
    return json.dumps([row, item_key], sort_keys=True)
