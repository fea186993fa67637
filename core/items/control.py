"""How a run of the load job is asked to end before its time, and how it says that it did so."""

from __future__ import annotations

# The argument under whose value a run that was asked to end leaves its sign; each run has one of its own.
MARK = "--mark"


def control_key(table_prefix: str) -> str:
    """The S3 key of a migration's control object, by the prefix of one of its tables.

    It holds `{"request": "pause"}` or `"cancel"`; where there is none, nothing is asked.
    """
    migration, _, _ = table_prefix.rstrip("/").rpartition("/")
    return f"{migration}/control.json"


def stopped_key(table_prefix: str, mark: str) -> str:
    """The S3 key of the sign that the run with this mark ended because it was asked to."""
    return f"{table_prefix}stopped/{mark}.json"
