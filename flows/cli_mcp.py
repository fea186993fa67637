"""`tableferry mcp`: one of the bundled MCP servers, for any MCP client."""

from __future__ import annotations

import importlib
from enum import StrEnum
from typing import Annotated

import typer


class Server(StrEnum):
    """The bundled servers."""

    MYSQL = "mysql"
    GLUE = "glue"
    DYNAMODB = "dynamodb"
    S3 = "s3"


class Transport(StrEnum):
    """How a client reaches the server."""

    STDIO = "stdio"
    STREAMABLE_HTTP = "streamable-http"


def mcp(
    server: Annotated[Server, typer.Argument(help="which server")],
    transport: Annotated[Transport, typer.Option(help="how clients reach it")] = Transport.STDIO,
    host: Annotated[str, typer.Option(help="address to listen on (streamable-http)")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on (streamable-http)", min=0, max=65535)] = 8931,
) -> None:
    """Serve one of the four bundled MCP servers."""
    module = importlib.import_module(f"adapters.servers.{server.value}")
    module.main(transport=transport.value, host=host, port=port)
