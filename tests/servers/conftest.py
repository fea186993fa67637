"""The servers in this process, called as an MCP client calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server import MCPServer

from adapters.local.runtime import RuntimeState
from adapters.servers import dynamodb, glue, mysql, s3
from tests.conftest import Database


@dataclass(frozen=True)
class Caller:
    """Calls tools; `answer` and `refusal` fail the test when the call ends the other way."""

    server: MCPServer[Any]

    def answer(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        result = anyio.run(self._call, tool, arguments)
        assert not result.is_error, result.structured_content
        return dict(result.structured_content)

    def refusal(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        result = anyio.run(self._call, tool, arguments)
        assert result.is_error, result.structured_content
        assert set(result.structured_content) == {"code", "message", "remedy", "retryable", "facts"}
        assert result.structured_content["message"] in result.content[0].text
        return dict(result.structured_content)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        async with Client(self.server) as client:
            return await client.call_tool(tool, arguments)


@pytest.fixture
def source(database: Database, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """The mysql server on a database of the test's own."""
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    return Caller(mysql.build_server())


@pytest.fixture
def target(aws_env: RuntimeState) -> Caller:
    """The dynamodb server on the local runtime."""
    return Caller(dynamodb.build_server())


@pytest.fixture
def jobs(aws_env: RuntimeState) -> Caller:
    """The glue server on the local runtime."""
    return Caller(glue.build_server())


@pytest.fixture
def objects(aws_env: RuntimeState) -> Caller:
    """The s3 server on the local runtime."""
    return Caller(s3.build_server())
