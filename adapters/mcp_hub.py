"""The four MCP sessions in one background event loop, callable from any loop.

Prefect runs tasks in several event loops; an MCP client used from another loop than its own hangs. So every session
lives here, and callers only wait for the answer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import stamina

from adapters.mcp_link import START_SECONDS, McpLink, OpenSession
from core.errors import CallTimedOutError, RetriableError, ThrottledError, UnavailableError

T = TypeVar("T")
CALL_SECONDS = 120.0
_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 10.0


class McpHub:
    """Use as an async context manager; `call` repeats what may be repeated, with exponential backoff and jitter."""

    def __init__(self, sessions: Mapping[str, OpenSession], *, start_seconds: float = START_SECONDS) -> None:
        self._start_seconds = start_seconds
        self._sessions = dict(sessions)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mcp-hub", daemon=True)
        self._links: dict[str, McpLink] = {}

    async def __aenter__(self) -> McpHub:
        self._thread.start()
        await self._in_loop(self._make_links())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._in_loop(self._close_links())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

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
        repeating it changes nothing).
        """
        retried: tuple[type[RetriableError], ...] = (ThrottledError,)
        if repeatable:
            retried = (ThrottledError, UnavailableError, CallTimedOutError)
        async for attempt in stamina.retry_context(
            on=retried, attempts=_ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=_LONGEST_WAIT_SECONDS
        ):
            with attempt:
                link = self._links[server]
                return await self._in_loop(link.call(tool, arguments or {}, timeout_seconds=timeout_seconds))
        raise AssertionError("unreachable: retry_context returns or raises")

    async def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _make_links(self) -> None:
        self._links = {
            name: McpLink(name, open_session, start_seconds=self._start_seconds)
            for name, open_session in self._sessions.items()
        }

    async def _close_links(self) -> None:
        await asyncio.gather(*(link.close() for link in self._links.values()))
