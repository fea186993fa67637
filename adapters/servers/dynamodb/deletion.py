"""What comes before a table is deleted: it is the one that was meant, and its protection is off if that was asked."""

from __future__ import annotations

import anyio.to_thread

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.dynamodb.lookup import table_or_none, table_text
from core.errors import ConflictError


async def ready_to_delete(clients: AwsClients, name: str, table_id: str | None, *, unprotect: bool) -> None:
    """Raises ConflictError when the table is not the one with this id; a table that is gone is no error."""
    await anyio.to_thread.run_sync(_ready, clients, name, table_id, unprotect)


def _ready(clients: AwsClients, name: str, table_id: str | None, unprotect: bool) -> None:
    table = table_or_none(clients, name)
    if table is None or table["TableStatus"] == "DELETING":
        return
    if table_id is not None and table.get("TableId") != table_id:
        raise ConflictError(
            f"{table_text(name)} is another one than was meant: it was made anew.",
            remedy="Look at it, and delete it by hand if nobody needs it.",
            differences=[{"property": "table_id", "expected": table_id, "actual": table.get("TableId")}],
        )
    if unprotect and table.get("DeletionProtectionEnabled"):
        with aws_call(table_text(name)):
            clients.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
