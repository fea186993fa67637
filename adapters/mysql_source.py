"""`SourceDatabase` through the mysql server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.mcp_hub import McpHub
from adapters.wire import cell_to_wire, permissions_from_wire, row_from_wire, status_from_wire
from core.items.plan import Cell
from core.ports import ChunkBound, PermissionReport, QueryResult, ServiceStatus, ViewState
from core.source_position import SourcePosition
from core.source_schema import SourceSchema

_ANSWER_MARGIN_SECONDS = 30  # the call's deadline is later than the statement's own, so that its error arrives
_DDL_SECONDS = 300
_BOUNDS_PER_CALL = 500


@dataclass(frozen=True)
class MysqlSource:
    """The source database behind the server in the role `mysql`."""

    hub: McpHub

    async def status(self) -> ServiceStatus:
        return status_from_wire(await self.hub.call("mysql", "mysql_test_connection"))

    async def permissions(self) -> PermissionReport:
        return permissions_from_wire(await self.hub.call("mysql", "mysql_validate_permissions"))

    async def describe_schema(self, tables: Sequence[str]) -> SourceSchema:
        return SourceSchema.from_wire(await self.hub.call("mysql", "mysql_describe_schema", {"tables": list(tables)}))

    async def query(
        self, sql: str, parameters: Sequence[Cell] = (), *, max_rows: int = 100, timeout_seconds: float = 600
    ) -> QueryResult:
        arguments = {
            "sql": sql,
            "parameters": [cell_to_wire(p) for p in parameters],
            "max_rows": max_rows,
            "timeout_seconds": timeout_seconds,
        }
        deadline = timeout_seconds + _ANSWER_MARGIN_SECONDS
        found = await self.hub.call("mysql", "mysql_execute_query", arguments, timeout_seconds=deadline)
        rows = tuple(row_from_wire(r) for r in found["rows"])
        return QueryResult(tuple(found["columns"]), rows, found["truncated"])

    async def plan_chunks(
        self,
        table: str,
        key_columns: Sequence[str],
        rows_per_chunk: int,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[ChunkBound]:
        bounds: list[ChunkBound] = []
        complete = False
        while not complete:
            arguments = {
                "table": table,
                "key_columns": list(key_columns),
                "rows_per_chunk": rows_per_chunk,
                "after": [cell_to_wire(c) for c in bounds[-1].upper] if bounds else None,
                "max_chunks": _BOUNDS_PER_CALL,
                "max_seconds": 30,
            }
            found = await self.hub.call("mysql", "mysql_plan_chunks", arguments)
            bounds += [ChunkBound(row_from_wire(b["upper"]), b["rows"]) for b in found["bounds"]]
            complete = found["complete"]
            if on_progress is not None:
                on_progress(sum(b.rows for b in bounds))
        return bounds

    async def view_state(self, view: str, definition_hash: str) -> ViewState:
        arguments = {"view": view, "definition_hash": definition_hash}
        found = await self.hub.call("mysql", "mysql_validate_view", arguments)
        columns = tuple(c["name"] for c in found["columns"])
        return ViewState(found["exists"], found["ours"], bool(found["matches"]), columns)

    async def execute_ddl(self, sql: str) -> None:
        await self.hub.call("mysql", "mysql_execute_ddl", {"sql": sql}, timeout_seconds=_DDL_SECONDS, repeatable=False)

    async def position(self) -> SourcePosition:
        found = await self.hub.call("mysql", "mysql_get_position")
        file, offset = found["binlog_file"], found["binlog_position"]
        binlog = None if file is None else f"{file}:{offset}"
        return SourcePosition(found["server_time"], found["gtid"], binlog, found["reason"])

    async def publish_secret(self, name: str, tags: dict[str, str]) -> str:
        found = await self.hub.call("mysql", "mysql_publish_secret", {"name": name, "tags": tags})
        return str(found["arn"])

    async def delete_secret(self, name: str, tags: dict[str, str]) -> bool:
        found = await self.hub.call("mysql", "mysql_delete_secret", {"name": name, "tags": tags})
        return bool(found["deleted"])
