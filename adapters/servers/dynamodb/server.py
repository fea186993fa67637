"""The DynamoDB server's tools."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import Field

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.aws_identity import caller, service_status
from adapters.servers.command_line import Transport, run
from adapters.servers.dynamodb.definition import TableDefinition, TableName
from adapters.servers.dynamodb.deletion import ready_to_delete
from adapters.servers.dynamodb.items import Item, SampleAnswer, first_items, items_by_keys
from adapters.servers.dynamodb.lookup import SchemaAnswer, TableAnswer, describe_table, validate_schema
from adapters.servers.dynamodb.metrics import TableMetrics, table_metrics
from adapters.servers.dynamodb.tables import CreateAnswer, DeleteAnswer, create_table, delete_table
from adapters.servers.iam_simulation import Wanted, caller_permissions
from adapters.servers.shapes import PermissionReport, ServiceStatus
from adapters.servers.tool_server import CREATE, READ, REPLACE, ToolServer
from core.errors import InvalidRequestError

# What the tools of this server call; the loader writes items with a role of its own.
_ACTIONS = (
    "CreateTable",
    "DescribeTable",
    "DescribeContinuousBackups",
    "UpdateContinuousBackups",
    "ListTagsOfResource",
    "TagResource",
    "BatchGetItem",
    "Scan",
    "DeleteTable",
)


def build_server() -> MCPServer[Any]:
    """The server; it starts without credentials, and a call without them fails with a typed error."""
    server = ToolServer(
        "dynamodb", instructions="Makes and inspects a migration's DynamoDB tables.", log_level="WARNING"
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
    def dynamodb_test_service() -> ServiceStatus:
        """Whether DynamoDB answers, and as whom."""

        def probe() -> dict[str, Any]:
            with aws_call("the list of tables"):
                clients.dynamodb.list_tables(Limit=1)
            return {}

        return service_status(clients, "dynamodb", lambda: clients.dynamodb, probe)

    @server.tool(annotations=READ)
    def dynamodb_validate_permissions(
        table_names: Annotated[list[TableName], Field(min_length=1, max_length=200)],
    ) -> PermissionReport:
        """Whether the caller may do to these tables what a migration does."""
        identity = caller(clients)
        with aws_call("the dynamodb service"):
            region = clients.dynamodb.meta.region_name
        prefix = f"arn:{identity.partition}:dynamodb:{region}:{identity.account}:table/"
        wanted = [Wanted(f"dynamodb:{action}", prefix + name) for name in table_names for action in _ACTIONS]
        return PermissionReport.of("dynamodb", caller_permissions(clients, identity, wanted))


def _add_reads(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=READ)
    def dynamodb_describe_table(table_name: TableName) -> TableAnswer:
        """The table's status, identity, estimates and definition."""
        return describe_table(clients, table_name)

    @server.tool(annotations=READ)
    def dynamodb_validate_table_schema(definition: TableDefinition) -> SchemaAnswer:
        """How the table differs from the definition: keys, types, indexes, billing and settings."""
        return validate_schema(clients, definition)

    @server.tool(annotations=READ)
    def dynamodb_get_table_metrics(
        table_name: TableName,
        exact: Annotated[bool, Field(description="count by Scan; it costs read units")] = False,
        cursor: Annotated[str | None, Field(description="where an earlier count got to", max_length=10_000)] = None,
        max_seconds: Annotated[float, Field(ge=0.1, le=300, description="for counting")] = 20.0,
    ) -> TableMetrics:
        """Items, size and the last hour's work of a table."""
        return table_metrics(clients, table_name, exact=exact, cursor=cursor, max_seconds=max_seconds)

    @server.tool(annotations=READ)
    def dynamodb_sample_items(
        table_name: TableName,
        keys: Annotated[list[Item], Field(max_length=100, description="whole primary keys; none: use limit")] = [],  # noqa: B006  # MCP clients see the default in the tool's schema
        limit: Annotated[int | None, Field(ge=1, le=100, description="how many items, instead of keys")] = None,
    ) -> SampleAnswer:
        """Items by key (consistent reads), or the first few of a Scan."""
        if bool(keys) == (limit is not None):
            raise InvalidRequestError("Items are sampled by keys or by a limit.", remedy="Give exactly one of them.")
        return items_by_keys(clients, table_name, keys) if keys else first_items(clients, table_name, limit or 1)


def _add_writes(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=CREATE)
    async def dynamodb_create_table(
        definition: TableDefinition,
        ctx: Context[Any, Any],
        wait_seconds: Annotated[float, Field(ge=1, le=900)] = 300.0,
    ) -> CreateAnswer:
        """Create an on-demand table and wait until it is ready; one that exists and matches is taken as it is."""
        return await create_table(clients, definition, wait_seconds, ctx.report_progress)

    @server.tool(annotations=REPLACE)
    async def dynamodb_delete_table(
        table_name: TableName,
        ctx: Context[Any, Any],
        wait_seconds: Annotated[float, Field(ge=1, le=900)] = 300.0,
        table_id: Annotated[str | None, Field(description="delete it only if AWS gave it this id")] = None,
        disable_deletion_protection: Annotated[bool, Field(description="switch its protection off first")] = False,
    ) -> DeleteAnswer:
        """Delete a table with all its items, and wait until it is gone; AWS refuses while it is protected."""
        await ready_to_delete(clients, table_name, table_id, unprotect=disable_deletion_protection)
        return await delete_table(clients, table_name, wait_seconds, ctx.report_progress)
