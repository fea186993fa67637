"""Looks at tables: as AWS describes them, and against a definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.dynamodb.definition import TableDefinition, definition_of, differences_between
from adapters.servers.shapes import Difference, time_text
from core.errors import NotFoundError


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


@dataclass(frozen=True)
class FoundTable:
    """A table as AWS describes it, and the definition that it has."""

    table: dict[str, Any]
    definition: TableDefinition

    def differences(self, wanted: TableDefinition) -> list[Difference]:
        """How it differs from the definition."""
        # AWS leaves the summary out of tables that never were on-demand.
        billing = (self.table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
        return differences_between(wanted, self.definition, billing)


def describe_table(clients: AwsClients, name: str) -> TableAnswer:
    """The table, or `exists: false`."""
    found = find_table(clients, name)
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
    found = find_table(clients, wanted.table_name)
    if found is None:
        return SchemaAnswer(exists=False)
    differences = found.differences(wanted)
    return SchemaAnswer(
        exists=True, status=found.table["TableStatus"], matches=not differences, differences=differences
    )


def find_table(clients: AwsClients, name: str) -> FoundTable | None:
    """The table with its tags and backups; None when there is none."""
    table = table_or_none(clients, name)
    if table is None:
        return None
    with aws_call(table_text(name)):
        tags: dict[str, str] = {}
        for page in clients.dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=table["TableArn"]):
            tags |= {tag["Key"]: tag["Value"] for tag in page["Tags"]}
        recovery = recovery_enabled(clients, name)
    return FoundTable(table, definition_of(table, recovery=recovery, tags=tags))


def recovery_enabled(clients: AwsClients, name: str) -> bool:
    """Whether point-in-time recovery is on. Raises what botocore raises."""
    answer: Any = clients.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = (answer.get("PointInTimeRecoveryDescription") or {}).get("PointInTimeRecoveryStatus")
    return bool(status == "ENABLED")


def table_or_none(clients: AwsClients, name: str) -> dict[str, Any] | None:
    """DescribeTable's answer; None when there is no such table."""
    try:
        with aws_call(table_text(name)):
            return dict(clients.dynamodb.describe_table(TableName=name)["Table"])
    except NotFoundError:
        return None


def table_text(name: str) -> str:
    """The table as messages name it."""
    return f"DynamoDB table {name}"
