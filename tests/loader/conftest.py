"""A load to try out: a view of a real server, a table and a bucket of the local runtime, and a plan between them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest

from adapters.loader.job import main
from adapters.local.runtime import RuntimeState
from core.items.plan import Chunk, ItemPlan, LoadPlan
from tests.conftest import Database

Rows = dict[str, dict[str, Any]]


class Load:
    """One plan and what came of it. `run` is the whole loader, in this process."""

    def __init__(self, database: Database, bucket: str) -> None:
        self.database = database
        self.bucket = bucket
        self.table = f"loader-{secrets.token_hex(4)}"
        self.prefix = f"migrations/{self.table}/"
        self.dynamodb: Any = boto3.client("dynamodb")
        self.s3: Any = boto3.client("s3")
        self.secret_arn = boto3.client("secretsmanager").create_secret(
            Name=f"{self.table}-source",
            SecretString=json.dumps(
                {
                    "engine": "mysql",
                    "host": database.host,
                    "port": database.port,
                    "username": database.user,
                    "password": database.password,
                    "dbname": database.name,
                }
            ),
        )["ARN"]

    def create_table(self, *keys: tuple[str, str]) -> None:
        """Create the target table with one or two keys, each (name, type)."""
        self.dynamodb.create_table(
            TableName=self.table,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": type_} for name, type_ in keys],
            KeySchema=[
                {"AttributeName": name, "KeyType": role}
                for (name, _), role in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    def plan(
        self, view: str, *items: ItemPlan, chunks: Sequence[Chunk] = (), entity_column: str | None = None
    ) -> LoadPlan:
        """A plan over `view`, put into the bucket; one open chunk unless `chunks` are given."""
        plan = LoadPlan(
            migration="m-1",
            table="Things",
            target_table=self.table,
            database=self.database.name,
            view=view,
            view_hash="hash-1",
            items=items,
            entity_column=entity_column,
            chunks=tuple(chunks) or (Chunk(0, None, None, 0),),
            prefix=self.prefix,
        )
        self.store(plan)
        return plan

    def store(self, plan: LoadPlan) -> None:
        """Put a plan where `run` reads it."""
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}plan.json", Body=plan.to_json().encode())

    def run(self, *more: str) -> None:
        """Run the loader as Glue does, with arguments of Glue's own among ours."""
        main(
            [
                *("--job-language", "python", "--plan", f"s3://{self.bucket}/{self.prefix}plan.json"),
                *("--secret-arn", self.secret_arn, "--run-token", "run-1", "--enable-job-insights", "true", *more),
            ]
        )

    def items(self) -> list[dict[str, Any]]:
        """Every item of the target table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def keys(self) -> list[str]:
        """What is stored under the plan's prefix, without the plan itself."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents", [])
        return [entry["Key"].removeprefix(self.prefix) for entry in found if not entry["Key"].endswith("plan.json")]

    def has(self, key: str) -> bool:
        """Whether there is an object of this key."""
        stored = self.keys()
        return key.removeprefix(self.prefix) in stored

    def text(self, key: str) -> str:
        """An object's text."""
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    def result(self, plan: LoadPlan, number: int = 0) -> dict[str, Any]:
        """A chunk's result."""
        result: dict[str, Any] = json.loads(self.text(plan.result_key(number)))
        return result

    def rejects(self, plan: LoadPlan, number: int = 0) -> list[dict[str, Any]]:
        """A chunk's rejects."""
        return [json.loads(line) for line in self.text(plan.rejects_key(number)).splitlines()]


@pytest.fixture
def load(database: Database, aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """A fresh load with its own database and table; boto3 forgets the session of the test before."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    load = Load(database, aws_env.env["TABLEFERRY_BUCKET"])
    yield load
    if load.table in load.dynamodb.list_tables()["TableNames"]:
        load.dynamodb.delete_table(TableName=load.table)
