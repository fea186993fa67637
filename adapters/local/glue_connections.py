"""Connections of the Glue endpoint. Their passwords are in one file that only its owner may read, and in no log."""

from __future__ import annotations

import time
from pathlib import Path

from adapters.local.glue_documents import Documents
from adapters.local.glue_errors import already_exists, invalid_input, not_found
from adapters.local.glue_requests import Json, page, required
from adapters.local.glue_validation import check_name

_TYPES = ("JDBC", "NETWORK", "KAFKA", "MONGODB", "MARKETPLACE", "CUSTOM", "SFTP")


class Connections:
    """CreateConnection, GetConnection and the like; the caller serialises calls."""

    def __init__(self, directory: Path) -> None:
        self._connections = Documents(directory / "connections.json")

    def check_exist(self, names: list[str]) -> None:
        """Refuse names of which there is no connection."""
        if missing := [name for name in names if self._connections.get(name) is None]:
            raise not_found(f"Connections not found: {', '.join(missing)}.")

    def create(self, request: Json) -> Json:
        wanted = request.get("ConnectionInput") or {}
        name = check_name(wanted.get("Name"))
        if wanted.get("ConnectionType") not in _TYPES:
            raise invalid_input(f"ConnectionType must be one of {', '.join(_TYPES)}.")
        if self._connections.get(name) is not None:
            raise already_exists(f"Connection {name} already exists.")
        now = time.time()
        self._connections.put(name, {**wanted, "CreationTime": now, "LastUpdatedTime": now})
        return {"CreateConnectionStatus": "READY"}

    def get(self, request: Json) -> Json:
        name = required(request, "Name")
        if (connection := self._connections.get(name)) is None:
            raise not_found(f"Connection {name} not found.")
        return {"Connection": _shown(connection, request)}

    def get_all(self, request: Json) -> Json:
        wanted = request.get("Filter") or {}
        found = [
            connection
            for connection in self._connections.sorted()
            if wanted.get("ConnectionType") in (None, connection["ConnectionType"])
        ]
        shown, more = page(found, request)
        return {"ConnectionList": [_shown(connection, request) for connection in shown], **more}

    def delete(self, request: Json) -> Json:
        name = required(request, "ConnectionName")
        self.check_exist([name])
        self._connections.remove(name)
        return {}


def _shown(connection: Json, request: Json) -> Json:
    properties = dict(connection.get("ConnectionProperties") or {})
    if request.get("HidePassword"):
        properties.pop("PASSWORD", None)
    return {**connection, "ConnectionProperties": properties}
