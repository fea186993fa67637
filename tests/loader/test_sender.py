"""Writing against the emulator, with the faults that no emulator has put between: botocore's own event hooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from adapters.loader.backoff import Backoff
from adapters.loader.batches import Batcher
from adapters.loader.errors import ItemRefusedError, NoProgressError
from adapters.loader.sender import BatchSender
from adapters.loader.writer import BatchWriter
from core.items.item import ItemConverter
from core.items.plan import Attribute, Column, ItemPlan, Key, Kind
from core.items.sources import FromColumn
from tests.loader.conftest import Load

pytestmark = [pytest.mark.aws, pytest.mark.server]

PLAN = ItemPlan(
    columns=(Column("id", Kind.INTEGER), Column("v", Kind.TEXT)),
    row_key=(0,),
    row_key_names=("id",),
    attributes=(Attribute("pk", "N", FromColumn(0)), Attribute("v", "S", FromColumn(1))),
    keys=(Key("pk", "N", "pk"),),
)
CONVERTER = ItemConverter(PLAN)
QUICK = Backoff(base_seconds=0.001, cap_seconds=0.01, deadline_seconds=30)

Fault = Callable[[dict[str, Any]], Any]


class FaultyTable:
    """A real table behind a client whose BatchWriteItem asks `faults` first; None lets the request through."""

    def __init__(self, load: Load) -> None:
        load.create_table(("pk", "N"))
        self.load = load
        self.faults: Iterator[Fault | None] = iter(())
        self.requests: list[dict[str, Any]] = []
        self.client: Any = boto3.client(
            "dynamodb", config=Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        )
        self.client.meta.events.register("before-call.dynamodb.BatchWriteItem", self._answer)

    def _answer(self, params: dict[str, Any], **_: Any) -> Any:
        request = json.loads(params["body"])
        self.requests.append(request)
        fault = next(self.faults, None)
        return fault(request) if fault is not None else None

    def write(self, rows: list[tuple[str, str]], *, writers: int = 2, backoff: Backoff = QUICK) -> BatchWriter:
        sender = BatchSender(self.client, self.load.table, row_key=CONVERTER.row_key, backoff=backoff)
        with BatchWriter(sender, writers=writers) as writer:
            batcher = Batcher(PLAN, CONVERTER.row_key)
            for row in rows:
                if batch := batcher.add(*self._converted(row)):
                    writer.put(batch)
            if batch := batcher.rest():
                writer.put(batch)
        return writer

    @staticmethod
    def _converted(row: tuple[str, str]) -> tuple[Any, tuple[str, str], int]:
        item, size = CONVERTER.convert_sized(row)
        return item, row, size


@pytest.fixture
def table(load: Load) -> FaultyTable:
    return FaultyTable(load)


def answer(status: int, content: dict[str, Any]) -> Any:
    response = AWSResponse("http://127.0.0.1", status, HTTPHeaders(), None)
    return response, {**content, "ResponseMetadata": {"HTTPStatusCode": status}}


def error(code: str, status: int = 400) -> Fault:
    return lambda _: answer(status, {"Error": {"Code": code, "Message": "a message"}})


def raised(exception: Exception) -> Fault:
    def fail(_: dict[str, Any]) -> Any:
        raise exception

    return fail


def unprocessed(load: Load, written: int) -> Fault:
    """Write the first items of the request for real, and hand the rest back."""

    def partly(request: dict[str, Any]) -> Any:
        puts = request["RequestItems"][load.table]
        if written:
            load.dynamodb.batch_write_item(RequestItems={load.table: puts[:written]})
        rest = {load.table: puts[written:]} if puts[written:] else {}
        return answer(200, {"UnprocessedItems": rest, "ConsumedCapacity": [{"CapacityUnits": float(written)}]})

    return partly


def rows(count: int) -> list[tuple[str, str]]:
    return [(str(number), f"value {number}") for number in range(count)]


def found(load: Load) -> dict[str, str]:
    return {item["pk"]["N"]: item["v"]["S"] for item in load.items()}


def test_everything_is_written_and_counted(table: FaultyTable) -> None:
    counts = table.write(rows(130)).counts
    assert found(table.load) == dict(rows(130))
    assert (counts.items, counts.retries, counts.unprocessed_items) == (130, 0, 0)
    assert counts.bytes == sum(CONVERTER.convert_sized(row)[1] for row in rows(130))
    assert counts.capacity_units == 130


def test_unprocessed_items_are_written_in_the_end(table: FaultyTable) -> None:
    table.faults = iter([unprocessed(table.load, written) for written in (0, 20, 3, 0, 1)])
    counts = table.write(rows(25), writers=1).counts
    assert found(table.load) == dict(rows(25))
    assert (counts.items, counts.retries, counts.unprocessed_items) == (25, 5, 25 + 5 + 2 + 2 + 1)
    assert [len(request["RequestItems"][table.load.table]) for request in table.requests] == [25, 25, 5, 2, 2, 1]


@pytest.mark.parametrize(
    "fault",
    [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("RequestLimitExceeded"),
        error("InternalServerError", 500),
        error("SomethingNew", 503),
        raised(EndpointConnectionError(endpoint_url="http://127.0.0.1")),
        raised(ReadTimeoutError(endpoint_url="http://127.0.0.1")),
    ],
)
def test_what_may_pass_is_tried_again(table: FaultyTable, fault: Fault) -> None:
    table.faults = iter([fault] * 12)
    counts = table.write(rows(50)).counts
    assert found(table.load) == dict(rows(50))
    assert (counts.items, counts.retries) == (50, 12)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ExpiredTokenException"])
def test_what_cannot_pass_stops_the_load_at_once(table: FaultyTable, code: str) -> None:
    table.faults = iter([error(code)] * 100)
    with pytest.raises(ClientError, match=code):
        table.write(rows(2000))
    assert len(table.requests) <= 2


def test_an_item_that_dynamodb_refuses_is_named_by_its_source_row(table: FaultyTable) -> None:
    def write_a_text_key() -> None:
        sender = BatchSender(table.client, table.load.table, row_key=CONVERTER.row_key, backoff=QUICK)
        batcher = Batcher(PLAN, CONVERTER.row_key)
        for row in rows(5):
            item, size = CONVERTER.convert_sized(row)
            if row[0] == "3":
                item["v"] = {"SS": ["twice", "twice"]}
            batcher.add(item, row, size)
        batch = batcher.rest()
        assert batch is not None
        with BatchWriter(sender, writers=2) as writer:
            writer.put(batch)

    with pytest.raises(ItemRefusedError, match=r"source row {'id': '3'}.*duplicates"):
        write_a_text_key()


def test_a_request_that_is_too_large_is_sent_item_by_item(table: FaultyTable) -> None:
    table.faults = iter([error("RequestEntityTooLarge", 413)])
    assert table.write(rows(25)).counts.items == 25
    assert found(table.load) == dict(rows(25))


def test_it_stops_when_nothing_is_acknowledged_for_too_long(table: FaultyTable) -> None:
    table.faults = iter(lambda: error("ThrottlingException"), None)
    impatient = Backoff(base_seconds=0.001, cap_seconds=0.01, deadline_seconds=0.2)
    with pytest.raises(NoProgressError, match=f"{table.load.table}.*ThrottlingException"):
        table.write(rows(1000), backoff=impatient)


def test_a_failing_reader_leaves_the_writers_without_waiting(table: FaultyTable) -> None:
    table.faults = iter(lambda: error("ThrottlingException"), None)
    sender = BatchSender(table.client, table.load.table, row_key=CONVERTER.row_key, backoff=Backoff())
    batcher = Batcher(PLAN, CONVERTER.row_key)
    batcher.add(CONVERTER.convert(("1", "a")), ("1", "a"), 10)
    batch = batcher.rest()
    assert batch is not None

    def fail_while_writing() -> None:
        with BatchWriter(sender, writers=1) as writer:
            writer.put(batch)
            raise RuntimeError("the reader failed")

    with pytest.raises(RuntimeError, match="the reader failed"):
        fail_while_writing()


def test_waits_grow_with_jitter_and_stay_below_the_cap() -> None:
    backoff = Backoff(base_seconds=0.1, cap_seconds=2)
    for attempt, longest in [(0, 0.1), (1, 0.2), (4, 1.6), (5, 2), (10_000, 2)]:
        waits = {backoff.delay(attempt) for _ in range(200)}
        assert all(0 <= wait <= longest for wait in waits)
        assert max(waits) > longest / 2
        assert len(waits) > 100
