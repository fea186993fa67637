"""An mcpServers file puts other servers in a role: what it may say, and what it may not."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters import mcp_servers
from adapters.mcp_hub import McpHub
from adapters.mcp_servers import ROLES, sessions
from core.errors import SettingsError
from tests.adapters.conftest import SERVER


def write(directory: Path, document: Any) -> Path:
    path = directory / "servers.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


def refusal(directory: Path, document: Any, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        sessions(environment, directory / "logs", write(directory, document))
    return str(caught.value)


def test_without_a_file_every_role_has_its_bundled_server(tmp_path: Path) -> None:
    assert tuple(sessions({}, tmp_path / "logs")) == ROLES


def test_only_the_mysql_server_is_told_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, dict[str, str]] = {}
    monkeypatch.setattr(mcp_servers, "_opener", lambda role, entry, _: told.update({role: entry["env"]}))
    sessions({"TABLEFERRY_MYSQL_URL": "mysql://u:secret@h/d", "AWS_REGION": "eu-1"}, tmp_path / "logs")
    assert [role for role, env in told.items() if "secret" in str(env)] == ["mysql"]
    assert all(env["AWS_REGION"] == "eu-1" for env in told.values())


def test_a_command_with_its_environment_plays_a_role(tmp_path: Path) -> None:
    entry = {"command": sys.executable, "args": [str(SERVER)], "env": {"MISBEHAVING_DIRECTORY": "${WHERE}"}}
    found = sessions({"WHERE": str(tmp_path)}, tmp_path / "logs", write(tmp_path, {"mcpServers": {"mysql": entry}}))

    async def answer() -> Any:
        async with McpHub(found) as hub:
            return await hub.call("mysql", "echo", {"text": "from the file"})

    assert asyncio.run(answer())["text"] == "from the file"
    assert list(tmp_path.glob("start-*"))
    assert (tmp_path / "logs" / "mcp-mysql.log").exists()


def test_a_url_plays_a_role(tmp_path: Path) -> None:
    document = {"mcpServers": {"s3": {"type": "http", "url": "http://127.0.0.1:1/mcp"}}}
    assert tuple(sessions({}, tmp_path / "logs", write(tmp_path, document))) == ROLES


COMMAND = {"command": "x"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "cannot be read: JSONDecodeError"),
        (b"\xff", "cannot be read: UnicodeDecodeError"),
        ([], "has no object 'mcpServers'"),
        ({}, "has no object 'mcpServers'"),
        ({"mcpServers": []}, "has no object 'mcpServers'"),
        ({"mcpServers": {"mysqll": COMMAND}}, "names 'mysqll', which is no role. Roles: mysql, glue, dynamodb, s3."),
        ({"mcpServers": {"mysql": []}}, "mysql needs either 'command' or 'url'"),
        ({"mcpServers": {"mysql": {}}}, "mysql needs either 'command' or 'url'"),
        ({"mcpServers": {"mysql": COMMAND | {"url": "http://x"}}}, "mysql needs either 'command' or 'url'"),
        ({"mcpServers": {"mysql": {"command": 5}}}, "mysql, command is not of the right type"),
        ({"mcpServers": {"mysql": COMMAND | {"args": "-m x"}}}, "mysql, args is not of the right type"),
        ({"mcpServers": {"mysql": COMMAND | {"args": [1]}}}, "mysql, args is not of the right type"),
        ({"mcpServers": {"mysql": COMMAND | {"env": ["A=b"]}}}, "mysql, env is not of the right type"),
        ({"mcpServers": {"mysql": COMMAND | {"env": {"PASSWORD": 5}}}}, "mysql, env is not of the right type"),
        ({"mcpServers": {"mysql": COMMAND | {"arguments": []}}}, "has the key 'arguments'. Known here: command, args"),
        ({"mcpServers": {"s3": {"url": "http://x", "headers": {}}}}, "has the key 'headers'. Known here: url, type"),
        ({"mcpServers": {"mysql": COMMAND | {"env": {"A": "${NOT_SET}"}}}}, "env A uses ${NOT_SET}, which is not set"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, document: Any, message: str) -> None:
    assert message in refusal(tmp_path, document)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: FileNotFoundError"):
        sessions({}, tmp_path / "logs", tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "wrong", [{"env": {"PASSWORD": "hunter2", "PORT": 5}}, {"env": "hunter2"}, {"args": "hunter2"}]
)
def test_no_value_of_a_wrong_file_is_shown(tmp_path: Path, wrong: dict[str, Any]) -> None:
    assert "hunter2" not in refusal(tmp_path, {"mcpServers": {"mysql": COMMAND | wrong}})
