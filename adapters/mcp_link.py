"""One MCP session: started when first called, owned by a task of its own, started again when its server is gone.

Guarantees:
- A call returns the tool's structured content, or raises an error of `core.errors`; never an ExceptionGroup, never
  the cancellation that a dying transport sends to its own task.
- Every call has a deadline. After `UnavailableError` or `CallTimedOutError` the outcome of a call is unknown.
- A server that is silent when a call's deadline is over, and stays silent, is ended; the next call starts another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp import Client, MCPError
from mcp.types import CallToolResult

from core.errors import CallTimedOutError, InternalError, TableferryError, UnavailableError, from_wire

# JSON-RPC codes that the SDK's client raises itself (facts: mcp 2.3)
_CONNECTION_CLOSED = -32000
_REQUEST_TIMEOUT = -32001

_SIGN_OF_LIFE_SECONDS = 5.0

START_SECONDS = 60.0  # bundled servers take 1 to 3; one that npx or uvx must fetch first takes longer

OpenSession = Callable[[], AbstractAsyncContextManager[Client]]


class _Session:
    """One connection, from its start to its end, entered and left by a task of its own."""

    def __init__(self, server: str, open_session: OpenSession) -> None:
        self._open_session = open_session
        self.ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self.ready.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, if nobody waits
        self.stop = asyncio.Event()
        self.cause: BaseException | None = None
        self.owner = asyncio.create_task(self._own(), name=f"mcp-{server}")

    @property
    def is_over(self) -> bool:
        return self.stop.is_set() or self.owner.done()

    def end(self) -> None:
        """Let the session be left. Cancelled once at most: a second time would cut its clean-up off from its server."""
        if not self.is_over and not self.ready.done():
            self.owner.cancel()
        self.stop.set()

    async def _own(self) -> None:
        """Enter and leave the session in one task: its cancel scopes must not cross tasks."""
        try:
            async with self._open_session() as client:
                self.ready.set_result(client)
                await self.stop.wait()
        except BaseException as error:  # noqa: BLE001 - whatever ends the session is the cause that callers are told
            self.cause = _leaf(error)
            if not self.ready.done():
                self.ready.set_exception(self.cause)


class McpLink:
    """A session with one server; all its methods run in the one event loop that owns it."""

    def __init__(self, server: str, open_session: OpenSession, *, start_seconds: float = START_SECONDS) -> None:
        self.server = server
        self._open_session = open_session
        self._start_seconds = start_seconds
        self._session: _Session | None = None
        self._owners: set[asyncio.Task[None]] = set()

    async def call(self, tool: str, arguments: dict[str, Any], *, timeout_seconds: float) -> dict[str, Any]:
        """Call a tool and return its structured content."""
        session = await self._connected()
        client = session.ready.result()
        request = asyncio.ensure_future(client.call_tool(tool, arguments, read_timeout_seconds=timeout_seconds))
        try:
            await asyncio.wait({request, session.owner}, return_when=asyncio.FIRST_COMPLETED)
            if not request.done() or request.cancelled():  # a transport that dies cancels the requests on it
                raise self._gone(tool, session)
            result = request.result()
        except MCPError as error:
            if error.code == _REQUEST_TIMEOUT:
                await self._end_if_silent(session, client)
            raise self._translated(tool, error, timeout_seconds, session) from error
        finally:
            request.cancel()
        return self._content(tool, result)

    async def close(self) -> None:
        """End every session and, over stdio, its server."""
        if self._session is not None:
            self._session.end()
        if self._owners:
            await asyncio.wait(self._owners)

    async def _end_if_silent(self, session: _Session, client: Client) -> None:
        """One slow tool must not end the calls of others, but a server that answers nothing at all is stuck."""
        sign = asyncio.ensure_future(client.list_tools(cache_mode="bypass"))
        await asyncio.wait({sign, session.owner}, timeout=_SIGN_OF_LIFE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        sign.cancel()  # of no effect when it has answered
        answer = (await asyncio.gather(sign, return_exceptions=True))[0]
        if isinstance(answer, asyncio.CancelledError):
            session.end()

    async def _connected(self) -> _Session:
        session = self._session
        if session is None or session.is_over:
            session = self._session = _Session(self.server, self._open_session)
            self._owners.add(session.owner)
            session.owner.add_done_callback(self._owners.discard)
        # `wait` leaves the start to the others when one of several waiting callers is cancelled.
        await asyncio.wait({session.ready}, timeout=self._start_seconds)
        if not session.ready.done():
            session.end()
            raise self._cannot_start(f"no answer in {self._start_seconds:g} seconds")
        if (cause := session.ready.exception()) is not None:
            raise self._cannot_start(f"{type(cause).__name__}: {cause}") from cause
        return session

    def _content(self, tool: str, result: CallToolResult) -> dict[str, Any]:
        content = result.structured_content
        if result.is_error:
            if isinstance(content, dict) and "code" in content:
                raise from_wire(content)
            text = " ".join(getattr(c, "text", "") for c in result.content)
            raise InternalError(f"The {self.server} server's {tool} failed: {text}", tool=tool)
        if not isinstance(content, dict):
            raise InternalError(f"The {self.server} server's {tool} answered without structured content.", tool=tool)
        return content

    def _translated(self, tool: str, error: MCPError, timeout_seconds: float, session: _Session) -> TableferryError:
        if error.code == _REQUEST_TIMEOUT:
            return CallTimedOutError(
                f"The {self.server} server did not answer {tool} in {timeout_seconds:g} seconds.", tool=tool
            )
        if error.code == _CONNECTION_CLOSED:
            session.end()  # the session itself does not notice, and would refuse every later call
            return self._gone(tool, session)
        return InternalError(f"The {self.server} server's {tool} failed: {error.message}", tool=tool)

    def _gone(self, tool: str, session: _Session) -> UnavailableError:
        why = f": {type(session.cause).__name__}" if session.cause is not None else ""
        return UnavailableError(f"The {self.server} server went away during {tool}{why}.", tool=tool)

    def _cannot_start(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"The {self.server} server cannot be started or reached: {why}.",
            remedy="Its log is in tableferry's log directory.",
        )


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
