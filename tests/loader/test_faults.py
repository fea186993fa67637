"""A DynamoDB that throttles, fails, does half of what it was asked, and does not always say so: nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from adapters.dynamodb_target import DynamoDbTarget
from adapters.local.runtime import RuntimeState
from adapters.servers import dynamodb
from core.items.plan import Chunk
from tests.fault_proxy import DELAY, LOST_REPLY, SERVER_ERROR, THROTTLE, UNPROCESSED, Faults, fault_proxy
from tests.loader.conftest import Load
from tests.loader.test_job import ITEM, by_key, expected, fill
from tests.ports.servers import through

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.once]

BAD_DAY = {THROTTLE: 0.15, SERVER_ERROR: 0.1, UNPROCESSED: 0.3, LOST_REPLY: 0.1, DELAY: 0.1}


def chunks(rows: int) -> tuple[Chunk, ...]:
    """Four key ranges of as many rows each."""
    ends = [None, *((str(n * rows // 4),) for n in range(1, 4)), None]
    return tuple(Chunk(n, ends[n], ends[n + 1], rows // 4) for n in range(4))


@contextmanager
def bad_day(runtime: RuntimeState, monkeypatch: pytest.MonkeyPatch, faults: Faults) -> Iterator[None]:
    """Every DynamoDB client that is made inside talks to the proxy; all else, and the test itself, does not."""
    with fault_proxy(runtime.env["AWS_ENDPOINT_URL"], faults) as url, monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        yield


def test_a_load_through_every_fault_is_complete_and_counted_once(
    load: Load, aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(load, 1_600)
    load.database.execute("UPDATE t SET name = '' WHERE id = 77")
    plan = load.plan("v", ITEM, chunks=chunks(1_600))
    faults = Faults(1, BAD_DAY)
    with bad_day(aws_env, monkeypatch, faults):
        load.run()
    everything = {n: expected(n) for n in range(1, 1_601) if n != 77}
    assert by_key(load.items()) == everything
    results = [load.result(plan, chunk.number) for chunk in plan.chunks]
    assert [(r["rows_read"], r["items_written"], r["rejects"]) for r in results] == [
        (400, 399, 1),
        *[(400, 400, 0)] * 3,
    ]
    made = {fault: faults.count(fault, "BatchWriteItem") for fault in BAD_DAY}
    assert all(made[fault] for fault in (THROTTLE, UNPROCESSED, LOST_REPLY)), made
    assert sum(r["retries"] for r in results) == sum(made.values()) - made[DELAY]
    assert made[UNPROCESSED] <= sum(r["unprocessed_items"] for r in results) <= 25 * made[UNPROCESSED]
    some = sorted(everything)[::5]
    count, found = read_back(load, aws_env, monkeypatch, some)
    assert (count, found) == (len(everything), {n: everything[n] for n in some})


def read_back(
    load: Load, runtime: RuntimeState, monkeypatch: pytest.MonkeyPatch, keys: list[int]
) -> tuple[int, dict[int, Any]]:
    """The table's count and these items by the dynamodb server, through throttling and unprocessed keys."""
    faults = Faults(3, {THROTTLE: 0.15, SERVER_ERROR: 0.05, UNPROCESSED: 0.4}, at_most=2)

    async def use(target: DynamoDbTarget) -> tuple[int, list[Any]]:
        found: list[Any] = []
        for start in range(0, len(keys), 25):
            found += await target.get(load.table, [{"pk": {"N": str(n)}} for n in keys[start : start + 25]])
        return await target.count(load.table), found

    with bad_day(runtime, monkeypatch, faults):
        count, found = through("dynamodb", dynamodb.build_server, lambda hub: use(DynamoDbTarget(hub)))
    assert len(found) == len(keys)
    assert faults.count(UNPROCESSED, "BatchGetItem") > 0
    assert faults.count(THROTTLE) > 0
    return count, by_key(found)


def test_beside_others_no_lost_reply_makes_a_row_a_reject(
    load: Load, aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A put whose answer was lost is found again under its key, equal: written. Somebody's other item is not."""
    fill(load, 200)
    plan = load.plan("v", ITEM, chunks=chunks(200))
    theirs = {n: {"pk": {"N": str(n)}, "whose": {"S": "theirs"}} for n in (5, 100, 9_999)}
    for item in theirs.values():
        load.dynamodb.put_item(TableName=load.table, Item=item)
    faults = Faults(4, BAD_DAY)
    with bad_day(aws_env, monkeypatch, faults):
        load.run("--existing", "keep")
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 201)} | theirs
    results = [load.result(plan, chunk.number) for chunk in plan.chunks]
    assert [(r["rows_read"], r["items_written"], r["rejects_by_reason"]) for r in results] == [
        (50, 49, {"key_taken": 1}),
        (50, 49, {"key_taken": 1}),
        (50, 50, {}),
        (50, 50, {}),
    ]
    lost = faults.count(LOST_REPLY, "PutItem")
    assert lost > 3
    # One item's answer may be lost several times, and so may the answer that says whose the item is.
    assert 0 < sum(r["already_there"] for r in results) <= lost


def test_a_full_validation_through_every_fault_finds_what_is_there(
    load: Load, aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load, validate, damage, validate, repair, validate: all of it on a bad day."""
    fill(load, 200)
    load.plan("v", replace(ITEM, keys=ITEM.keys[:1]))
    with bad_day(aws_env, monkeypatch, Faults(5, BAD_DAY)):
        load.run()
        load.run("--task", "validate", "--validation", "whole")
        load.dynamodb.delete_item(TableName=load.table, Key={"pk": {"N": "7"}})
        load.dynamodb.put_item(TableName=load.table, Item={**expected(8), "name": {"S": "damaged"}})
        for n in range(901, 921):
            load.dynamodb.put_item(TableName=load.table, Item={"pk": {"N": str(n)}})
        load.run("--task", "validate", "--validation", "damaged")
        load.run("--task", "repair", "--validation", "damaged", "--delete-extra", "true")
        load.run("--task", "validate", "--validation", "mended")
    assert [outcome(load, v) for v in ("whole", "damaged", "mended")] == [(0, 0, 0), (1, 20, 1), (0, 0, 0)]
    done = json.loads(load.text(f"{load.prefix}validation/damaged/repair.json"))
    assert (done["written"], done["deleted"], done["gone"], done["changed"]) == (2, 20, 0, 0)
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 201)}


def outcome(load: Load, validation: str) -> tuple[int, int, int]:
    """How many items were missing, extra and differing."""
    found = json.loads(load.text(f"{load.prefix}validation/{validation}/result.json"))
    return found["missing"], found["extra"], found["differing"]
