"""A checkpoint store that is waited for: its disk is full, or its server gone, and a table stands in the middle.

Every call may be repeated, because the store promises that one that raised UnavailableError did not happen, or is found
done (`core.checkpoints.CheckpointStore`). Where nobody is told why (`core.outages.patient`), nothing is waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar, cast

from core.checkpoints import CheckpointStore
from core.errors import OutageError, UnavailableError
from core.outages import OutagePolicy, told_here

T = TypeVar("T")
# A process that was quicker is not an outage: the first look comes soon.
_FIRST_PAUSE_SECONDS = 0.2


class PatientStore:
    """Repeats the calls to a store, from any thread; `close` ends every wait."""

    def __init__(self, store: CheckpointStore, policy: OutagePolicy) -> None:
        self._store = store
        self._policy = policy
        self._lock = threading.Lock()
        self._away_since: tuple[float, datetime] | None = None
        self._closing = threading.Event()

    def as_store(self) -> CheckpointStore:
        """This, as what it stands for."""
        return cast(CheckpointStore, self)

    def close(self) -> None:
        """Let all who wait give up; the store itself stays open."""
        self._closing.set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return partial(self._repeated, found) if callable(found) else found

    def _repeated(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                answer = call(*args, **kwargs)
            except UnavailableError as error:
                self._wait(error, pause)
                pause = min(pause * 2, self._policy.longest_pause_seconds)
            else:
                self._is_back()
                return answer

    def _wait(self, error: UnavailableError, pause: float) -> None:
        told = told_here()
        if told is None:
            raise error
        began, moment = self._began()
        left = began + self._policy.patience_seconds - time.monotonic()
        if left <= 0 or self._closing.is_set():
            raise self._outlasted(error, moment) from error
        told(f"waiting for the checkpoint store: {error.message} (since {moment:%H:%M:%S} UTC)")
        self._closing.wait(min(pause, left))

    def _began(self) -> tuple[float, datetime]:
        with self._lock:
            if self._away_since is None:
                self._away_since = time.monotonic(), datetime.now(UTC)
            return self._away_since

    def _is_back(self) -> None:
        with self._lock:
            self._away_since = None

    def _outlasted(self, error: UnavailableError, since: datetime) -> OutageError:
        return OutageError(
            f"The checkpoint store has been away since {since:%H:%M:%S} UTC: {error.message}",
            remedy="What it holds is whole: when it is back, `tableferry resume` goes on from there.",
            server="checkpoint store",
            since=since.isoformat(),
        )
