"""A preflight's findings in words, names and values as data: nothing in them can shape the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.contract.problems import shown

MOST = 5  # findings that a message spells out; the report has them all
ROWS = 3


def describe(findings: Sequence[Mapping[str, Any]]) -> str:
    """Every finding as `reason of attribute: count (row, row, ...)`."""
    texts = [_finding(finding) for finding in findings[:MOST]]
    more = len(findings) - len(texts)
    return "; ".join(texts) + (f"; and {more} more kinds of rejects." if more else ".")


def row_text(row: Mapping[str, str | None]) -> str:
    """One source row by its key."""
    return ", ".join(f"{name}={shown(value)}" for name, value in row.items()) or "a row without a key"


def rows_text(finding: Mapping[str, Any], most: int) -> str:
    """The rows that a finding names; of a collision, group by group."""
    if "groups" not in finding:
        return ", ".join(row_text(row) for row in finding["rows"][:most])
    return ", ".join(_group(group, most) for group in finding["groups"][:most])


def _finding(finding: Mapping[str, Any]) -> str:
    of = f" of {shown(finding['attribute'])}" if finding["attribute"] else ""
    entity = f" in {shown(finding['entity'])}" if finding.get("entity") else ""
    keys = f" with {_some(finding['keys'], 'key')}" if "keys" in finding else ""
    rows = _some(finding["count"], "row")
    more = "" if _complete(finding) else ", ..."
    return f"{finding['reason']}{of}{entity}: {rows}{keys} ({rows_text(finding, ROWS)}{more})"


def _some(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def _complete(finding: Mapping[str, Any]) -> bool:
    named = len(finding["groups"]) if "groups" in finding else len(finding["rows"])
    total = finding["keys"] if "groups" in finding else finding["count"]
    return bool(total == named and named <= ROWS)


def _group(group: Mapping[str, Any], most: int) -> str:
    named = [
        f"{shown(row['entity'])} {row_text(row['row'])}" if row.get("entity") else row_text(row["row"])
        for row in group["rows"][:most]
    ]
    more = " = ..." if group["count"] > len(named) else ""
    return " = ".join(named) + more
