"""Whether the source database answers."""

from __future__ import annotations

from typing import Any

from adapters.servers.aws_clients import AwsClients
from adapters.servers.mysql.address import address_from_environment
from adapters.servers.mysql.connection import Session, connect
from adapters.servers.shapes import ErrorShape, ServiceStatus
from core.errors import TableferryError


def connection_status(clients: AwsClients) -> ServiceStatus:
    """The status; a failure is part of it."""
    details: dict[str, Any] = {}
    try:
        address = address_from_environment(clients)
        details |= {"host": address.host, "port": address.port, "database": address.database, "user": address.user}
        with connect(address) as session:
            details |= _details(session)
    except TableferryError as error:
        return ServiceStatus(server="mysql", operational=False, details=details, error=ErrorShape.of(error))
    return ServiceStatus(server="mysql", operational=True, details=details)


def _details(session: Session) -> dict[str, Any]:
    ((version, user, time),) = session.texts("SELECT VERSION(), CURRENT_USER(), UTC_TIMESTAMP(3)")
    tls = session.texts("SHOW SESSION STATUS LIKE 'Ssl_version'")
    return {
        "engine": session.version.engine,
        "version": version,
        "user": user,
        "tls": (tls[0][1] or None) if tls else None,
        "server_time": f"{time}+00:00",
    }
