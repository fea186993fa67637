"""One server's circuit: after several outages in a row its calls wait, and one of them tries now and then.

Guarantees:
- One call at a time tries a server that is away; its success lets all others go, at once.
- Only outages count (`core.outages.OUTAGES`): a refusal is the answer of a living server.
- Nobody waits longer than the policy's patience, counted from when the circuit opened.

Of the libraries, purgatory 3.0 (2024) and pybreaker 1.4 (2025) refuse calls while they are open and know one fixed
pause; pybreaker is asynchronous with tornado only, and aiobreaker has had no release since 2021. Waiting is what is
wanted here, so the three states are a machine of `transitions`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

from transitions import Machine

from core.circuits import CircuitRecord, CircuitState
from core.errors import OutageError, TableferryError
from core.outages import OUTAGES, OutagePolicy, Told

OnChange = Callable[[CircuitRecord], None]
_SAY_SECONDS = 5.0
_TRANSITIONS = (
    ("trip", CircuitState.CLOSED, CircuitState.OPEN),
    ("trip", CircuitState.HALF_OPEN, CircuitState.OPEN),
    ("probe", CircuitState.OPEN, CircuitState.HALF_OPEN),
    ("close", CircuitState.OPEN, CircuitState.CLOSED),
    ("close", CircuitState.HALF_OPEN, CircuitState.CLOSED),
)


class _Twin:
    """What the machine moves."""

    state: CircuitState


class Circuit:
    """Lives in one event loop; `on_change` is called there whenever the state changes, and must return at once."""

    def __init__(self, server: str, policy: OutagePolicy, on_change: OnChange) -> None:
        self.server = server
        self._policy = policy
        self._on_change = on_change
        self._twin = _Twin()
        self._machine = Machine(
            self._twin, states=CircuitState, transitions=[list(t) for t in _TRANSITIONS],
            initial=CircuitState.CLOSED, auto_transitions=False,
        )  # fmt: skip
        self._failures = 0
        self._last_error = ""
        self._opened_at: datetime | None = None
        self._opened = self._next_try = 0.0
        self._pause = policy.first_pause_seconds
        self._changed = asyncio.Event()

    @property
    def state(self) -> CircuitState:
        return self._twin.state

    @property
    def is_outlasted(self) -> bool:
        """Whether the server has been away for longer than anybody waits."""
        return self.state is not CircuitState.CLOSED and self._open_seconds() >= self._policy.patience_seconds

    def record(self) -> CircuitRecord:
        """How the circuit stands now."""
        return CircuitRecord(self.server, self.state, self._failures, self._opened_at, self._last_error or None)

    def away(self) -> OutageError:
        """The error for a server that did not come back in time."""
        return OutageError(
            f"The {self.server} server has been away since {self._since()}, longer than "
            f"{self._policy.patience_seconds:g} seconds: {self._last_error}",
            remedy="Nothing is lost: when it is back, `tableferry resume` goes on.",
            server=self.server,
            since=self._opened_at.isoformat() if self._opened_at else None,
        )

    @asynccontextmanager
    async def passage(self, told: Told | None) -> AsyncIterator[None]:
        """One call's way to the server, once it may go. Raises OutageError when it may not in time.

        Without `told` it goes at once, whatever the state.
        """
        tries = await self._admitted(told)
        try:
            yield
        except OUTAGES as error:
            self._failed(error, tries=tries)
            raise
        except TableferryError:
            self._answered()
            raise
        except BaseException:
            if tries:  # nobody knows how it would have ended: the next one may try at once
                self._open_again(pause=0)
            raise
        self._answered()

    async def _admitted(self, told: Told | None) -> bool:
        """Wait until a call may go; whether it is the one that tries a server that was away."""
        while told is not None and self.state is not CircuitState.CLOSED:
            if self.state is CircuitState.OPEN and time.monotonic() >= self._next_try:
                self._move("probe")
                return True
            if self.state is CircuitState.OPEN and self.is_outlasted:
                raise self.away()
            told(f"waiting for the {self.server} server: {self._last_error} (since {self._since()})")
            await self._change_or_time()
        return False

    async def _change_or_time(self) -> None:
        seconds = _SAY_SECONDS
        if self.state is CircuitState.OPEN:
            seconds = min(seconds, max(0.0, self._next_try - time.monotonic()))
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return  # time to look again

    def _failed(self, error: TableferryError, *, tries: bool) -> None:
        self._failures += 1
        self._last_error = error.message
        if tries:
            self._pause = min(self._pause * 2, self._policy.longest_pause_seconds)
            self._open_again(self._pause)
        elif self.state is CircuitState.CLOSED and self._failures >= self._policy.failures:
            self._opened_at, self._opened = datetime.now(UTC), time.monotonic()
            self._pause = self._policy.first_pause_seconds
            self._open_again(self._pause)

    def _open_again(self, pause: float) -> None:
        # The last try comes when patience ends, not a pause later.
        left = self._policy.patience_seconds - self._open_seconds()
        self._next_try = time.monotonic() + (min(pause, left) if left > 0 else pause)
        if self.state is not CircuitState.OPEN:
            self._move("trip")

    def _answered(self) -> None:
        self._failures = 0
        if self.state is not CircuitState.CLOSED:
            self._opened_at = None
            self._move("close")

    def _move(self, trigger: str) -> None:
        cast(Any, self._twin).trigger(trigger)
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_change(self.record())

    def _open_seconds(self) -> float:
        return time.monotonic() - self._opened

    def _since(self) -> str:
        return f"{self._opened_at:%H:%M:%S} UTC" if self._opened_at else "just now"
