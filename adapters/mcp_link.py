"""One MCP session: started when first called, owned by a task of its own, started again when its server is gone.

Guarantees:
- A call returns the tool's structured content, or raises an error of `core.errors`; never an ExceptionGroup, never
  the cancellation that a dying transport sends to its own task.
- Every call has a deadline. After `UnavailableError` or `CallTimedOutError` the outcome of a call is unknown.
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

OpenSession = Callable[[], AbstractAsyncContextManager[Client]]


class McpLink:
    """A session with one server; all its methods run in the one event loop that owns it."""

    def __init__(self, server: str, open_session: OpenSession) -> None:
        self.server = server
        self._open_session = open_session
        self._client: Client | None = None
        self._owner: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._connecting = asyncio.Lock()
        self._cause: BaseException | None = None

    async def call(self, tool: str, arguments: dict[str, Any], *, timeout_seconds: float) -> dict[str, Any]:
        """Call a tool and return its structured content."""
        client, owner = await self._connected()
        request = asyncio.ensure_future(client.call_tool(tool, arguments, read_timeout_seconds=timeout_seconds))
        try:
            await asyncio.wait({request, owner}, return_when=asyncio.FIRST_COMPLETED)
            if not request.done():
                raise self._gone(tool)
            result = request.result()
        except MCPError as error:
            raise self._translated(tool, error, timeout_seconds) from error
        except asyncio.CancelledError:
            if owner.done():  # the transport died and cancelled the request, not our caller
                raise self._gone(tool) from self._cause
            raise
        finally:
            request.cancel()
        return self._content(tool, result)

    async def close(self) -> None:
        """End the session and, over stdio, its server."""
        self._stop.set()
        if self._owner is not None:
            await asyncio.wait({self._owner})

    async def _connected(self) -> tuple[Client, asyncio.Task[None]]:
        async with self._connecting:
            if self._client is None or self._owner is None or self._owner.done():
                await self._connect()
            if self._client is None or self._owner is None:
                raise self._gone("its start")
            return self._client, self._owner

    async def _connect(self) -> None:
        ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._owner = asyncio.create_task(self._own(ready, self._stop), name=f"mcp-{self.server}")
        self._client = await ready

    async def _own(self, ready: asyncio.Future[Client], stop: asyncio.Event) -> None:
        """Enter and leave the session in one task: its cancel scopes must not cross tasks."""
        try:
            async with self._open_session() as client:
                ready.set_result(client)
                await stop.wait()
        except BaseException as error:  # noqa: BLE001 - whatever ends the session is the cause that callers are told
            self._cause = _leaf(error)
            if not ready.done():
                ready.set_exception(self._cannot_start(self._cause))
        finally:
            self._client = None

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

    def _translated(self, tool: str, error: MCPError, timeout_seconds: float) -> TableferryError:
        if error.code == _REQUEST_TIMEOUT:
            return CallTimedOutError(
                f"The {self.server} server did not answer {tool} in {timeout_seconds:g} seconds.", tool=tool
            )
        if error.code == _CONNECTION_CLOSED:
            return self._gone(tool)
        return InternalError(f"The {self.server} server's {tool} failed: {error.message}", tool=tool)

    def _gone(self, tool: str) -> UnavailableError:
        why = f": {type(self._cause).__name__}" if self._cause is not None else ""
        return UnavailableError(f"The {self.server} server went away during {tool}{why}.", tool=tool)

    def _cannot_start(self, cause: BaseException) -> UnavailableError:
        return UnavailableError(
            f"The {self.server} server cannot be started or reached: {type(cause).__name__}: {cause}",
            remedy="Its log is in tableferry's log directory.",
        )


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
