"""What an outage is, and who waits for its end.

A call waits where somebody is told why (`patient`); everywhere else - checking, planning, a command that somebody sits
in front of - the same failure is one quick error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from core.errors import CallTimedOutError, TableferryError, ThrottledError, UnavailableError

Told = Callable[[str], None]

# These say that a server or what is behind it is away; a refusal is an answer. docs/outages.md has the same table.
OUTAGES: Final[tuple[type[TableferryError], ...]] = (UnavailableError, CallTimedOutError, ThrottledError)
# After these the effect of a call may or may not have happened.
UNKNOWN_OUTCOME: Final[tuple[type[TableferryError], ...]] = (UnavailableError, CallTimedOutError)

_TOLD: ContextVar[Told | None] = ContextVar("told", default=None)


@dataclass(frozen=True)
class OutagePolicy:
    """When a server counts as away, and how it is waited for.

    `failures` in a row open its circuit; the pause before the next try doubles from the first to the longest;
    `patience_seconds` after the circuit opened those who wait give up.
    """

    failures: int = 5
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 30.0
    patience_seconds: float = 900.0


@contextmanager
def patient(told: Told) -> Iterator[None]:
    """Calls in here wait for a server that is away; `told` gets the reason, in words, now and then."""
    token = _TOLD.set(told)
    try:
        yield
    finally:
        _TOLD.reset(token)


def told_here() -> Told | None:
    """Who is told that a call made here waits; None where calls do not wait."""
    return _TOLD.get()
