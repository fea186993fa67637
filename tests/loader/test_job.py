"""The whole loader in this process: a real server, the local runtime, and faults put between by botocore's hooks."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from threading import Lock
from typing import Any

import boto3
import pymysql
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from adapters.loader.backoff import Backoff
from adapters.loader.chunks import ChunkLoader
from adapters.loader.credentials import Source
from adapters.loader.errors import ArgumentsError, CountsDifferError
from adapters.loader.objects import Bucket
from adapters.loader.results import ChunkResult
from adapters.loader.rows import RowReader
from adapters.loader.sender import BatchSender
from adapters.loader.writer import BatchWriter
from core.items.item import ItemConverter
from core.items.plan import Attribute, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.sources import FromColumn, JoinedText, Template
from tests.loader.conftest import Load

pytestmark = [pytest.mark.server, pytest.mark.aws]

ITEM = ItemPlan(
    columns=(Column("id", Kind.INTEGER), Column("name", Kind.TEXT), Column("doc", Kind.JSON)),
    row_key=(0,),
    row_key_names=("id",),
    attributes=(
        *(
            Attribute("pk", "N", FromColumn(0)),
            Attribute("name", "S", FromColumn(1)),
            Attribute("doc", "M", FromColumn(2)),
        ),
        Attribute("id#name", "S", JoinedText((FromColumn(0), FromColumn(1)), "#", skip_null=False)),
    ),
    keys=(Key("pk", "N", "pk"), Key("name", "S", "pk", "ByName")),
    chunk_columns=(0,),
)
THREE_CHUNKS = (Chunk(0, None, ("40",), 40), Chunk(1, ("40",), ("80",), 40), Chunk(2, ("80",), None, 20))


def fill(load: Load, count: int) -> None:
    load.create_table(("pk", "N"))
    load.database.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50), doc JSON)")
    values = ", ".join(f"({n}, 'name {n}', '{{\"n\": {n}.50}}')" for n in range(1, count + 1))
    load.database.execute(f"INSERT INTO t VALUES {values}")
    load.database.execute("CREATE VIEW v AS SELECT * FROM t")


def expected(n: int) -> dict[str, Any]:
    return {
        "pk": {"N": str(n)},
        "name": {"S": f"name {n}"},
        "doc": {"M": {"n": {"N": f"{n}.5"}}},
        "id#name": {"S": f"{n}#name {n}"},
    }


def by_key(items: list[dict[str, Any]]) -> dict[int, Any]:
    return {int(item["pk"]["N"]): item for item in items}


def test_every_row_becomes_an_item_and_every_chunk_has_a_result(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    fill(load, 100)
    plan = load.plan("v", ITEM, chunks=THREE_CHUNKS)
    load.run()
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101)}
    assert load.keys() == [f"results/chunk-0000000{n}.json" for n in range(3)]
    results = [load.result(plan, number) for number in range(3)]
    assert [(result["rows_read"], result["items_written"], result["rejects"]) for result in results] == [
        (40, 40, 0),
        (40, 40, 0),
        (20, 20, 0),
    ]
    assert results[0].keys() == {
        *("format", "chunk", "view_hash", "run_token", "rows_read", "items_written", "rejects", "rejects_by_reason"),
        *("bytes_read", "bytes_written", "capacity_units", "retries", "unprocessed_items", "seconds", "finished_at"),
        *("already_there", "vanished"),
    }
    assert (results[0]["format"], results[0]["view_hash"], results[0]["run_token"]) == (1, "hash-1", "run-1")
    assert results[0]["seconds"].keys() == {"read", "convert", "write", "total"}
    assert results[0]["capacity_units"] == 40
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["started", "chunk", "chunk", "chunk", "finished"]
    assert "name 1" not in str(lines)


def test_a_second_run_loads_only_what_is_missing(load: Load) -> None:
    fill(load, 100)
    plan = load.plan("v", ITEM, chunks=THREE_CHUNKS)
    load.run()
    load.s3.delete_object(Bucket=load.bucket, Key=plan.result_key(1))
    load.database.execute("UPDATE t SET name = 'changed'")
    load.run()
    changed = {n for n, item in by_key(load.items()).items() if item["name"]["S"] == "changed"}
    assert changed == set(range(41, 81))
    assert sorted(load.keys()) == [f"results/chunk-0000000{n}.json" for n in range(3)]


def test_a_result_of_another_view_does_not_count(load: Load) -> None:
    fill(load, 100)
    plan = load.plan("v", ITEM, chunks=THREE_CHUNKS)
    load.run()
    load.store(replace(plan, view_hash="hash-2"))
    load.run()
    assert {load.result(plan, number)["view_hash"] for number in range(3)} == {"hash-2"}


def test_a_run_may_be_given_some_chunks(load: Load) -> None:
    fill(load, 100)
    load.plan("v", ITEM, chunks=THREE_CHUNKS)
    load.run("--chunks", "1-2", "--writers", "1")
    assert by_key(load.items()).keys() == set(range(41, 101))


def test_rows_that_cannot_be_items_are_kept_with_their_key_and_reason(load: Load) -> None:
    fill(load, 10)
    load.database.execute(
        "UPDATE t SET name = '' WHERE id = 2; UPDATE t SET doc = '[1]' WHERE id = 3;"
        " UPDATE t SET doc = '[2]' WHERE id = 5"
    )
    plan = load.plan("v", ITEM)
    load.run()
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 11) if n not in (2, 3, 5)}
    result = load.result(plan)
    assert (result["rows_read"], result["items_written"], result["rejects"]) == (10, 7, 3)
    assert result["rejects_by_reason"] == {"index_key_empty": 1, "json_wrong_shape": 2}
    rejects = sorted(load.rejects(plan), key=lambda reject: str(reject["row"]))
    assert rejects == [
        {
            "row": {"id": "2"},
            "attribute": "name",
            "reason": "index_key_empty",
            "message": "the key of index ByName is empty",
            "values": {"name": ""},
        },
        {
            "row": {"id": "3"},
            "attribute": "doc",
            "reason": "json_wrong_shape",
            "message": "the JSON value is not an object",
            "values": {"doc": "[1]"},
        },
        {
            "row": {"id": "5"},
            "attribute": "doc",
            "reason": "json_wrong_shape",
            "message": "the JSON value is not an object",
            "values": {"doc": "[2]"},
        },
    ]


def test_rejects_are_stored_before_the_result(load: Load) -> None:
    fill(load, 10)
    load.database.execute("UPDATE t SET name = '' WHERE id = 2")
    plan = load.plan("v", ITEM)

    def no_results(params: dict[str, Any], **_: Any) -> None:
        if "/results/" in params["url_path"]:
            raise RuntimeError("killed")

    boto3.DEFAULT_SESSION.events.register("before-call.s3.PutObject", no_results)  # type: ignore[union-attr]
    with pytest.raises(RuntimeError, match="killed"):
        load.run()
    assert load.keys() == ["rejects/chunk-00000000.jsonl"]
    assert len(load.items()) == 9
    # The row is mended, the chunk loaded again: what the first attempt rejected must not look rejected any more.
    boto3.DEFAULT_SESSION.events.unregister("before-call.s3.PutObject", no_results)  # type: ignore[union-attr]
    load.database.execute("UPDATE t SET name = 'name 2' WHERE id = 2")
    load.run()
    assert load.rejects(plan) == []
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 11)}


def same_key(load: Load) -> ItemPlan:
    """Ids from 4 on have one key, by a view `w`."""
    load.database.execute("CREATE VIEW w AS SELECT t.*, LEAST(id, 4) AS same FROM t")
    item = replace(ITEM, attributes=(Attribute("pk", "N", FromColumn(3)), *ITEM.attributes[1:3]))
    return replace(item, columns=(*ITEM.columns, Column("same", Kind.INTEGER)))


def test_two_rows_with_one_key_never_become_one_item(load: Load) -> None:
    """Rows that the preflight knew nothing of: the source moved since."""
    fill(load, 6)
    plan = load.plan("w", same_key(load))
    load.run()
    assert by_key(load.items()).keys() == {1, 2, 3, 4}
    assert load.result(plan)["rejects_by_reason"] == {"key_collision": 2}
    assert [(r["row"], r["reason"], r["values"]) for r in load.rejects(plan)] == [
        ({"id": "5"}, "key_collision", {"same": "4"}),
        ({"id": "6"}, "key_collision", {"same": "4"}),
    ]


def test_unprocessed_items_do_not_get_lost(load: Load) -> None:
    fill(load, 100)
    plan = load.plan("v", ITEM, chunks=THREE_CHUNKS)
    refused = iter(range(9))

    def all_unprocessed(params: dict[str, Any], **_: Any) -> Any:
        if next(refused, None) is None:
            return None
        unprocessed = json.loads(params["body"])["RequestItems"]
        return AWSResponse("http://127.0.0.1", 200, HTTPHeaders(), None), {"UnprocessedItems": unprocessed}

    boto3.DEFAULT_SESSION.events.register("before-call.dynamodb.BatchWriteItem", all_unprocessed)  # type: ignore[union-attr]
    load.run()
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101)}
    assert sum(load.result(plan, number)["retries"] for number in range(3)) == 9
    assert sum(load.result(plan, number)["unprocessed_items"] for number in range(3)) > 9


def chunk_loader(load: Load, plan: LoadPlan, reader: RowReader, wait: Callable[[float], None]) -> ChunkLoader:
    def new_writer(converter: ItemConverter, _: object) -> BatchWriter:
        client = boto3.client("dynamodb")
        sender = BatchSender(client, plan.target_table, row_key=converter.row_key, backoff=Backoff())
        return BatchWriter(sender, writers=2)

    bucket = Bucket(load.s3, load.bucket)
    return ChunkLoader(plan, reader, new_writer, bucket, run_token="run-1", wait=wait)


def test_a_lost_connection_redoes_the_whole_chunk_and_counts_it_once(load: Load) -> None:
    load.create_table(("pk", "N"))
    load.database.execute("CREATE TABLE v (id INT PRIMARY KEY, name VARCHAR(10), doc JSON, filler LONGTEXT)")
    load.database.execute(
        "INSERT INTO v SELECT n, 'x', '{}', REPEAT('y', 20000) FROM"
        " (WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 900) SELECT n FROM n) numbers"
    )
    item = replace(ITEM, columns=(*ITEM.columns, Column("filler", Kind.TEXT)))
    plan = load.plan("v", item)
    cuts, one_at_a_time = iter(range(2)), Lock()

    def cut_off(**_: Any) -> None:
        with one_at_a_time:
            if next(cuts, None) is not None:
                kill_readers(load)

    boto3.DEFAULT_SESSION.events.register("before-call.dynamodb.BatchWriteItem", cut_off)  # type: ignore[union-attr]
    waits: list[float] = []
    source = Source(load.database.host, load.database.port, load.database.user, load.database.password)
    with closing(RowReader(source, plan)) as reader:
        result = chunk_loader(load, plan, reader, waits.append).load(plan.chunks[0])
    assert waits in ([2], [2, 4])
    assert (result.rows_read, result.items_written, result.rejects) == (900, 900, 0)
    assert by_key(load.items()).keys() == set(range(1, 901))


def kill_readers(load: Load) -> None:
    """End every streaming connection of the loader, as a restarting server or a cut network would."""
    for (connection,) in load.database.query(
        "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE 'SELECT%`v`%'"
    ):
        with contextlib.suppress(pymysql.OperationalError):  # it ended by itself in between
            load.database.execute(f"KILL {connection}")


def test_a_wrong_password_is_an_error_without_the_password(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    fill(load, 1)
    load.plan("v", ITEM)
    secret = {"host": load.database.host, "port": load.database.port, "username": "root", "password": "s3cr3t-p4ss"}
    arn = boto3.client("secretsmanager").create_secret(Name=f"{load.table}-x", SecretString=json.dumps(secret))["ARN"]
    with pytest.raises(pymysql.OperationalError, match="denied") as denied:
        load.run("--secret-arn", arn)
    assert "s3cr3t" not in str(denied.value) + capsys.readouterr().out
    assert load.keys() == []


def test_a_missing_target_table_is_an_error_and_leaves_no_result(load: Load) -> None:
    fill(load, 10)
    load.plan("v", ITEM)
    load.dynamodb.delete_table(TableName=load.table)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        load.run()
    assert load.keys() == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1}', '{"format": 3}'])
def test_a_plan_of_another_program_is_refused(load: Load, text: str) -> None:
    load.s3.put_object(Bucket=load.bucket, Key=f"{load.prefix}plan.json", Body=text.encode())
    with pytest.raises(ArgumentsError, match=r"plan\.json"):
        load.run()


def test_an_empty_view_has_a_result_too(load: Load) -> None:
    fill(load, 1)
    load.database.execute("DELETE FROM t")
    plan = load.plan("v", ITEM)
    load.run()
    assert load.result(plan)["rows_read"] == 0
    assert load.items() == []


@pytest.mark.parametrize(("written", "rejects"), [(9, 0), (10, 1), (0, 9)])
def test_a_row_that_is_neither_written_nor_rejected_is_an_error(written: int, rejects: int) -> None:
    result = ChunkResult(
        chunk=7,
        view_hash="h",
        run_token="t",
        rows_read=10,
        items_written=written,
        rejects=rejects,
        rejects_by_reason={},
        bytes_read=0,
        bytes_written=0,
        capacity_units=0,
        retries=0,
        unprocessed_items=0,
        seconds={},
        finished_at="",
    )
    with pytest.raises(CountsDifferError, match="chunk 7: 10 rows read"):
        result.require_every_row()
    replace(result, items_written=10 - rejects).require_every_row()


def test_each_entity_has_chunks_and_an_item_plan_of_its_own(load: Load) -> None:
    load.create_table(("pk", "S"), ("sk", "S"))
    load.database.execute(
        """
        CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(50));
        CREATE TABLE orders (id INT PRIMARY KEY, user_id INT, total VARCHAR(20));
        INSERT INTO users VALUES (1, 'a'), (2, 'b'), (3, NULL);
        INSERT INTO orders VALUES (1, 1, '1.50'), (2, 1, 'much'), (7, 2, '7');
        CREATE VIEW v AS SELECT 'USER' AS entity, id AS k, id AS owner, name, NULL AS total FROM users
          UNION ALL SELECT 'ORDER', id, user_id, NULL, total FROM orders;
        """
    )
    kinds = {"k": Kind.INTEGER, "owner": Kind.INTEGER, "name": Kind.TEXT, "total": Kind.TEXT}
    columns = tuple(Column(name, of) for name, of in kinds.items())
    keys = (Key("pk", "S", "pk"), Key("sk", "S", "sk"))
    pk, kind = Attribute("pk", "S", Template(("USER#", FromColumn(1)))), "entity_type"
    profile = (pk, Attribute("sk", "S", Template(("PROFILE",))), Attribute("name", "S", FromColumn(2)))
    order = (pk, Attribute("sk", "S", Template(("ORDER#", FromColumn(0)))), Attribute("name", "N", FromColumn(3)))
    users, orders = (
        ItemPlan(columns, (0,), ("id",), (*of, Attribute(kind, "S", Template((name,)))), keys, (0,), name)
        for name, of in (("USER", profile), ("ORDER", order))
    )
    chunks = (Chunk(0, None, ("2",), 2), Chunk(1, ("2",), None, 1), Chunk(2, None, None, 3, item=1))
    plan = load.plan("v", users, orders, chunks=chunks, entity_column="entity")
    load.run()
    assert sorted(load.items(), key=lambda found: (found["pk"]["S"], found["sk"]["S"])) == [
        item("1", "ORDER#1", "ORDER", name={"N": "1.5"}),
        item("1", "PROFILE", "USER", name={"S": "a"}),
        item("2", "ORDER#7", "ORDER", name={"N": "7"}),
        item("2", "PROFILE", "USER", name={"S": "b"}),
        item("3", "PROFILE", "USER"),
    ]
    assert [load.result(plan, number)["rows_read"] for number in range(3)] == [2, 1, 3]
    (reject,) = load.rejects(plan, 2)
    assert (reject["entity"], reject["row"], reject["attribute"]) == ("ORDER", {"id": "2"}, "name")


def item(user: str, sk: str, entity: str, **more: dict[str, str]) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"USER#{user}"}, "sk": {"S": sk}, "entity_type": {"S": entity}, **more}
