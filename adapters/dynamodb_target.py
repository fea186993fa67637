"""`TargetTables` through the dynamodb server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.mcp_hub import McpHub
from adapters.wire import item_from_wire, item_to_wire, permissions_from_wire, status_from_wire
from core.errors import CallTimedOutError
from core.ports import CreatedTable, FoundTable, Item, PermissionReport, ServiceStatus

_WAIT_SECONDS = 60
_WAITS = 20  # a table with many indexes can take minutes; 20 of them is no longer "slow"
_COUNT_SECONDS = 20.0
_DROP_SECONDS = 300


@dataclass(frozen=True)
class DynamoDbTarget:
    """DynamoDB behind the server in the role `dynamodb`."""

    hub: McpHub

    async def status(self) -> ServiceStatus:
        return status_from_wire(await self.hub.call("dynamodb", "dynamodb_test_service"))

    async def permissions(self, tables: Sequence[str]) -> PermissionReport:
        arguments = {"table_names": list(tables)}
        return permissions_from_wire(await self.hub.call("dynamodb", "dynamodb_validate_permissions", arguments))

    async def differences(self, definition: dict[str, Any]) -> list[dict[str, Any]]:
        found = await self.hub.call("dynamodb", "dynamodb_validate_table_schema", {"definition": definition})
        return list(found["differences"]) if found["exists"] else []

    async def create(self, definition: dict[str, Any]) -> CreatedTable:
        created = False
        for _ in range(_WAITS):
            made = await self.hub.call(
                "dynamodb",
                "dynamodb_create_table",
                {"definition": definition, "wait_seconds": _WAIT_SECONDS},
                timeout_seconds=_WAIT_SECONDS * 2,
            )
            created = created or made["created"]
            if made["status"] == "ACTIVE":
                return CreatedTable(made["table_arn"], made["table_id"], created)
        raise CallTimedOutError(
            f"The table {definition['table_name']} is not ACTIVE after {_WAIT_SECONDS * _WAITS} seconds.",
            remedy="Look at it in the DynamoDB console, then resume.",
        )

    async def is_empty(self, table: str) -> bool:
        found = await self.hub.call("dynamodb", "dynamodb_sample_items", {"table_name": table, "limit": 1})
        return not found["items"]

    async def count(self, table: str, on_progress: Callable[[int], None] | None = None) -> int:
        counted = 0
        cursor: str | None = None
        while True:
            arguments = {"table_name": table, "exact": True, "cursor": cursor, "max_seconds": _COUNT_SECONDS}
            found = await self.hub.call("dynamodb", "dynamodb_get_table_metrics", arguments)
            counted += int(found["exact_count"])
            cursor = found["cursor"]
            if on_progress is not None:
                on_progress(counted)
            if found["complete"]:
                return counted

    async def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        if not keys:
            return []
        arguments = {"table_name": table, "keys": [item_to_wire(k) for k in keys]}
        found = await self.hub.call("dynamodb", "dynamodb_sample_items", arguments)
        return [item_from_wire(i) for i in found["items"]]

    async def find(self, table: str) -> FoundTable | None:
        found = await self.hub.call("dynamodb", "dynamodb_describe_table", {"table_name": table})
        if not found["exists"]:
            return None
        protected = bool(found["definition"]["deletion_protection"])
        return FoundTable(str(found["table_id"] or ""), int(found["item_count"] or 0), protected)

    async def drop(self, table: str, table_id: str, *, unprotect: bool) -> bool:
        arguments = {
            "table_name": table,
            "table_id": table_id or None,
            "disable_deletion_protection": unprotect,
            "wait_seconds": _DROP_SECONDS,
        }
        found = await self.hub.call("dynamodb", "dynamodb_delete_table", arguments, timeout_seconds=_DROP_SECONDS * 2)
        return bool(found["deleted"])
