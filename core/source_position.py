"""Whether the source moved between two moments, as far as its own binary log tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Movement(StrEnum):
    """What two positions say about the time between them."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SourcePosition:
    """Where the source stood at `server_time` (UTC, ISO 8601, by its own clock); `reason` is why something is None.

    `binlog` is "file:position". Both are the whole server's: a change in another database moves them too.
    """

    server_time: str | None
    gtid: str | None = None
    binlog: str | None = None
    reason: str = ""

    def to_record(self) -> dict[str, Any]:
        """As JSON data, for evidence."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> SourcePosition:
        """Read `to_record`'s data."""
        return cls(**record)


def movement(before: SourcePosition | None, after: SourcePosition | None) -> tuple[Movement, str]:
    """What happened between two positions, and why it cannot be told where it cannot ("" else)."""
    if before is None or after is None:
        return Movement.UNKNOWN, "the position was not recorded"
    for one, other in ((before.gtid, after.gtid), (before.binlog, after.binlog)):
        if one is not None and other is not None:
            return (Movement.UNCHANGED if one == other else Movement.MOVED), ""
    return Movement.UNKNOWN, after.reason or before.reason or "the server showed different kinds of positions"


def movement_between(evidence: Mapping[str, Any], before: str, after: str) -> tuple[Movement, str]:
    """The same for two positions that a table's evidence holds under these names, or does not."""
    return movement(*(_recorded(evidence.get(name)) for name in (before, after)))


def _recorded(record: Mapping[str, Any] | None) -> SourcePosition | None:
    return None if record is None else SourcePosition.from_record(record)
