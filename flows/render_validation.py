"""What a validation or a repair found, as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from core.report_markdown import visible

MISMATCHES_SHOWN = 20


def validation_table(document: dict[str, Any]) -> Table:
    """One row a table that was compared."""
    verdict = "equal" if document["equal"] else "different"
    table = Table(title=f"Migration {document['migration_id']}: {verdict}", title_justify="left")
    kinds = ("missing", "extra", "differing", "colliding", "taken")
    for heading in ("table", "verdict", "mode", "rows", "items", "compared", *kinds, "repaired", "message"):
        table.add_column(heading)
    for check in document["tables"]:
        compared = check["sampled"] if check["compared"] is None else check["compared"]
        equal = check["state"] == "validated"
        table.add_row(
            Text(check["table"]),
            Text("equal", style="green") if equal else Text("different", style="red"),
            check["mode"],
            *(_count(check[name]) for name in ("rows_in_view", "items_in_target")),
            _count(compared),
            *(_count(check[kind]) for kind in kinds),
            _repaired(check["repair"]),
            Text(check["message"]),
        )
    return table


def mismatches_table(document: dict[str, Any]) -> Table:
    """The first differences of all tables."""
    found = [(check["table"], m) for check in document["tables"] for m in check["mismatches"]]
    title = f"Differences, the first {min(len(found), MISMATCHES_SHOWN)} of {len(found)} listed"
    table = Table(title=title, title_justify="left")
    for heading in ("table", "kind", "key", "attribute", "expected", "found"):
        table.add_column(heading)
    for name, mismatch in found[:MISMATCHES_SHOWN]:
        values = (mismatch[k] for k in ("kind", "key", "attribute", "expected", "actual"))
        table.add_row(Text(name), *(Text("" if value is None else visible(value)) for value in values))
    return table


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _repaired(repair: dict[str, Any] | None) -> str:
    if repair is None:
        return ""
    return ", ".join(f"{repair[k]:,} {k}" for k in ("written", "gone", "deleted", "changed", "left") if repair[k])
