"""Whether whoever drives a migration was asked to stop, told to everything in this process that works for it."""

from __future__ import annotations

from dataclasses import dataclass

from core.checkpoints import Request
from core.errors import StoppedByRequestError


@dataclass
class Stop:
    """Asked at most twice: a cancellation goes before a pause, and nothing takes either back."""

    request: Request | None = None

    def ask(self, request: Request) -> None:
        """Ask everything that shares this object to stop at its next good moment."""
        if self.request is not Request.CANCEL:
            self.request = request

    def require_going_on(self, table: str) -> None:
        """Raises StoppedByRequestError when it was asked."""
        if self.request is not None:
            raise stopped(table, self.request)


def stopped(table: str, request: Request) -> StoppedByRequestError:
    """The error that a table's work ends with; it is none of the table's own."""
    done = "paused" if request is Request.PAUSE else "cancelled"
    return StoppedByRequestError(f"{table} is {done}, as was asked.", table=table, request=request.value)
