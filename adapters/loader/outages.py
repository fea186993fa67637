"""Reading on when the source was away; what to do about a source that breaks the same reading again and again."""

from __future__ import annotations

import time
from typing import Any, Callable, TypeVar

from botocore.config import Config

from adapters.loader.errors import SourceAwayError, SourceLostError

T = TypeVar("T")
Wait = Callable[[float], Any]

OUTAGE_SECONDS = 900.0
MAX_ATTEMPTS = 6
_LONGEST_WAIT_SECONDS = 30.0

# botocore's standard mode waits at most 20 seconds, 10 on average, so this is about as long.
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 90}, connect_timeout=10, read_timeout=60)


def with_source(
    read: Callable[[], T],
    wait: Wait = time.sleep,
    *,
    outage_seconds: float = OUTAGE_SECONDS,
    now: Callable[[], float] = time.monotonic,
) -> T:
    """Read from the source, from the beginning each time it is lost.

    A source that cannot be reached is waited for, some `outage_seconds` at most; one that breaks off is read 6 times.
    """
    losses = tries = 0
    waited = 0.0
    away_since: float | None = None
    while True:
        try:
            return read()
        except SourceAwayError:
            if away_since is None:
                away_since, waited = now(), 0.0
            if max(waited, now() - away_since) >= outage_seconds:
                raise
        except SourceLostError:
            losses, tries, away_since = losses + 1, 0, None
            if losses == MAX_ATTEMPTS:
                raise
        tries += 1
        pause = min(_LONGEST_WAIT_SECONDS, 2.0**tries)
        wait(pause)
        waited += pause
