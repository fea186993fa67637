"""What a checkpoint store keeps of the servers that a migration has trouble with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CircuitState(StrEnum):
    """Whether calls go to a server: `closed` they do, `open` they wait, `half_open` one is tried."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True)
class CircuitRecord:
    """One server's circuit; `failures` in a row, `last_error` is a message without secrets."""

    server: str
    state: CircuitState
    failures: int = 0
    opened_at: datetime | None = None
    last_error: str | None = None


class Circuits(Protocol):
    """The circuits of the servers that a world is made of."""

    def watched(self, told: Callable[[CircuitRecord], None]) -> AbstractContextManager[None]:
        """Within it, `told` hears of every change, from another thread, and must return at once."""
        ...


class CircuitStore(Protocol):
    """The part of a checkpoint store that keeps circuits, for `status` to show."""

    def set_circuit(self, migration_id: str, circuit: CircuitRecord) -> None:
        """Note how a server's circuit stands now; the last note of a server replaces the one before."""
        ...

    def circuits(self, migration_id: str) -> list[CircuitRecord]:
        """Every circuit that was noted, by the server's name."""
        ...
