"""How long to wait before asking DynamoDB again, and when to stop asking."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter, without a limit on attempts; all in seconds.

    `deadline_seconds` is how long nothing at all may be acknowledged, by any writer, before the load stops.
    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    base_seconds: float = 0.05
    cap_seconds: float = 10.0
    deadline_seconds: float = 900.0

    def delay(self, attempt: int) -> float:
        """A random wait before attempt number `attempt` + 1; attempts count from 0."""
        longest = min(self.cap_seconds, self.base_seconds * 2 ** min(attempt, 20))
        return random.uniform(0, longest)  # noqa: S311 - jitter, no secret


class Progress:
    """When DynamoDB last acknowledged an item to any of the writers that share this."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def mark(self) -> None:
        """Something was acknowledged now."""
        with self._lock:
            self._at = time.monotonic()

    def idle_seconds(self, since: float) -> float:
        """Seconds without progress, counted from `since` (a `time.monotonic`) at the earliest."""
        with self._lock:
            return time.monotonic() - max(self._at, since)
