"""`TargetTables`, `ObjectStore` and `LoadJobs` on the real adapters, the real servers and the local runtime."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from adapters.dynamodb_target import DynamoDbTarget
from adapters.glue_jobs import GlueJobs
from adapters.local.runtime import RuntimeState
from adapters.s3_objects import S3Objects
from adapters.servers import dynamodb, glue, s3
from core.errors import ConflictError, NotFoundError
from core.ports import JobDefinition
from core.target_table import Index, KeyAttribute, TargetOptions, TargetTable
from tests.ports.servers import through

pytestmark = pytest.mark.aws
OPTIONS = TargetOptions(deletion_protection=False, tags={"made": "by a test"})


def definition(**changes: Any) -> dict[str, Any]:
    made = TargetTable(
        table_name=f"Test-{secrets.token_hex(5)}",
        attributes=(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"), KeyAttribute("bin", "B")),
        partition_key="pk",
        sort_key="sk",
        indexes=(Index("ByBin", "bin", None, "INCLUDE", ("a", "b")),),
        options=OPTIONS,
    )
    return replace(made, **changes).to_wire()


def targets(use: Callable[[DynamoDbTarget], Awaitable[Any]]) -> Any:
    return through("dynamodb", dynamodb.build_server, lambda hub: use(DynamoDbTarget(hub)))


def jobs(use: Callable[[GlueJobs], Awaitable[Any]]) -> Any:
    return through("glue", glue.build_server, lambda hub: use(GlueJobs(hub)))


@pytest.fixture
def bucket(aws_env: RuntimeState) -> str:
    return aws_env.env["TABLEFERRY_BUCKET"]


@pytest.fixture
def objects(bucket: str) -> Callable[[Callable[[S3Objects], Awaitable[Any]]], Any]:
    return lambda use: through("s3", s3.build_server, lambda hub: use(S3Objects(hub, bucket)))


Objects = Callable[[Callable[[S3Objects], Awaitable[Any]]], Any]


@pytest.mark.usefixtures("aws_env")
def test_every_service_says_that_it_is_there(bucket: str, objects: Objects) -> None:
    for found in (targets(lambda t: t.status()), jobs(lambda j: j.status()), objects(lambda o: o.status())):
        assert found.operational, found.error


@pytest.mark.usefixtures("aws_env")
def test_a_table_is_made_once_and_a_different_one_is_a_conflict() -> None:
    wanted = definition()

    async def use(real: DynamoDbTarget) -> Any:
        absent = await real.differences(wanted)
        first, second = await real.create(wanted), await real.create(wanted)
        other = wanted | {"sort_key": None, "attributes": [a for a in wanted["attributes"] if a["name"] != "sk"]}
        with pytest.raises(ConflictError) as caught:
            await real.create(other)
        return absent, first, second, await real.differences(wanted), await real.differences(other), caught.value

    absent, first, second, same, other, conflict = targets(use)
    assert (absent, same) == ([], [])
    assert (first.created, second.created) == (True, False)
    assert (first.arn, first.table_id) == (second.arn, second.table_id)
    assert any(d["property"] == "sort_key" for d in other)
    assert conflict.facts["differences"]


def test_items_come_back_as_they_were_written(aws_env: RuntimeState) -> None:
    import boto3

    wanted = definition()
    item: dict[str, Any] = {
        "pk": {"S": "é\u0000"},
        "sk": {"N": "12345678901234567890123456789012345678"},
        "bin": {"B": b"\x00\xff"},
        "sets": {"BS": [b"\x01", b"\x02"]},
        "doc": {"M": {"l": {"L": [{"BOOL": False}, {"NULL": True}, {"S": ""}]}}},
    }

    async def use(real: DynamoDbTarget) -> Any:
        await real.create(wanted)
        name = wanted["table_name"]
        empty = await real.is_empty(name)
        await asyncio.to_thread(boto3.client("dynamodb").put_item, TableName=name, Item=item)
        keys = [{"pk": item["pk"], "sk": item["sk"]}, {"pk": {"S": "nowhere"}, "sk": {"N": "1"}}]
        return (
            empty,
            await real.is_empty(name),
            await real.count(name),
            await real.get(name, keys),
            await real.get(name, []),
        )

    assert targets(use) == (True, False, 1, [item], [])


def test_objects_are_bytes(objects: Objects) -> None:
    prefix = f"test/{secrets.token_hex(5)}/"
    body = bytes(range(256)) * 1_000

    async def use(real: S3Objects) -> Any:
        await real.put(prefix + "é %+.bin", body, "application/octet-stream")
        await real.put(prefix + "empty", b"", "text/plain")
        with pytest.raises(NotFoundError):
            await real.get(prefix + "nowhere")
        return await real.get(prefix + "é %+.bin"), await real.get(prefix + "empty")

    assert objects(use) == (body, b"")


def test_keys_are_listed_in_order_page_after_page(objects: Objects, bucket: str) -> None:
    import boto3

    prefix = f"test/{secrets.token_hex(5)}/"
    client = boto3.client("s3")
    names = [f"{prefix}{n:05}" for n in range(1_050)]
    for name in names:
        client.put_object(Bucket=bucket, Key=name, Body=b"")

    async def use(real: S3Objects) -> Any:
        return await real.keys(prefix), await real.keys(prefix, names[1_047]), await real.keys(prefix, names[-1])

    assert objects(use) == (names, names[1_048:], [])


def test_a_job_is_made_once_runs_and_is_found_by_its_token(
    aws_env: RuntimeState, objects: Objects, bucket: str
) -> None:
    name = f"test-{secrets.token_hex(5)}"
    objects(lambda o: o.put(f"test/{name}.py", b"import sys\nprint('said', sys.argv[1:])\n", "text/x-python"))
    job = JobDefinition(
        name=name,
        role_arn=aws_env.env["TABLEFERRY_GLUE_ROLE_ARN"],
        script_location=f"s3://{bucket}/test/{name}.py",
        default_arguments={"--plan": "s3://b/k"},
        timeout_minutes=5,
        max_retries=0,
        max_capacity=0.0625,
        tags={"made": "by-a-test"},
    )

    async def use(real: GlueJobs) -> Any:
        made = [await real.create_job(job), await real.create_job(job)]
        with pytest.raises(ConflictError):
            await real.create_job(replace(job, timeout_minutes=6))
        with pytest.raises(NotFoundError):
            await real.run(name, "jr_nowhere")
        none = await real.runs(name)
        run_id = await real.start_run(name, {"--run-token": "t1"})
        ended = await _over(real, name, run_id)
        await real.stop_run(name, run_id)
        return made, none, ended, await real.runs(name), await real.logs(name, run_id)

    made, none, ended, runs, logs = jobs(use)
    assert (made, none) == ([True, False], [])
    assert (ended.state, ended.is_over, ended.is_dead) == ("SUCCEEDED", True, False)
    assert [(r.run_id, r.arguments["--run-token"]) for r in runs] == [(ended.run_id, "t1")]
    assert any("said" in line for line in logs)


async def _over(real: GlueJobs, job: str, run_id: str) -> Any:
    """Poll a real run with a deadline."""
    async with asyncio.timeout(120):
        while not (found := await real.run(job, run_id)).is_over:  # noqa: ASYNC110 - the state is another process's
            await asyncio.sleep(0.2)
        return found
