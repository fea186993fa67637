"""Looks for MySQL and MariaDB servers at given places.

A server introduces itself before anybody logs in, so engine and version are known even where the login fails.
Source: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.mysql.address import Address, address_from_environment
from adapters.servers.mysql.connection import Version, connect
from adapters.servers.mysql.failures import translate_mysql
from adapters.servers.shapes import ErrorShape
from core.errors import InvalidRequestError, TableferryError

_MAX_PLACES = 512
_WORKERS = 32


class FoundServer(BaseModel):
    """A server that answers; `error` says why nobody could log in."""

    host: str
    port: int
    engine: str | None
    version: str | None
    user: str | None
    databases: list[str]
    error: ErrorShape | None


class Discovery(BaseModel):
    """The servers that answer, by host and port."""

    servers: list[FoundServer]


def discover(
    clients: AwsClients, hosts: Sequence[str], ports: Sequence[int], users: Sequence[str], seconds: float
) -> Discovery:
    """Try every host with every port, many at a time."""
    configured = _configured(clients)
    places = set(product(hosts or ["127.0.0.1"], ports or [3306]))
    if configured and not hosts and not ports:
        places.add((configured.host, configured.port))
    if len(places) > _MAX_PLACES:
        raise InvalidRequestError(f"{len(places)} places are too many; at most {_MAX_PLACES}.", remedy="Ask in parts.")
    with ThreadPoolExecutor(min(_WORKERS, len(places))) as pool:
        found = pool.map(lambda place: _look(place, configured, users, seconds), sorted(places))
        return Discovery(servers=[server for server in found if server is not None])


def _configured(clients: AwsClients) -> Address | None:
    try:
        return address_from_environment(clients)
    except TableferryError:
        # Discovery is what one does before there are settings.
        return None


def _look(
    place: tuple[str, int], configured: Address | None, users: Sequence[str], seconds: float
) -> FoundServer | None:
    try:
        greeting = _greeting(*place, seconds)
    except OSError:
        return None
    if greeting is None:
        return None
    host, port = place
    if isinstance(greeting, TableferryError):
        error = ErrorShape.of(greeting)
        return FoundServer(host=host, port=port, engine=None, version=None, user=None, databases=[], error=error)
    found = FoundServer(
        host=host, port=port, engine=greeting.engine, version=greeting.version, user=None, databases=[], error=None
    )
    for login in _logins(place, configured, users):
        try:
            with connect(login, seconds=seconds, database=False) as session:
                names = [str(name) for (name,) in session.texts("SHOW DATABASES")]
            return found.model_copy(update={"user": login.user, "databases": names, "error": None})
        except TableferryError as error:
            found.error = ErrorShape.of(error)
    return found


def _logins(place: tuple[str, int], configured: Address | None, users: Sequence[str]) -> list[Address]:
    host, port = place
    logins = [Address(host, port, user, "", "") for user in (users or ["root"])]
    if configured and (configured.host, configured.port) == place:
        others = [login for login in logins if login.user != configured.user]
        return [configured, *(replace(login, tls=configured.tls, tls_ca=configured.tls_ca) for login in others)]
    return logins


def _greeting(host: str, port: int, seconds: float) -> Version | TableferryError | None:
    with socket.create_connection((host, port), timeout=seconds) as conn:
        conn.settimeout(seconds)
        with conn.makefile("rb") as reader:
            header = reader.read(4)
            if len(header) < 4:
                return None
            body = reader.read(min(int.from_bytes(header[:3], "little"), 4096))
    if body[:1] == b"\xff" and len(body) > 3:
        number, text = int.from_bytes(body[1:3], "little"), body[3:].decode("utf-8", "replace")
        return translate_mysql(OSError(number, text), f"{host}:{port}")
    if body[:1] != b"\x0a":
        return None
    return Version.parse(body[1:].split(b"\0", 1)[0].decode("latin-1"))
