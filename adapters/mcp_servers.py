"""Which MCP server plays which role: the bundled ones, or those of a user's `mcpServers` file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from adapters.mcp_link import OpenSession
from core.errors import SettingsError

ROLES = ("mysql", "glue", "dynamodb", "s3")
# A stdio child inherits only HOME, PATH and the like; these are what the bundled servers need besides.
_PASSED_PREFIXES = ("AWS_", "TABLEFERRY_MYSQL_")
_PASSED = frozenset(
    {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "PYTHONPATH"}
)


def sessions(
    environment: Mapping[str, str], log_directory: Path, servers_file: Path | None = None
) -> dict[str, OpenSession]:
    """How to open each role's session. Raises SettingsError for a servers file that cannot be used."""
    log_directory.mkdir(parents=True, exist_ok=True)
    custom = _read(servers_file) if servers_file else {}
    root = str(Path(__file__).resolve().parent.parent)
    found: dict[str, OpenSession] = {}
    for role in ROLES:
        entry = custom.get(role)
        if entry is None:
            entry = {"command": sys.executable, "args": ["-m", f"adapters.servers.{role}"], "cwd": root}
            entry["env"] = {k: v for k, v in environment.items() if k in _PASSED or k.startswith(_PASSED_PREFIXES)}
        found[role] = _opener(role, entry, log_directory)
    return found


def _opener(role: str, entry: dict[str, Any], log_directory: Path) -> OpenSession:
    if "url" in entry:
        return lambda: Client(str(entry["url"]))
    parameters = StdioServerParameters(
        command=entry["command"], args=entry.get("args", []), env=entry.get("env"), cwd=entry.get("cwd")
    )

    log_path = log_directory / f"mcp-{role}.log"

    @asynccontextmanager
    async def open_session() -> AsyncIterator[Client]:
        with log_path.open("a") as log:
            async with Client(stdio_client(parameters, errlog=log)) as client:
                yield client

    return open_session


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(path.read_text())
        entries = document["mcpServers"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"The MCP servers file {path} cannot be used: {type(error).__name__}: {error}",
            remedy='It must be JSON of the form {"mcpServers": {"mysql": {"command": ..., "args": [...]}}}.',
        ) from error
    for name, entry in entries.items():
        if name not in ROLES:
            raise SettingsError(f"{path} names {name!r}, which is no role.", remedy=f"Roles: {', '.join(ROLES)}.")
        if not isinstance(entry, dict) or not ("command" in entry or "url" in entry):
            raise SettingsError(f"{path}: {name} has neither 'command' nor 'url'.", remedy="Add one of them.")
        entry["env"] = _expanded(entry.get("env"))
    return dict(entries)


def _expanded(env: dict[str, str] | None) -> dict[str, str] | None:
    """`${NAME}` in a servers file stands for a variable, so that the file itself need hold no secret."""
    return None if env is None else {k: os.path.expandvars(v) for k, v in env.items()}
