"""The MySQL server's tools; what each does is in the module of its noun."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from pydantic import BaseModel, Field

from adapters.servers.aws_clients import AwsClients
from adapters.servers.command_line import Transport, run
from adapters.servers.mysql.address import Address, address_from_environment
from adapters.servers.mysql.cells import WireCell
from adapters.servers.mysql.chunks import ChunkPlan, plan_chunks
from adapters.servers.mysql.connection import connect
from adapters.servers.mysql.discovery import Discovery, discover
from adapters.servers.mysql.position import SourcePosition, source_position
from adapters.servers.mysql.privileges import privilege_report
from adapters.servers.mysql.query import QueryAnswer, execute_query
from adapters.servers.mysql.schema import Schema, describe_schema
from adapters.servers.mysql.secret import DeletedSecret, PublishedSecret, delete_secret, publish_secret
from adapters.servers.mysql.status import connection_status
from adapters.servers.mysql.views import ViewState, validate_view
from adapters.servers.shapes import PermissionReport, ServiceStatus
from adapters.servers.tool_server import CREATE, READ, REPLACE, ToolServer

Name = Annotated[str, Field(min_length=1, max_length=64)]


class DdlAnswer(BaseModel):
    """What was done, and to which view."""

    statement: Literal["create_view", "drop_view"]
    view: str


def build_server() -> MCPServer[Any]:
    """The server; settings are read at each call, so that it starts and answers without a database."""
    server = ToolServer(
        "mysql", instructions="Reads a MySQL or MariaDB database and makes views in it.", log_level="WARNING"
    )
    clients = AwsClients()
    _add_checks(server, clients)
    _add_reads(server, clients)
    _add_writes(server, clients)
    return server


def main(transport: Transport = "stdio", host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until the client leaves."""
    run(build_server(), transport, host, port)


def _add_checks(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=READ)
    def mysql_test_connection() -> ServiceStatus:
        """Whether the source database answers, and its engine, version, user and TLS."""
        return connection_status(clients)

    @server.tool(annotations=READ)
    def mysql_discover_connection(
        hosts: Annotated[
            list[Annotated[str, Field(min_length=1, max_length=255)]],
            Field(max_length=64, description="host names or addresses; none: the configured host and 127.0.0.1"),
        ] = [],  # noqa: B006  # MCP clients see the default in the tool's schema
        ports: Annotated[
            list[Annotated[int, Field(ge=1, le=65535)]],
            Field(max_length=16, description="none: the configured port and 3306"),
        ] = [],  # noqa: B006
        users: Annotated[
            list[Annotated[str, Field(max_length=80)]],
            Field(max_length=8, description="users to try without a password; none: root"),
        ] = [],  # noqa: B006
        timeout_seconds: Annotated[float, Field(ge=0.1, le=30, description="for each connection")] = 2.0,
    ) -> Discovery:
        """Find MySQL and MariaDB servers at these places; the configured password goes to the configured one only."""
        return discover(clients, hosts, ports, users, timeout_seconds)

    @server.tool(annotations=READ)
    def mysql_get_position() -> SourcePosition:
        """The server's time, its executed GTIDs and the end of its binary log, as far as the user may see them."""
        with connect(_address(clients)) as session:
            return source_position(session)

    @server.tool(annotations=READ)
    def mysql_validate_permissions() -> PermissionReport:
        """Whether the database user may SELECT, CREATE VIEW, SHOW VIEW and DROP in the database."""
        with connect(_address(clients)) as session:
            return privilege_report(session)


def _add_reads(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=READ)
    def mysql_describe_schema(
        tables: Annotated[list[Name], Field(max_length=2000, description="tables and views; none: all")] = [],  # noqa: B006
    ) -> Schema:
        """Columns, keys and approximate sizes of the database's tables and views."""
        with connect(_address(clients)) as session:
            return describe_schema(session, tables)

    @server.tool(annotations=READ)
    def mysql_execute_query(
        sql: Annotated[str, Field(min_length=1, max_length=1_000_000, description="one SELECT, SHOW or EXPLAIN")],
        parameters: Annotated[
            list[WireCell], Field(max_length=10_000, description="one for each %s; with any, %% is a percent sign")
        ] = [],  # noqa: B006
        max_rows: Annotated[int, Field(ge=1, le=10_000)] = 1000,
        timeout_seconds: Annotated[float, Field(ge=0.1, le=3_600)] = 60.0,
    ) -> QueryAnswer:
        """Run one query that only reads; rows beyond `max_rows` or 8 MiB are left out and `truncated` says so."""
        return execute_query(_address(clients), sql, parameters, max_rows=max_rows, seconds=timeout_seconds)

    @server.tool(annotations=READ)
    def mysql_plan_chunks(
        table: Name,
        key_columns: Annotated[list[Name], Field(min_length=1, max_length=16, description="a unique key's columns")],
        rows_per_chunk: Annotated[int, Field(ge=1, le=10_000_000)],
        after: Annotated[list[WireCell] | None, Field(description="the last upper bound so far; null: begin")] = None,
        max_chunks: Annotated[int, Field(ge=1, le=5000)] = 500,
        max_seconds: Annotated[float, Field(ge=0.1, le=300)] = 30.0,
    ) -> ChunkPlan:
        """Upper bounds of successive key ranges of a table, in key order; call again until `complete`."""
        with connect(_address(clients), seconds=600) as session:
            return plan_chunks(
                session, table, key_columns, rows_per_chunk, after, max_chunks=max_chunks, max_seconds=max_seconds
            )

    @server.tool(annotations=READ)
    def mysql_validate_view(
        view: Name,
        definition_hash: Annotated[str | None, Field(description="what the view should carry", max_length=128)] = None,
    ) -> ViewState:
        """Whether the view is there, whether tableferry made it, and from which definition."""
        with connect(_address(clients)) as session:
            return validate_view(session, view, definition_hash)


def _add_writes(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=REPLACE)
    def mysql_execute_ddl(
        sql: Annotated[str, Field(min_length=1, max_length=4_000_000, description="CREATE VIEW or DROP VIEW")],
    ) -> DdlAnswer:
        """Create, replace or drop one view whose name has the form `ddb_..._view`; nothing else."""
        from adapters.servers.mysql.ddl_guard import check_ddl

        address = _address(clients)
        allowed = check_ddl(sql, address.database)
        with connect(address) as session:
            session.rows(sql)
        return DdlAnswer(statement=allowed.statement, view=allowed.view)

    @server.tool(annotations=CREATE)
    def mysql_publish_secret(
        name: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[\w/+=.@-]+$")],
        tags: Annotated[dict[str, str], Field(max_length=50)] = {},  # noqa: B006
    ) -> PublishedSecret:
        """Store this server's own credentials in Secrets Manager, in RDS's form, for the loader."""
        return publish_secret(clients, _address(clients), name, tags)

    @server.tool(annotations=REPLACE)
    def mysql_delete_secret(
        name: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[\w/+=.@-]+$")],
        tags: Annotated[dict[str, str], Field(min_length=1, max_length=50, description="it must have all of them")],
    ) -> DeletedSecret:
        """Delete a secret that `mysql_publish_secret` made, at once; one that is not there is no error."""
        return delete_secret(clients, name, tags)


def _address(clients: AwsClients) -> Address:
    return address_from_environment(clients)
