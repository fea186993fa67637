"""Makes and deletes target tables, and waits until AWS is done."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.dynamodb.definition import (
    TableDefinition,
    create_request,
    definition_of,
    differences_between,
)
from adapters.servers.shapes import Difference, time_text
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
    """The table, ACTIVE; `created` is false when it was there already and matches."""

    created: bool
    status: str
    table_arn: str
    table_id: str


class TableAnswer(BaseModel):
    """A table as AWS describes it; the counts are DynamoDB's own, updated about every six hours."""

    exists: bool
    status: str | None = None
    table_arn: str | None = None
    table_id: str | None = None
    created_at: str | None = None
    item_count: int | None = None
    size_bytes: int | None = None
    definition: TableDefinition | None = None


class SchemaAnswer(BaseModel):
    """How a table differs from a definition."""

    exists: bool
    status: str | None = None
    matches: bool = False
    differences: list[Difference] = []


class DeleteAnswer(BaseModel):
    """`deleted` is false when there was no such table."""

    table_name: str
    deleted: bool


@dataclass(frozen=True)
class _Found:
    table: dict[str, Any]
    definition: TableDefinition

    def differences(self, wanted: TableDefinition) -> list[Difference]:
        # AWS leaves the summary out of tables that never were on-demand.
        billing = (self.table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
        return differences_between(wanted, self.definition, billing)


def describe_table(clients: AwsClients, name: str) -> TableAnswer:
    """The table, or `exists: false`."""
    found = _find(clients, name)
    if found is None:
        return TableAnswer(exists=False)
    table = found.table
    return TableAnswer(
        exists=True,
        status=table["TableStatus"],
        table_arn=table["TableArn"],
        table_id=table.get("TableId"),
        created_at=time_text(table.get("CreationDateTime")),
        item_count=table.get("ItemCount"),
        size_bytes=table.get("TableSizeBytes"),
        definition=found.definition,
    )


def validate_schema(clients: AwsClients, wanted: TableDefinition) -> SchemaAnswer:
    """How the table of the definition's name differs from it."""
    found = _find(clients, wanted.table_name)
    if found is None:
        return SchemaAnswer(exists=False)
    differences = found.differences(wanted)
    return SchemaAnswer(
        exists=True, status=found.table["TableStatus"], matches=not differences, differences=differences
    )


async def create_table(
    clients: AwsClients, wanted: TableDefinition, wait_seconds: float, progress: Progress
) -> CreateAnswer:
    """Create the table and wait for it, or take an existing one that matches.

    Raises ConflictError for an existing table that differs, CallTimedOutError when AWS needs longer than that;
    a second call goes on from there.
    """
    created = await anyio.to_thread.run_sync(_create, clients, wanted)
    table = await _wait_until_active(clients, wanted.table_name, wait_seconds, progress)
    if not created:
        await anyio.to_thread.run_sync(_require_match, clients, wanted)
    if wanted.point_in_time_recovery:
        await _enable_recovery(clients, wanted.table_name, wait_seconds)
    await progress(1, 1, f"{wanted.table_name} is ready")
    return CreateAnswer(
        created=created, status=table["TableStatus"], table_arn=table["TableArn"], table_id=table.get("TableId", "")
    )


async def delete_table(clients: AwsClients, name: str, wait_seconds: float, progress: Progress) -> DeleteAnswer:
    """Delete the table and wait until it is gone."""

    def delete() -> None:
        with aws_call(_where(name)):
            clients.dynamodb.delete_table(TableName=name)

    try:
        await anyio.to_thread.run_sync(delete)
    except NotFoundError:
        return DeleteAnswer(table_name=name, deleted=False)
    deadline = time.monotonic() + wait_seconds
    while table := await anyio.to_thread.run_sync(_describe, clients, name):
        await _wait_a_little(name, table, deadline, progress)
    return DeleteAnswer(table_name=name, deleted=True)


def _create(clients: AwsClients, wanted: TableDefinition) -> bool:
    _require_whole(wanted)
    if _describe(clients, wanted.table_name) is not None:
        return False
    try:
        with aws_call(_where(wanted.table_name)):
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


def _require_match(clients: AwsClients, wanted: TableDefinition) -> None:
    found = _find(clients, wanted.table_name)
    differences = found.differences(wanted) if found else []
    if found and wanted.tags and wanted.tags.items() <= found.definition.tags.items():
        # With our tags it is the table of an earlier call that ended before it set point-in-time recovery.
        differences = [d for d in differences if d.property != "point_in_time_recovery" or not d.expected]
    if differences:
        raise ConflictError(
            f"{_where(wanted.table_name)} exists and differs in {', '.join(d.property for d in differences)}.",
            remedy="Choose another target table's name, or delete the table.",
            differences=[d.model_dump() for d in differences],
        )


async def _wait_until_active(clients: AwsClients, name: str, wait_seconds: float, progress: Progress) -> dict[str, Any]:
    deadline = time.monotonic() + wait_seconds
    while True:
        table = await anyio.to_thread.run_sync(_describe, clients, name)
        if table is None:
            raise NotFoundError(
                f"{_where(name)} vanished while it was being created.", remedy="Find out who deletes it."
            )
        if table["TableStatus"] == "ACTIVE" and all(
            index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in table.get("GlobalSecondaryIndexes") or []
        ):
            return table
        await _wait_a_little(name, table, deadline, progress)


async def _wait_a_little(name: str, table: dict[str, Any], deadline: float, progress: Progress) -> None:
    status = table["TableStatus"]
    left = deadline - time.monotonic()
    if left <= 0:
        raise CallTimedOutError(f"{_where(name)} is still {status}.", remedy="Ask again.", status=status)
    await progress(0, 1, f"{name} is {status}")
    await anyio.sleep(min(POLL_SECONDS, left))


async def _enable_recovery(clients: AwsClients, name: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while not await anyio.to_thread.run_sync(_try_enable_recovery, clients, name):
        if time.monotonic() > deadline:
            raise CallTimedOutError(
                f"{_where(name)} does not take point-in-time recovery yet.", remedy="Ask again.", status="ACTIVE"
            )
        await anyio.sleep(POLL_SECONDS)


def _try_enable_recovery(clients: AwsClients, name: str) -> bool:
    with aws_call(_where(name)):
        if _recovery(clients, name):
            return True
        try:
            clients.dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
        except clients.dynamodb.exceptions.ContinuousBackupsUnavailableException:
            # Backups are being set up for some seconds after a table's creation.
            return False
    return True


def _find(clients: AwsClients, name: str) -> _Found | None:
    table = _describe(clients, name)
    if table is None:
        return None
    with aws_call(_where(name)):
        tags: dict[str, str] = {}
        for page in clients.dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=table["TableArn"]):
            tags |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
        recovery = _recovery(clients, name)
    return _Found(table, definition_of(table, recovery=recovery, tags=tags))


def _recovery(clients: AwsClients, name: str) -> bool:
    answer: Any = clients.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = (answer.get("PointInTimeRecoveryDescription") or {}).get("PointInTimeRecoveryStatus")
    return bool(status == "ENABLED")


def _describe(clients: AwsClients, name: str) -> dict[str, Any] | None:
    try:
        with aws_call(_where(name)):
            return dict(clients.dynamodb.describe_table(TableName=name)["Table"])
    except NotFoundError:
        return None


def _where(name: str) -> str:
    return f"DynamoDB table {name}"
