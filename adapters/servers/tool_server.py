"""The MCP server all four are built on: every failure of a tool reaches the client as a typed error.

Guarantees:
- A failed call is `isError` with `{code, message, remedy, retryable, facts}`, wrong arguments and unknown tools too.
- An unexpected exception reaches the client by its type alone; its text and traceback go to stderr.
"""

from __future__ import annotations

import logging
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import ValidationError

from adapters.servers.aws_errors import is_aws_failure, translate_aws
from core.errors import InternalError, InvalidRequestError, NotFoundError, TableferryError

log = logging.getLogger(__name__)

READ = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=True)
CREATE = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
START = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)
REPLACE = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)


class ToolServer(MCPServer[Any]):
    """An MCPServer whose failed calls carry `core.errors`' wire form."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """Call a tool; whatever it raises becomes its answer."""
        if self._tool_manager.get_tool(name) is None:
            return failure(_unknown_tool(self.name, name))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as exc:
            return failure(_typed(name, exc))


def failure(error: TableferryError) -> CallToolResult | InputRequiredResult:
    """The answer of a call that failed with this error."""
    return CallToolResult(
        is_error=True, content=[TextContent(type="text", text=str(error))], structured_content=error.to_wire()
    )


def _unknown_tool(server: str, tool: str) -> TableferryError:
    return NotFoundError(f"The {server} server has no tool named {tool!r}.", remedy="List its tools.", tool=tool)


def _typed(tool: str, exc: ToolError) -> TableferryError:
    cause = exc.__cause__
    if isinstance(cause, TableferryError):
        return cause
    if isinstance(cause, ValidationError) and type(exc) is ToolError:
        return _wrong_arguments(tool, cause)
    if cause is not None and is_aws_failure(cause):
        return translate_aws(cause, f"the tool {tool}")
    log.error("%s failed unexpectedly", tool, exc_info=cause or exc)
    kind = type(cause or exc).__name__
    return InternalError(
        f"The tool {tool} failed with an unexpected {kind}.",
        remedy="The server's stderr has the traceback; please report it.",
        tool=tool,
        exception=kind,
    )


def _wrong_arguments(tool: str, exc: ValidationError) -> TableferryError:
    # Without the rejected values: an argument may hold what must not be repeated.
    problems = [f"{'.'.join(str(p) for p in e['loc']) or 'arguments'}: {e['msg']}" for e in exc.errors()]
    return InvalidRequestError(
        f"Wrong arguments for {tool}: {'; '.join(problems)}.", remedy="Correct the arguments.", problems=problems
    )
