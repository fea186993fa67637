"""The four MCP sessions in one background event loop, callable from any loop.

Prefect runs tasks in several event loops; an MCP client used from another loop than its own hangs. So every session
lives here, and callers only wait for the answer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import stamina

from adapters.circuit import Circuit
from adapters.mcp_link import START_SECONDS, McpLink, OpenSession
from core.circuits import CircuitRecord, CircuitState
from core.errors import OutageError, TableferryError, ThrottledError
from core.outages import OUTAGES, OutagePolicy, Told, told_here

T = TypeVar("T")
CALL_SECONDS = 120.0
_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 10.0
_QUICK_SECONDS = 60.0


class McpHub:
    """Use as an async context manager; `call` repeats what may be repeated, with exponential backoff and jitter.

    Each server has a circuit: within `core.outages.patient`, calls to one that is away wait for it.
    """

    def __init__(
        self, sessions: Mapping[str, OpenSession], *,
        start_seconds: float = START_SECONDS, outages: OutagePolicy | None = None,
    ) -> None:  # fmt: skip
        self._start_seconds = start_seconds
        self._policy = outages or OutagePolicy()
        self._sessions = dict(sessions)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mcp-hub", daemon=True)
        self._links: dict[str, McpLink] = {}
        self._circuits: dict[str, Circuit] = {}
        self._watchers: list[Callable[[CircuitRecord], None]] = []

    async def __aenter__(self) -> McpHub:
        self._thread.start()
        await self._in_loop(self._make_links())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._in_loop(self._close_links())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    @contextmanager
    def watched(self, told: Callable[[CircuitRecord], None]) -> Iterator[None]:
        """Within it, `told` hears of every change of a circuit, in the hub's own thread, and must return at once."""
        self._watchers.append(told)
        try:
            yield
        finally:
            self._watchers.remove(told)

    async def call(
        self,
        server: str,
        tool: str,
        arguments: dict[str, Any] | None = None,
        *,
        timeout_seconds: float = CALL_SECONDS,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """Call a tool of a server and return its structured content.

        A throttled call is always repeated; one whose outcome is unknown only if it is `repeatable` (it reads, or
        repeating it changes nothing). Raises OutageError when the server was away for longer than calls wait.
        """
        link, circuit = self._links[server], self._circuits[server]

        async def once() -> dict[str, Any]:
            async with circuit.passage(told):
                return await link.call(tool, arguments or {}, timeout_seconds=timeout_seconds)

        told = told_here()
        return await self._in_loop(self._repeated(once, circuit, told, OUTAGES if repeatable else (ThrottledError,)))

    async def _repeated(
        self,
        once: Callable[[], Coroutine[Any, Any, dict[str, Any]]],
        circuit: Circuit,
        told: Told | None,
        retried: tuple[type[TableferryError], ...],
    ) -> dict[str, Any]:
        """Series of attempts, one after the other for as long as the server is away or throttles, and one waits."""
        began = time.monotonic()
        while True:
            try:
                return await _series(once, retried, None if told else _QUICK_SECONDS)
            except retried as error:
                if told is None or isinstance(error, OutageError):
                    raise
                is_away = circuit.state is not CircuitState.CLOSED
                is_too_late = time.monotonic() - began > self._policy.patience_seconds
                if is_away and (is_too_late or circuit.is_outlasted):
                    raise circuit.away() from error
                if not is_away and (is_too_late or not isinstance(error, ThrottledError)):
                    raise

    async def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _make_links(self) -> None:
        for name, open_session in self._sessions.items():
            self._links[name] = McpLink(name, open_session, start_seconds=self._start_seconds)
            self._circuits[name] = Circuit(name, self._policy, self._tell)

    def _tell(self, record: CircuitRecord) -> None:
        for told in tuple(self._watchers):
            told(record)

    async def _close_links(self) -> None:
        await asyncio.gather(*(link.close() for link in self._links.values()))


async def _series(
    once: Callable[[], Coroutine[Any, Any, dict[str, Any]]],
    retried: tuple[type[TableferryError], ...],
    seconds: float | None,
) -> dict[str, Any]:
    async for attempt in stamina.retry_context(
        on=lambda error: isinstance(error, retried) and not isinstance(error, OutageError),
        attempts=_ATTEMPTS,
        timeout=seconds,
        wait_initial=0.2,
        wait_max=_LONGEST_WAIT_SECONDS,
    ):
        with attempt:
            return await once()
    raise AssertionError("unreachable: retry_context returns or raises")
