"""Loading into a table that holds items of others: nothing of theirs is overwritten, nothing of ours counted twice."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ReadTimeoutError

from adapters.loader.backoff import Backoff
from adapters.loader.batches import Batcher
from adapters.loader.errors import ItemRefusedError, NoProgressError
from adapters.loader.put_new import NewItemSender
from adapters.loader.sender import WriteCounts
from adapters.loader.writer import BatchWriter
from core.items.rejects import RejectedRow
from tests.loader.conftest import Load
from tests.loader.test_job import ITEM, THREE_CHUNKS, by_key, expected, fill
from tests.loader.test_sender import CONVERTER, PLAN, QUICK, Fault, error, found, raised, rows

pytestmark = [pytest.mark.aws, pytest.mark.server, pytest.mark.once]


class SharedTable:
    """A real table behind a client whose PutItem asks `faults` first; None lets the request through."""

    def __init__(self, load: Load) -> None:
        load.create_table(("pk", "N"))
        self.load = load
        self.faults: list[Fault | None] = []
        self.taken: list[tuple[Any, RejectedRow]] = []
        self.client: Any = boto3.client("dynamodb")
        self.client.meta.events.register("before-call.dynamodb.PutItem", self._answer)

    def _answer(self, params: dict[str, Any], **_: Any) -> Any:
        fault = self.faults.pop(0) if self.faults else None
        return fault(params) if fault is not None else None

    def put_by_somebody(self, number: int, value: str) -> None:
        self.load.dynamodb.put_item(TableName=self.load.table, Item={"pk": {"N": str(number)}, "v": {"S": value}})

    def write(self, given: list[tuple[str, str]], *, backoff: Backoff = QUICK, writers: int = 4) -> WriteCounts:
        sender = NewItemSender(
            self.client,
            self.load.table,
            keys=["pk"],
            on_taken=lambda row, reject: self.taken.append((row, reject)),
            row_key=CONVERTER.row_key,
            backoff=backoff,
        )
        with BatchWriter(sender, writers=writers) as writer:
            batcher = Batcher(PLAN, CONVERTER.row_key)
            for row in given:
                item, size = CONVERTER.convert_sized(row)
                if batch := batcher.add(item, row, size):
                    writer.put(batch)
            if batch := batcher.rest():
                writer.put(batch)
        return writer.counts


@pytest.fixture
def table(load: Load) -> SharedTable:
    return SharedTable(load)


def test_free_keys_are_written_and_equal_items_count_as_written(table: SharedTable) -> None:
    table.put_by_somebody(7, "value 7")
    counts = table.write(rows(60))
    assert found(table.load) == dict(rows(60))
    assert (counts.items, counts.already_there, counts.retries, table.taken) == (60, 1, 0, [])
    assert counts.bytes == sum(CONVERTER.convert_sized(row)[1] for row in rows(60))


def test_a_key_that_holds_another_item_stays_as_it_is(table: SharedTable) -> None:
    table.put_by_somebody(7, "somebody's")
    counts = table.write(rows(60))
    assert found(table.load) == {**dict(rows(60)), "7": "somebody's"}
    assert (counts.items, counts.already_there) == (59, 0)
    ((row, reject),) = table.taken
    assert (row, reject.reason, reject.attribute) == (("7", "value 7"), "key_taken", "pk")
    assert "pk=7" in reject.message
    assert "somebody" not in reject.message


def test_a_client_that_cannot_ask_for_the_old_item_reads_it(
    table: SharedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Glue's own boto3, which is older than that parameter."""
    members = table.client.meta.service_model.operation_model("PutItem").input_shape.members
    monkeypatch.delitem(members, "ReturnValuesOnConditionCheckFailure")
    table.put_by_somebody(7, "somebody's")
    table.put_by_somebody(8, "value 8")
    counts = table.write(rows(10))
    assert (counts.items, counts.already_there) == (9, 1)
    assert [row for row, _ in table.taken] == [("7", "value 7")]


def lost_reply(load: Load) -> Fault:
    """The put is done, the answer never comes."""

    def fail(params: dict[str, Any]) -> Any:
        load.dynamodb.put_item(TableName=load.table, Item=json.loads(params["body"])["Item"])
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1")

    return fail


def test_a_put_whose_answer_was_lost_is_not_taken_for_somebody_elses(table: SharedTable) -> None:
    table.faults = [lost_reply(table.load), None, lost_reply(table.load)]
    counts = table.write(rows(25), writers=1)
    assert found(table.load) == dict(rows(25))
    assert (counts.items, counts.already_there, counts.retries, table.taken) == (25, 2, 2, [])


@pytest.mark.parametrize(
    "fault",
    [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("InternalServerError", 500),
        error("TransactionConflictException"),
        raised(ReadTimeoutError(endpoint_url="http://127.0.0.1")),
    ],
)
def test_what_may_pass_is_tried_again(table: SharedTable, fault: Fault) -> None:
    table.faults = [fault] * 12
    counts = table.write(rows(30))
    assert found(table.load) == dict(rows(30))
    assert (counts.items, counts.retries) == (30, 12)


def test_what_cannot_pass_stops_the_load(table: SharedTable) -> None:
    table.faults = [error("AccessDeniedException")] * 100
    with pytest.raises(ClientError, match="AccessDenied"):
        table.write(rows(300))
    assert len(table.faults) >= 96


def test_an_item_that_dynamodb_refuses_is_named_by_its_source_row(table: SharedTable) -> None:
    table.faults = [None, error("ValidationException")]
    with pytest.raises(ItemRefusedError, match=r"source row {'id': '1'}.*a message"):
        table.write(rows(5), writers=1)


def test_it_stops_when_nothing_is_acknowledged_for_too_long(table: SharedTable) -> None:
    table.faults = [error("ThrottlingException")] * 10_000
    with pytest.raises(NoProgressError, match="ThrottlingException"):
        table.write(rows(30), backoff=Backoff(base_seconds=0.001, cap_seconds=0.01, deadline_seconds=0.2))


def test_an_item_that_is_deleted_in_between_is_written(table: SharedTable) -> None:
    def failed(_: dict[str, Any]) -> Any:
        response = AWSResponse("http://127.0.0.1", 400, HTTPHeaders(), None)
        code = {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}
        return response, {"Error": code, "ResponseMetadata": {"HTTPStatusCode": 400}}

    table.faults = [failed]
    assert table.write(rows(3), writers=1).retries == 1
    assert found(table.load) == dict(rows(3))


def test_rows_are_items_and_rejects_also_where_keys_are_taken(load: Load) -> None:
    """The whole loader: chunks into a table that others fill too, then again, then after the source changed."""
    fill(load, 100)
    load.dynamodb.put_item(TableName=load.table, Item={"pk": {"N": "50"}, "whose": {"S": "theirs"}})
    load.dynamodb.put_item(TableName=load.table, Item={"pk": {"N": "500"}, "whose": {"S": "theirs"}})
    plan = load.plan("v", ITEM, chunks=THREE_CHUNKS)
    load.run("--existing", "keep")
    theirs = {number: {"pk": {"N": str(number)}, "whose": {"S": "theirs"}} for number in (50, 500)}
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101)} | theirs
    assert [load.result(plan, n)["rejects_by_reason"] for n in range(3)] == [{}, {"key_taken": 1}, {}]
    assert [r["row"] for r in load.rejects(plan, 1)] == [{"id": "50"}]

    for number in range(3):
        load.s3.delete_object(Bucket=load.bucket, Key=plan.result_key(number))
    load.database.execute("UPDATE t SET name = 'changed' WHERE id = 3")
    load.run("--existing", "keep")
    results = [load.result(plan, n) for n in range(3)]
    assert [(r["rows_read"], r["items_written"], r["rejects"], r["already_there"]) for r in results] == [
        (40, 39, 1, 39),
        (40, 39, 1, 39),
        (20, 20, 0, 20),
    ]
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101)} | theirs
