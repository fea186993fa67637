"""Each server as a program of its own, over stdio and over streamable HTTP, and what all of them have in common."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from adapters.local.runtime import RuntimeState
from adapters.servers import dynamodb, glue, mysql, s3
from adapters.servers.command_line import MAX_REQUEST_BYTES
from tests.conftest import Database

ROOT = Path(__file__).resolve().parents[2]
BUILDERS = {"mysql": mysql, "glue": glue, "dynamodb": dynamodb, "s3": s3}
DESTRUCTIVE = {
    *("mysql_execute_ddl", "mysql_delete_secret", "glue_delete_job", "glue_stop_job_run"),
    *("dynamodb_delete_table", "s3_delete_object", "s3_delete_objects"),
}
TESTS = {
    "mysql": ("mysql_test_connection", {}),
    "glue": ("glue_test_service", {}),
    "dynamodb": ("dynamodb_test_service", {}),
    "s3": ("s3_test_service", {"bucket": "tableferry-local"}),
}


@pytest.fixture
def environment(runtime: RuntimeState, database: Database) -> dict[str, str]:
    return {**runtime.env, "TABLEFERRY_MYSQL_URL": database.url}


@contextmanager
def http_server(name: str, environment: dict[str, str], *arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", f"adapters.servers.{name}", "--transport", "streamable-http", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            told = process.stderr.readline()
            found = re.search(r"http://\S+", told)
            assert found, told + process.stderr.read()
            yield found.group()
        finally:
            process.terminate()
            process.stderr.read()


async def ask(transport: Any, tool: str, arguments: dict[str, Any]) -> Any:
    async with Client(transport) as client:
        return await client.call_tool(tool, arguments)


@pytest.mark.server
@pytest.mark.aws
@pytest.mark.parametrize("name", list(BUILDERS))
def test_a_server_answers_over_stdio(name: str, environment: dict[str, str]) -> None:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", f"adapters.servers.{name}"], env=environment, cwd=ROOT
    )
    tool, arguments = TESTS[name]
    answer = anyio.run(ask, parameters, tool, arguments)
    assert answer.structured_content["operational"], answer.structured_content


@pytest.mark.server
@pytest.mark.aws
@pytest.mark.parametrize("name", list(BUILDERS))
def test_a_server_answers_over_http(name: str, environment: dict[str, str]) -> None:
    tool, arguments = TESTS[name]
    with http_server(name, environment) as url:
        assert url.startswith("http://127.0.0.1:")
        answer = anyio.run(ask, url, tool, arguments)
    assert answer.structured_content["operational"], answer.structured_content


@pytest.mark.aws
def test_a_loaders_package_fits_through_http_and_progress_comes_back(runtime: RuntimeState) -> None:
    told: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async def create(url: str) -> Any:
        definition = {"table_name": "http_progress", "attributes": [{"name": "k", "type": "S"}], "partition_key": "k"}
        async with Client(url) as client:
            return await client.call_tool("dynamodb_create_table", {"definition": definition}, progress_callback=note)

    body = {"bucket": runtime.env["TABLEFERRY_BUCKET"], "key": "big", "base64": "AAAA" * (5 * 1024 * 1024 // 4)}
    with http_server("s3", dict(runtime.env)) as url:
        answer = anyio.run(ask, url, "s3_put_object", body)
    assert not answer.is_error
    with http_server("dynamodb", dict(runtime.env)) as url:
        assert not anyio.run(create, url).is_error
    assert told
    assert MAX_REQUEST_BYTES == 64 * 1024 * 1024


def test_beyond_this_machine_a_server_listens_only_with_a_token() -> None:
    command = [sys.executable, "-m", "adapters.servers.s3", "--transport", "streamable-http", "--host", "0.0.0.0"]  # noqa: S104
    ended = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "TABLEFERRY_MCP_TOKEN" in ended.stderr


@pytest.mark.aws
def test_with_a_token_nobody_gets_in_without_it(runtime: RuntimeState) -> None:
    async def with_token(url: str, token: str) -> Any:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
            return await ask(streamable_http_client(url, http_client=http), "dynamodb_test_service", {})

    with http_server("dynamodb", {**runtime.env, "TABLEFERRY_MCP_TOKEN": "right"}) as url:
        assert [httpx2.post(url, headers=h).status_code for h in ({}, {"Authorization": "Bearer wrong"})] == [401, 401]
        assert anyio.run(with_token, url, "right").structured_content["operational"]


async def tools_of(name: str) -> list[Any]:
    async with Client(BUILDERS[name].build_server()) as client:
        return list((await client.list_tools()).tools)


@pytest.mark.parametrize("name", list(BUILDERS))
def test_every_tool_is_described_typed_and_annotated(name: str) -> None:
    for tool in anyio.run(tools_of, name):
        assert tool.name.startswith(f"{name}_")
        assert tool.description
        assert tool.output_schema
        assert tool.annotations
        read_only, destructive = tool.annotations.read_only_hint, tool.annotations.destructive_hint
        assert destructive is True if tool.name in DESTRUCTIVE else not destructive
        reads = any(word in tool.name for word in ("test", "validate", "describe", "get", "list", "query", "plan"))
        assert read_only is (reads or "sample" in tool.name or "discover" in tool.name)


@pytest.mark.parametrize("name", list(BUILDERS))
def test_the_documented_tools_are_the_tools(name: str) -> None:
    page = (ROOT / "docs" / "mcp-servers.md").read_text()
    documented = set(re.findall(rf"^\| `({name}_\w+)`", page, re.MULTILINE))
    tools = {tool.name: tool for tool in anyio.run(tools_of, name)}
    assert documented == set(tools)
    for tool, line in re.findall(rf"^\| `({name}_\w+)` \| (.*?) \|", page, re.MULTILINE):
        inputs = set(tools[tool].input_schema.get("properties", {}))
        assert inputs <= set(re.findall(r"[a-z_0-9]+", line)), tool
