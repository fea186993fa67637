"""Makes and deletes target tables, and waits until AWS is done."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread
from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.dynamodb.definition import TableDefinition, create_request
from adapters.servers.dynamodb.lookup import find_table, recovery_enabled, table_or_none, table_text
from core.errors import (
    AlreadyExistsError,
    CallTimedOutError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
)

POLL_SECONDS = 1.0
Progress = Callable[[float, float, str], Awaitable[None]]


class CreateAnswer(BaseModel):
    """The table; `created` is false when it was there already, ACTIVE includes its indexes."""

    created: bool
    status: str
    table_arn: str
    table_id: str


class DeleteAnswer(BaseModel):
    """`deleted` is false when there was no such table."""

    table_name: str
    deleted: bool


async def create_table(
    clients: AwsClients, wanted: TableDefinition, wait_seconds: float, progress: Progress
) -> CreateAnswer:
    """Create the table and wait for it, or take an existing one. Raises ConflictError for one that differs.

    When AWS needs longer than `wait_seconds` the status says so; a second call goes on from there.
    """
    deadline = time.monotonic() + wait_seconds
    created = await anyio.to_thread.run_sync(_create, clients, wanted)
    first = await _look(clients, wanted.table_name)
    table = await _wait_until_ready(clients, first, deadline, progress)
    if not created:
        fresh = first["TableStatus"] == "CREATING"
        await anyio.to_thread.run_sync(_require_match, clients, wanted, fresh)
    if wanted.point_in_time_recovery and _is_ready(table):
        await _enable_recovery(clients, wanted.table_name, deadline)
    status = "ACTIVE" if _is_ready(table) else str(table["TableStatus"]).replace("ACTIVE", "UPDATING")
    await progress(1, 1, f"{wanted.table_name} is {status}")
    return CreateAnswer(created=created, status=status, table_arn=table["TableArn"], table_id=table.get("TableId", ""))


async def delete_table(clients: AwsClients, name: str, wait_seconds: float, progress: Progress) -> DeleteAnswer:
    """Delete the table and wait until it is gone."""

    def delete() -> None:
        with aws_call(table_text(name)):
            clients.dynamodb.delete_table(TableName=name)

    try:
        await anyio.to_thread.run_sync(delete)
    except NotFoundError:
        return DeleteAnswer(table_name=name, deleted=False)
    deadline = time.monotonic() + wait_seconds
    while table := await anyio.to_thread.run_sync(table_or_none, clients, name):
        if (left := deadline - time.monotonic()) <= 0:
            status = table["TableStatus"]
            raise CallTimedOutError(f"{table_text(name)} is still {status}.", remedy="Ask again.", status=status)
        await progress(0, 1, f"{name} is {table['TableStatus']}")
        await anyio.sleep(min(POLL_SECONDS, left))
    return DeleteAnswer(table_name=name, deleted=True)


def _create(clients: AwsClients, wanted: TableDefinition) -> bool:
    _require_whole(wanted)
    if table_or_none(clients, wanted.table_name) is not None:
        return False
    try:
        with aws_call(table_text(wanted.table_name)):
            clients.dynamodb.create_table(**create_request(wanted))
    except AlreadyExistsError:
        return False
    return True


def _require_whole(wanted: TableDefinition) -> None:
    indexes = {key for index in wanted.indexes for key in (index.partition_key, index.sort_key)}
    keys = {wanted.partition_key, wanted.sort_key, *indexes} - {None}
    named = {attribute.name for attribute in wanted.attributes}
    if keys != named:
        raise InvalidRequestError(
            f"The definition of {wanted.table_name} must type its key attributes and no others.",
            remedy="Make `attributes` the attributes of all keys.",
            missing=sorted(str(key) for key in keys - named),
            superfluous=sorted(named - keys),
        )


def _require_match(clients: AwsClients, wanted: TableDefinition, fresh: bool) -> None:
    found = find_table(clients, wanted.table_name)
    differences = found.differences(wanted) if found else []
    if fresh or (found and wanted.tags and wanted.tags.items() <= found.definition.tags.items()):
        # With our tags it is the table of an earlier call, which may have ended before it set point-in-time recovery.
        differences = [d for d in differences if d.property != "point_in_time_recovery" or not d.expected]
    if differences:
        raise ConflictError(
            f"{table_text(wanted.table_name)} exists and differs in {', '.join(d.property for d in differences)}.",
            remedy="Choose another target table's name, or delete the table.",
            differences=[d.model_dump() for d in differences],
        )


async def _look(clients: AwsClients, name: str) -> dict[str, Any]:
    table = await anyio.to_thread.run_sync(table_or_none, clients, name)
    if table is None:
        raise NotFoundError(
            f"{table_text(name)} vanished while it was being created.", remedy="Find out who deletes it."
        )
    return table


def _is_ready(table: dict[str, Any]) -> bool:
    indexes = table.get("GlobalSecondaryIndexes") or []
    return table["TableStatus"] == "ACTIVE" and all(i.get("IndexStatus", "ACTIVE") == "ACTIVE" for i in indexes)


async def _wait_until_ready(
    clients: AwsClients, table: dict[str, Any], deadline: float, progress: Progress
) -> dict[str, Any]:
    name = table["TableName"]
    while not _is_ready(table) and (left := deadline - time.monotonic()) > 0:
        await progress(0, 1, f"{name} is {table['TableStatus']}")
        await anyio.sleep(min(POLL_SECONDS, left))
        table = await _look(clients, name)
    return table


async def _enable_recovery(clients: AwsClients, name: str, deadline: float) -> None:
    while not await anyio.to_thread.run_sync(_try_enable_recovery, clients, name):
        if time.monotonic() > deadline:
            raise CallTimedOutError(
                f"{table_text(name)} does not take point-in-time recovery yet.", remedy="Ask again.", status="ACTIVE"
            )
        await anyio.sleep(POLL_SECONDS)


def _try_enable_recovery(clients: AwsClients, name: str) -> bool:
    with aws_call(table_text(name)):
        if recovery_enabled(clients, name):
            return True
        try:
            clients.dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        except clients.dynamodb.exceptions.ContinuousBackupsUnavailableException:
            # Backups are being set up for some seconds after a table's creation.
            return False
    return True
