"""What is wrong with which rows, counted exactly, with a few of them by name; bounded by the number of attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from core.items.rejects import RejectedRow

ROWS_NAMED = 10

RowKey = Mapping[str, Optional[str]]


class Findings:
    """Rows that cannot become items, by entity, reason and attribute."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def add(self, entity: str, reject: RejectedRow, row_key: RowKey) -> None:
        """Count one row; the first ten of each kind are named."""
        kind = (entity, reject.reason, reject.attribute)
        found = self._found.get(kind)
        if found is None:
            found = self._found[kind] = {
                **({"entity": entity} if entity else {}),
                "reason": reject.reason,
                "attribute": reject.attribute,
                "message": reject.message,
                "count": 0,
                "rows": [],
            }
        found["count"] += 1
        if len(found["rows"]) < ROWS_NAMED:
            found["rows"].append(dict(row_key))

    def merge(self, other: Findings) -> None:
        """Add what was found elsewhere."""
        for kind, found in other._found.items():
            known = self._found.setdefault(kind, {**found, "count": 0, "rows": []})
            known["count"] += found["count"]
            known["rows"] += found["rows"][: ROWS_NAMED - len(known["rows"])]

    @classmethod
    def of(cls, records: list[dict[str, Any]]) -> Findings:
        """Read `records`' result."""
        findings = cls()
        findings._found = {(f.get("entity", ""), f["reason"], f["attribute"]): f for f in records}
        return findings

    def records(self) -> list[dict[str, Any]]:
        """As JSON data."""
        return list(self._found.values())
