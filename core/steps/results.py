"""What the chunks of a table report, added up; the accounting equation holds for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import JobFailedError
from core.items.plan import LoadPlan


@dataclass(frozen=True)
class LoadTotals:
    """Sums over a table's chunks; the `_seconds` add up all workers, so they can exceed the run's own time."""

    rows_read: int = 0
    items_written: int = 0
    rejects: int = 0
    rejects_by_reason: dict[str, int] | None = None
    bytes_read: int = 0
    bytes_written: int = 0
    capacity_units: float = 0.0
    retries: int = 0
    unprocessed_items: int = 0
    already_there: int = 0
    vanished: int = 0
    read_seconds: float = 0.0
    convert_seconds: float = 0.0
    write_seconds: float = 0.0

    def to_record(self) -> dict[str, Any]:
        """As JSON data, for evidence and reports."""
        return asdict(self)


_COUNTS = (
    *("rows_read", "items_written", "rejects", "bytes_read", "bytes_written", "capacity_units"),
    *("retries", "unprocessed_items", "already_there", "vanished"),
)


def total(plan: LoadPlan, results: Sequence[dict[str, Any]]) -> LoadTotals:
    """Add up the chunks' results. Raises JobFailedError for one of another plan, or one that does not account."""
    reasons: Counter[str] = Counter()
    sums: dict[str, Any] = dict.fromkeys(_COUNTS, 0)
    seconds: Counter[str] = Counter()
    for result in results:
        _require_accounts(plan, result)
        reasons.update(result["rejects_by_reason"])
        for name in _COUNTS:
            sums[name] += result.get(name, 0)
        seconds.update({k: result["seconds"][k] for k in ("read", "convert", "write")})
    timings = {f"{k}_seconds": round(v, 3) for k, v in seconds.items()}
    return LoadTotals(**sums, **timings, rejects_by_reason=dict(reasons))


def _require_accounts(plan: LoadPlan, result: dict[str, Any]) -> None:
    if result["view_hash"] != plan.view_hash:
        raise JobFailedError(
            f"The result of chunk {result['chunk']} belongs to another definition of {plan.view}.",
            remedy="Start a new migration.",
            chunk=result["chunk"],
        )
    if result["items_written"] + result["rejects"] != result["rows_read"]:
        raise JobFailedError(
            f"Chunk {result['chunk']} read {result['rows_read']} rows but wrote {result['items_written']} items and "
            f"rejected {result['rejects']}: rows are unaccounted for.",
            remedy="This is a defect of the loader; please report it with the chunk's result object.",
            chunk=result["chunk"],
        )
