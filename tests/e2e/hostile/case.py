"""One hostile contract: its bytes, and how it must be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.hostile.baseline import GONE, changed

_TABLES = {"Orders": "tables[0] Orders", "Both": "tables[1] Both"}


@dataclass(frozen=True)
class Hostile:
    """`place` is one of the places that the refusal names, `says` a part of what it says there."""

    name: str
    document: bytes
    place: str
    says: str

    @classmethod
    def field(cls, path: str, value: Any, place: str, says: str, name: str = "") -> Hostile:
        """The sound contract with one field changed; the place is within its table unless it begins with `tables`."""
        table = _TABLES[path.split(".", maxsplit=1)[0]]
        whole = place if place.startswith("tables") else ", ".join(p for p in (table, place) if p)
        shown = "removed" if value is GONE else repr(value)
        return cls(name or f"{path} = {shown[:70]}", changed(path, value), whole, says)
