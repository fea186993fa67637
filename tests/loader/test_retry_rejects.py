"""Rejected rows, loaded again after a repair at the source: nothing lost, nothing twice, every row accounted for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3
import pytest

from adapters.loader import retry_rejects
from core.items.plan import Attribute, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.sources import FromColumn
from tests.loader.conftest import Load
from tests.loader.test_job import ITEM, THREE_CHUNKS, by_key, expected, fill

pytestmark = [pytest.mark.aws, pytest.mark.server]


def accounts(load: Load, plan: LoadPlan) -> list[tuple[int, int, int]]:
    """Rows, items and rejects of each chunk; the rejects file has exactly those rejects."""
    found = []
    for chunk in plan.chunks:
        result = load.result(plan, chunk.number)
        assert result["rows_read"] == result["items_written"] + result["rejects"]
        assert sum(result["rejects_by_reason"].values()) == result["rejects"]
        lines = load.rejects(plan, chunk.number) if load.has(plan.rejects_key(chunk.number)) else []
        assert len(lines) == result["rejects"]
        found.append((result["rows_read"], result["items_written"], result["rejects"]))
    return found


def broken(load: Load, **more: Any) -> LoadPlan:
    """A hundred rows in three chunks, loaded; five rows of two chunks are rejects."""
    fill(load, 100)
    load.database.execute("UPDATE t SET name = '' WHERE id IN (2, 3, 5, 7, 90)")
    plan = load.plan("v", ITEM, chunks=THREE_CHUNKS)
    load.run()
    assert accounts(load, plan) == [(40, 36, 4), (40, 40, 0), (20, 19, 1)]
    return plan


def retry(load: Load, *more: str) -> None:
    load.run("--task", "retry-rejects", "--run-token", "run-2", *more)


@pytest.mark.parametrize("more", [(), ("--existing", "keep")])
def test_what_was_repaired_is_loaded_and_the_rest_stays_a_reject(load: Load, more: tuple[str, ...]) -> None:
    plan = broken(load)
    load.database.execute("UPDATE t SET name = CONCAT('name ', id) WHERE id IN (2, 3, 90); DELETE FROM t WHERE id = 5")
    retry(load, *more)
    assert accounts(load, plan) == [(39, 38, 1), (40, 40, 0), (20, 20, 0)]
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101) if n not in (5, 7)}
    assert [r["row"] for r in load.rejects(plan, 0)] == [{"id": "7"}]
    assert [load.result(plan, n)["vanished"] for n in range(3)] == [1, 0, 0]
    assert [load.result(plan, n)["run_token"] for n in range(3)] == ["run-2", "run-1", "run-2"]


def test_only_the_rejected_rows_are_read_and_written(load: Load) -> None:
    plan = broken(load)
    load.database.execute("UPDATE t SET name = 'changed'")
    retry(load)
    changed = {n for n, item in by_key(load.items()).items() if item["name"]["S"] == "changed"}
    assert changed == {2, 3, 5, 7, 90}
    assert accounts(load, plan) == [(40, 40, 0), (40, 40, 0), (20, 20, 0)]


def test_nothing_repaired_changes_nothing_but_who_looked(load: Load) -> None:
    plan = broken(load)
    before, items = accounts(load, plan), by_key(load.items())
    rejects = [load.rejects(plan, n) for n in (0, 2)]
    retry(load)
    assert (accounts(load, plan), by_key(load.items())) == (before, items)
    assert [sorted(load.rejects(plan, n), key=repr) for n in (0, 2)] == [sorted(r, key=repr) for r in rejects]


def test_a_repaired_row_overwrites_no_other_row(load: Load) -> None:
    """Repaired into a key that another row has: that item stays, and the row is a reject that says so."""
    load.create_table(("name", "S"))
    load.database.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50))")
    load.database.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    load.database.execute("CREATE VIEW v AS SELECT * FROM t")
    attributes = (Attribute("id", "N", FromColumn(0)), Attribute("name", "S", FromColumn(1)))
    item = replace(ITEM, columns=ITEM.columns[:2], attributes=attributes, keys=(Key("name", "S", "pk"),))
    plan = load.plan("v", item)
    load.run()
    load.database.execute("UPDATE t SET name = 'a' WHERE id = 3")
    retry(load)
    assert {i["name"]["S"]: i["id"]["N"] for i in load.items()} == {"a": "1", "b": "2"}
    assert accounts(load, plan) == [(3, 2, 1)]
    assert [(r["row"], r["reason"]) for r in load.rejects(plan)] == [({"id": "3"}, "key_taken")]


KEYS: dict[str, tuple[str, str, str]] = {
    "binary": ("VARBINARY(20)", Kind.BINARY, "x'00ff27', x'', '0x41'"),
    "text": ("VARCHAR(20) CHARACTER SET utf8mb4", Kind.TEXT, "'0x41', '', 'ü\\'%s\\n'"),
    "decimal": ("DECIMAL(30,10)", Kind.DECIMAL, "-1.5, 0, 99999999999999999999.0000000001"),
    "bit": ("BIT(12)", Kind.BIT, "b'0', b'100000000001', b'1'"),
    "datetime": ("DATETIME(6)", Kind.DATETIME, "'2024-02-29 00:00:00.000001', '1000-01-01', '9999-12-31 23:59:59'"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_rows_are_found_again_by_keys_of_every_kind(load: Load, kind: str) -> None:
    type_, column_kind, values = KEYS[kind]
    load.create_table(("n", "N"))
    load.database.execute(f"CREATE TABLE t (k {type_}, second INT, n INT, bad TEXT, PRIMARY KEY (k, second))")
    for number, value in enumerate(values.split(", ")):
        load.database.execute(f"INSERT INTO t VALUES ({value}, -{number}, {number}, 'x')")
    load.database.execute("CREATE VIEW v AS SELECT * FROM t")
    item = ItemPlan(
        columns=(Column("k", column_kind), Column("second", Kind.INTEGER), Column("n", Kind.INTEGER),
                 Column("bad", Kind.TEXT)),
        row_key=(0, 1),
        row_key_names=("k", "second"),
        attributes=(Attribute("n", "N", FromColumn(2)), Attribute("bad", "N", FromColumn(3))),
        keys=(Key("n", "N", "pk"),),
        chunk_columns=(0, 1),
    )  # fmt: skip
    plan = load.plan("v", item)
    load.run()
    assert accounts(load, plan) == [(3, 0, 3)]
    load.database.execute("UPDATE t SET bad = '7'")
    retry(load)
    assert accounts(load, plan) == [(3, 3, 0)]
    assert load.result(plan)["vanished"] == 0


@pytest.mark.once
def test_a_source_without_a_key_is_read_whole(load: Load) -> None:
    fill(load, 10)
    load.database.execute("UPDATE t SET name = '' WHERE id < 4")
    plan = load.plan("v", replace(ITEM, row_key=(), row_key_names=(), chunk_columns=()))
    load.run()
    load.database.execute("UPDATE t SET name = CONCAT('name ', id) WHERE id < 3")
    retry(load)
    assert accounts(load, plan) == [(10, 9, 1)]


@pytest.mark.once
def test_too_many_rejects_to_look_up_are_read_with_their_chunk(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_rejects, "MAX_KEYS", 3)
    plan = broken(load)
    load.database.execute("UPDATE t SET name = CONCAT('name ', id) WHERE name = ''")
    retry(load)
    assert accounts(load, plan) == [(40, 40, 0), (40, 40, 0), (20, 20, 0)]
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101)}


@pytest.mark.crash
@pytest.mark.once
@pytest.mark.parametrize(
    "dies_at",
    ["the first item", "the new rejects", "the new result", "the rejects of chunk 0", "the result of chunk 0"],
)
def test_a_retry_that_died_is_run_again(load: Load, dies_at: str) -> None:
    plan = broken(load)
    load.database.execute("UPDATE t SET name = CONCAT('name ', id) WHERE id IN (2, 3, 90); DELETE FROM t WHERE id = 5")
    marks = {
        "the first item": ("after-call.dynamodb.PutItem", ""),
        "the new rejects": ("after-call.s3.PutObject", "/accounts/chunk-00000000.jsonl"),
        "the new result": ("after-call.s3.PutObject", "/accounts/chunk-00000000.json"),
        "the rejects of chunk 0": ("after-call.s3.CopyObject", "/rejects/chunk-00000000"),
        "the result of chunk 0": ("before-call.s3.PutObject", "/results/chunk-00000000"),
    }
    event, path = marks[dies_at]

    def die(**found: Any) -> None:
        place = str(found.get("params", {}).get("url_path", "")) or str(found.get("context", {}))
        if path in place or not path:
            raise RuntimeError("killed")

    session: Any = boto3.DEFAULT_SESSION
    session.events.register(event, die)
    with pytest.raises(RuntimeError, match="killed"):
        retry(load)
    session.events.unregister(event, die)
    retry(load)
    assert accounts(load, plan) == [(39, 38, 1), (40, 40, 0), (20, 20, 0)]
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101) if n not in (5, 7)}


@pytest.mark.once
def test_a_chunk_that_was_never_loaded_is_loaded(load: Load) -> None:
    plan = broken(load)
    load.s3.delete_object(Bucket=load.bucket, Key=plan.result_key(1))
    retry(load)
    assert accounts(load, plan) == [(40, 36, 4), (40, 40, 0), (20, 19, 1)]


@pytest.mark.once
def test_rows_whose_keys_are_no_dates_are_found_again(load: Load) -> None:
    """ALLOW_INVALID_DATES lets them in, and MySQL refuses them as literals."""
    load.create_table(("n", "N"))
    load.database.execute("CREATE TABLE v (d DATE PRIMARY KEY, n INT, bad TEXT)")
    load.database.execute(
        "SET sql_mode = 'ALLOW_INVALID_DATES'; INSERT INTO v VALUES ('2020-02-31', 1, 'x'), ('2020-03-01', 2, '2')"
    )
    item = ItemPlan(
        columns=(Column("d", Kind.DATE), Column("n", Kind.INTEGER), Column("bad", Kind.TEXT)),
        row_key=(0,),
        row_key_names=("d",),
        attributes=(Attribute("n", "N", FromColumn(1)), Attribute("bad", "N", FromColumn(2))),
        keys=(Key("n", "N", "pk"),),
        chunk_columns=(0,),
    )
    plan = load.plan("v", item)
    load.run()
    assert accounts(load, plan) == [(2, 1, 1)]
    load.database.execute("UPDATE v SET bad = '7'")
    retry(load)
    assert accounts(load, plan) == [(2, 2, 0)]
