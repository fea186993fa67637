"""A source that is away for a while, and one that stays away; a bucket that does not take what is put into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from adapters.loader.credentials import Source
from adapters.loader.errors import SourceAwayError, SourceLostError
from adapters.loader.outages import MAX_ATTEMPTS, OUTAGE_SECONDS, with_source
from adapters.loader.rows import RowReader
from adapters.local.runtime import RuntimeState
from adapters.local.sql_server import SqlServer, connect_as_root
from tests.conftest import Database
from tests.loader.conftest import Load
from tests.loader.test_job import ITEM, chunk_loader, fill

pytestmark = [pytest.mark.aws, pytest.mark.once]


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlServer]:
    """An SQL server that the test may stop."""
    with SqlServer(tmp_path_factory.mktemp("own-sql-server")) as server:
        yield server


@pytest.fixture
def load_of_own(own_server: SqlServer, aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    port = urlsplit(own_server.url).port or 0
    with connect_as_root(port) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE own CHARACTER SET utf8mb4")
    database = Database(own_server.url, "own", "root", "", "127.0.0.1", port, "mysql")
    load = Load(database, aws_env.env["TABLEFERRY_BUCKET"])
    yield load
    load.dynamodb.delete_table(TableName=load.table)


def source_of(load: Load) -> Source:
    return Source(load.database.host, load.database.port, load.database.user, load.database.password)


def test_a_source_that_stops_in_the_middle_of_a_chunk_is_waited_for(own_server: SqlServer, load_of_own: Load) -> None:
    load = load_of_own
    fill(load, 900)
    plan = load.plan("v", ITEM)

    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if sum(waits) > 60:
            own_server.start()

    with closing(RowReader(source_of(load), plan)) as reader:
        assert len(next(reader.read(plan.chunks[0]))) > 0  # a connection in the middle of a chunk
        own_server.stop()
        result = chunk_loader(load, plan, reader, wait).load(plan.chunks[0])
    assert sum(waits) > 60
    assert (result.rows_read, result.items_written, result.rejects) == (900, 900, 0)
    assert len(load.items()) == 900


def test_a_source_that_stays_away_is_given_up_in_the_end(load: Load) -> None:
    plan = load.plan("v", ITEM)
    waits: list[float] = []
    reader = RowReader(Source("127.0.0.1", 1, "nobody", "s3cr3t-p4ss"), plan)
    with pytest.raises(SourceAwayError, match="cannot reach the source") as away:
        chunk_loader(load, plan, reader, waits.append).load(plan.chunks[0])
    assert waits[:5] == [2, 4, 8, 16, 30]
    assert OUTAGE_SECONDS <= sum(waits) < OUTAGE_SECONDS + 60
    assert "s3cr3t" not in str(away.value)


def test_a_source_that_breaks_the_same_reading_every_time_is_given_up_soon() -> None:
    waits: list[float] = []

    def breaks() -> None:
        raise SourceLostError("cut")

    with pytest.raises(SourceLostError):
        with_source(breaks, waits.append)
    assert len(waits) == MAX_ATTEMPTS - 1


def test_a_bucket_that_answers_with_errors_for_a_while_loses_nothing(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(load, 10)
    plan = load.plan("v", ITEM)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    refusals = iter(range(30))  # more than botocore's own five attempts

    def refuse(**_: Any) -> AWSResponse | None:
        if next(refusals, None) is None:
            return None
        body = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"
        return AWSResponse("http://s3", 503, HTTPHeaders(), _Raw(body))

    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("before-send.s3.PutObject", refuse)  # type: ignore[union-attr, arg-type]
    load.run()
    assert next(refusals, None) is None
    assert load.result(plan)["items_written"] == 10


class _Raw:
    """A response's body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body
