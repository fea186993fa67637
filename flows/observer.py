"""Whoever watches a flow from the same process: told of progress while it runs, and of the outcome when it is over."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

from core.errors import TableferryError
from core.ports import Progress
from core.report import MigrationResult


@dataclass
class Observer:
    """Collects a flow's outcome; a subclass shows progress. Prefect's states carry only a message.

    `tables` are those that a flow over some tables only took.
    """

    result: MigrationResult | None = None
    error: TableferryError | None = None
    tables: list[str] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        """Called often, from the flow's event loop; must return at once."""

    def say(self, message: str) -> None:
        """Something that whoever watches must know, about the whole flow."""


OBSERVER: ContextVar[Observer | None] = ContextVar("observer", default=None)


def observer() -> Observer:
    """The observer of the flow that runs here; one that nobody looks at when there is none."""
    return OBSERVER.get() or Observer()
