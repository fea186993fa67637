"""Runs a server over stdio, or over streamable HTTP on the loopback interface (elsewhere with a token only)."""

from __future__ import annotations

import argparse
import hmac
import ipaddress
import os
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Literal

from mcp.server import MCPServer

from core.errors import InvalidRequestError

Transport = Literal["stdio", "streamable-http"]
TOKEN_VARIABLE = "TABLEFERRY_MCP_TOKEN"  # noqa: S105  # the variable's name, not a token
# A loader package goes through s3_put_object as base64; MCP's own limit is 4 MiB.
MAX_REQUEST_BYTES = 64 * 1024 * 1024

_Scope = MutableMapping[str, Any]
_App = Callable[[_Scope, Any, Any], Awaitable[None]]


def run(server: MCPServer[Any], transport: Transport = "stdio", host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until the client leaves (stdio) or the process is told to end; port 0 takes a free one, told on stderr."""
    if transport == "stdio":
        server.run("stdio")
        return
    import uvicorn

    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token and not _is_loopback(host):
        raise InvalidRequestError(
            f"The {server.name} server would listen on {host} without authentication.",
            remedy=f"Set {TOKEN_VARIABLE}, or listen on 127.0.0.1.",
        )
    app: _App = server.streamable_http_app(host=host, max_request_body_size=MAX_REQUEST_BYTES)
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        sys.stderr.write(f"{server.name} listens on http://{host}:{listener.getsockname()[1]}/mcp\n")
        sys.stderr.flush()
        config = uvicorn.Config(_with_token(app, token) if token else app, log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])


def main(build: Callable[[], MCPServer[Any]], name: str, arguments: Sequence[str] | None = None) -> None:
    """The command line of `python -m adapters.servers.<name>`."""
    parser = argparse.ArgumentParser(prog=f"tableferry mcp {name}", description=f"tableferry's MCP server for {name}.")
    parser.add_argument("--transport", choices=["stdio", "streamable-http"], default="stdio")
    parser.add_argument(
        "--host", default="127.0.0.1", help=f"elsewhere than on this machine {TOKEN_VARIABLE} must be set"
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and tells it on stderr")
    chosen = parser.parse_args(arguments)
    try:
        run(build(), chosen.transport, chosen.host, chosen.port)
    except InvalidRequestError as exc:
        parser.exit(2, f"{exc}\n")
    except OSError as exc:
        parser.exit(1, f"The {name} server cannot listen on {chosen.host}:{chosen.port}: {exc.strerror}.\n")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _with_token(app: _App, token: str) -> _App:
    expected = f"Bearer {token}".encode()

    async def guarded(scope: _Scope, receive: Any, send: Any) -> None:
        given = dict(scope.get("headers", [])).get(b"authorization", b"")
        if scope["type"] != "http" or hmac.compare_digest(given, expected):
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Bearer")]})
        await send({"type": "http.response.body", "body": b"A bearer token is needed.\n"})

    return guarded
