"""Which MCP server plays which role: the bundled ones, or those of a user's `mcpServers` file."""

from __future__ import annotations

import json
import re
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
_PASSED_PREFIXES = ("AWS_",)
_PASSED_TO_MYSQL = "TABLEFERRY_MYSQL_"  # holds the password, which is the business of that server alone
_PASSED = frozenset(
    {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "PYTHONPATH"}
)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_FORM = 'It must be JSON of the form {"mcpServers": {"mysql": {"command": "...", "args": [...], "env": {...}}}}.'


def sessions(
    environment: Mapping[str, str], log_directory: Path, servers_file: Path | None = None
) -> dict[str, OpenSession]:
    """How to open each role's session. Raises SettingsError for a servers file that cannot be used."""
    log_directory.mkdir(parents=True, exist_ok=True)
    custom = _read(servers_file, environment) if servers_file else {}
    root = str(Path(__file__).resolve().parent.parent)
    found: dict[str, OpenSession] = {}
    for role in ROLES:
        entry = custom.get(role)
        if entry is None:
            entry = {"command": sys.executable, "args": ["-m", f"adapters.servers.{role}"], "cwd": root}
            prefixes = (*_PASSED_PREFIXES, _PASSED_TO_MYSQL) if role == "mysql" else _PASSED_PREFIXES
            entry["env"] = {k: v for k, v in environment.items() if k in _PASSED or k.startswith(prefixes)}
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


def _read(path: Path, environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The MCP servers file {path} cannot be read: {type(error).__name__}: {error}", remedy=_FORM
        ) from error
    entries = document.get("mcpServers") if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        raise SettingsError(f"The MCP servers file {path} has no object 'mcpServers'.", remedy=_FORM)
    return {name: _entry(path, name, entry, environment) for name, entry in entries.items()}


def _entry(path: Path, name: str, entry: Any, environment: Mapping[str, str]) -> dict[str, Any]:
    """One checked entry. A problem names the key and never shows the value, which may be a secret."""
    if name not in ROLES:
        raise SettingsError(f"{path} names {name!r}, which is no role.", remedy=f"Roles: {', '.join(ROLES)}.")
    if not isinstance(entry, dict) or ("command" in entry) == ("url" in entry):
        raise SettingsError(f"{path}: {name} needs either 'command' or 'url'.", remedy=_FORM)
    known = _URL_KEYS if "url" in entry else _COMMAND_KEYS
    for key, value in entry.items():
        if key not in known:
            raise SettingsError(f"{path}: {name} has the key {key!r}.", remedy=f"Known here: {', '.join(known)}.")
        if not known[key](value):
            raise SettingsError(f"{path}: {name}, {key} is not of the right type.", remedy=_FORM)
    return {key: _expanded(value, f"{path}: {name}, {key}", environment) for key, value in entry.items()}


def _expanded(value: Any, place: str, environment: Mapping[str, str]) -> Any:
    """`${NAME}` in a servers file stands for a variable, so that the file itself need hold no secret."""
    if isinstance(value, dict):
        return {k: _expanded(v, f"{place} {k}", environment) for k, v in value.items()}
    if isinstance(value, list):
        return [_expanded(v, place, environment) for v in value]

    def variable(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise SettingsError(f"{place} uses ${{{name}}}, which is not set.", remedy="Set it in the environment.")
        return environment[name]

    return _VARIABLE.sub(variable, str(value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _is_texts_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


_COMMAND_KEYS = {"command": _is_text, "args": _is_texts, "env": _is_texts_by_name, "cwd": _is_text, "type": _is_text}
_URL_KEYS = {"url": _is_text, "type": _is_text}
