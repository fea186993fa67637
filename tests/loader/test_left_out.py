"""Rows that a load left out for another row's or item's sake: known again, and missed once that reason is gone."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Any

import boto3
import pytest

from core.items.plan import Attribute, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.preflight import collisions_key
from core.items.sources import FromColumn
from tests.loader.conftest import Load
from tests.loader.driven import SHAPES

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.once]

COLUMNS = (Column("id", Kind.INTEGER), Column("k", Kind.TEXT))
ATTRIBUTES = (Attribute("id", "N", FromColumn(0)), Attribute("k", "S", FromColumn(1)))
KEYS = (Key("k", "S", "pk"),)
ITEM = ItemPlan(COLUMNS, (0,), ("id",), ATTRIBUTES, KEYS, chunk_columns=(0,))
KINDS = ("missing", "extra", "differing", "colliding", "taken")
CHUNKS = (Chunk(0, None, ("2",), 2), Chunk(1, ("2",), None, 2))


def loaded(load: Load, rows: str, choose: str = "none", item: ItemPlan = ITEM, *more: str) -> LoadPlan:
    """A table of these rows, (id, k), loaded after a preflight in two chunks: ids to 2, and above."""
    load.create_table(("k", "S"))
    load.database.execute(f"CREATE TABLE v (id INT, k VARCHAR(9)); INSERT INTO v VALUES {rows}")
    plan = load.plan("v", item, chunks=CHUNKS if item.chunk_columns else ())
    load.run(*surveyed(load, plan, "t", choose), *more)
    return plan


def surveyed(load: Load, plan: LoadPlan, token: str, choose: str) -> list[str]:
    """What a load must be told of a preflight that is made now."""
    load.run("--task", "preflight", "--run-token", token, "--on-collision", choose)
    key = collisions_key(plan.prefix, token)
    return ["--collisions", key] if load.has(key) else []


def validated(load: Load, name: str, choose: str = "none") -> dict[str, Any]:
    load.run("--task", "validate", "--run-token", name, "--on-collision", choose)
    found: dict[str, Any] = json.loads(load.text(f"{load.prefix}validation/{name}/result.json"))
    return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    """The kinds of differences that were found, and what is accepted as a reject."""
    return {**{kind: found[kind] for kind in KINDS if found[kind]}, **found["rejects_by_reason"]}


def repaired(load: Load, name: str, *more: str) -> dict[str, int]:
    load.run("--task", "repair", "--validation", name, *more)
    done = json.loads(load.text(f"{load.prefix}validation/{name}/repair.json"))
    return {k: v for k, v in done.items() if k != "validation" and v}


def items(load: Load) -> dict[str, str]:
    return {item["k"]["S"]: item["id"]["N"] for item in load.items()}


def put(load: Load, k: str, id_: str) -> None:
    load.dynamodb.put_item(TableName=load.table, Item={"k": {"S": k}, "id": {"N": id_}})


def rejects(load: Load, plan: LoadPlan) -> list[tuple[str, str]]:
    """(row, reason) of every reject; each chunk's result has as many."""
    found = []
    for chunk in plan.chunks:
        lines = load.rejects(plan, chunk.number) if load.has(plan.rejects_key(chunk.number)) else []
        assert load.result(plan, chunk.number)["rejects"] == len(lines)
        found += [(line["row"]["id"], line["reason"]) for line in lines]
    return found


@pytest.mark.parametrize(("row_key", "names"), [((), ()), ((0,), ("id",))], ids=["no-key", "several-items-of-a-row"])
def test_the_very_rows_that_were_left_out_are_not_missed(
    load: Load, row_key: tuple[int, ...], names: tuple[str, ...]
) -> None:
    """The rows that share a key are read last; those before them have the same `row`, and are good."""
    item = ItemPlan(COLUMNS, row_key, names, ATTRIBUTES, KEYS, several_items=True)
    loaded(load, "(1,'a'), (2,'b'), (2,'c'), (1,'x'), (2,'x')", "none", item)
    assert sorted(items(load)) == ["a", "b", "c"]
    assert counts(validated(load, "v")) == {"key_collision": 2}


@pytest.mark.parametrize("change", ["UPDATE v SET k = 'z' WHERE id = 1", "DELETE FROM v WHERE id = 1"])
def test_a_row_whose_key_no_other_row_has_any_more_is_missed(load: Load, change: str) -> None:
    """The item under its key is of the row that was chosen: never extra, never deleted, and written over."""
    plan = loaded(load, "(1,'a'), (2,'a'), (3,'c')", "first")
    assert (items(load), counts(validated(load, "v-1", "first"))) == ({"a": "1", "c": "3"}, {"key_collision": 1})
    load.database.execute(change)
    moved = "UPDATE" in change
    found = validated(load, "v-2", "first")
    assert counts(found) == {"differing": 1, **({"missing": 1} if moved else {})}
    assert found["rejects"] == found["rejects_since_load"] == 0
    assert repaired(load, "v-2", "--delete-extra", "true") == {"written": 1 + moved}
    assert items(load) == {"a": "2", "c": "3", **({"z": "1"} if moved else {})}
    assert (rejects(load, plan), counts(validated(load, "v-3", "first"))) == ([], {})


def test_a_row_that_the_retry_kept_off_a_stale_item_gets_its_place(load: Load) -> None:
    """Retried before it is repaired: the item stands in its way, and is no extra one to be deleted."""
    plan = loaded(load, "(1,'a'), (2,'a'), (3,'c')", "first")
    load.database.execute("DELETE FROM v WHERE id = 1")
    load.run("--task", "retry-rejects", "--run-token", "r", *surveyed(load, plan, "t-2", "first"))
    assert rejects(load, plan) == [("2", "key_taken")]
    assert counts(validated(load, "v-1")) == {"taken": 1, "key_taken": 1}
    assert repaired(load, "v-1", "--delete-extra", "true", "--existing", "keep") == {"left": 1}
    assert items(load) == {"a": "1", "c": "3"}
    assert counts(validated(load, "v-2")) == {"taken": 1, "key_taken": 1}
    assert repaired(load, "v-2") == {"written": 1}
    assert items(load) == {"a": "2", "c": "3"}
    assert (rejects(load, plan), counts(validated(load, "v-3"))) == ([], {})


def test_rows_that_still_share_their_key_stay_rejects(load: Load) -> None:
    loaded(load, "(1,'a'), (2,'a'), (3,'a')")
    assert counts(validated(load, "v-1")) == {"key_collision": 3}
    load.database.execute("UPDATE v SET k = 'b' WHERE id = 3")
    assert counts(validated(load, "v-2")) == {"missing": 1, "key_collision": 2}
    load.database.execute("DELETE FROM v WHERE id = 1")
    assert counts(validated(load, "v-3")) == {"missing": 2}
    assert repaired(load, "v-3") == {"written": 2}
    assert (items(load), counts(validated(load, "v-4"))) == ({"a": "2", "b": "3"}, {})


def test_an_item_under_a_key_that_rejected_rows_share_is_neither_deleted_nor_replaced(load: Load) -> None:
    """Which of the rows it is to be is decided at the source."""
    loaded(load, "(1,'a'), (2,'a'), (3,'c')")
    put(load, "a", "77")
    assert counts(validated(load, "v-1")) == {"taken": 1, "key_collision": 2}
    assert repaired(load, "v-1", "--delete-extra", "true") == {"left": 1}
    assert items(load) == {"a": "77", "c": "3"}


def test_an_item_that_took_a_rows_key_may_go_or_become_the_rows(load: Load) -> None:
    load.create_table(("k", "S"))
    load.database.execute("CREATE TABLE v (id INT, k VARCHAR(9)); INSERT INTO v VALUES (1,'a'), (2,'b'), (3,'c')")
    plan = load.plan("v", ITEM, chunks=CHUNKS)
    for k in "abc":
        put(load, k, "99")
    load.run("--existing", "keep")
    assert rejects(load, plan) == [("1", "key_taken"), ("2", "key_taken"), ("3", "key_taken")]
    assert counts(validated(load, "v-1")) == {"taken": 3, "key_taken": 3}
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "a"}})
    put(load, "b", "2")
    found = validated(load, "v-2")
    assert counts(found) == {"missing": 1, "taken": 1, "key_taken": 1}
    assert found["compared"] == 1
    assert repaired(load, "v-2", "--existing", "keep") == {"written": 1, "left": 1}
    assert items(load) == {"a": "1", "b": "2", "c": "99"}
    load.run("--task", "retry-rejects", "--run-token", "r", "--existing", "keep")
    assert rejects(load, plan) == [("3", "key_taken")]
    assert counts(validated(load, "v-3")) == {"taken": 1, "key_taken": 1}


def test_in_a_table_without_a_key_one_reject_is_not_taken_for_another(load: Load) -> None:
    """As many as before, and yet the one is mended and the other's item would look as if it had no row."""
    item = ItemPlan(COLUMNS, (), (), ATTRIBUTES, KEYS)
    plan = loaded(load, "(1,''), (2,'b'), (3,'c'), (3,'')", "none", item)
    found = validated(load, "v-1")
    assert (found["rejects"], found["rejects_since_load"], counts(found)) == (2, 0, {"key_empty": 2})
    load.database.execute("UPDATE v SET k = IF(id = 1, 'a', '') WHERE id IN (1, 2)")
    found = validated(load, "v-2")
    assert (found["rejects"], found["rejects_since_load"]) == (2, 1)
    load.run("--task", "retry-rejects", "--run-token", "r")
    assert [line["values"]["k"] for line in load.rejects(plan)] == [""]
    found = validated(load, "v-3")
    assert (found["rejects"], found["rejects_since_load"]) == (2, 1), (
        "a retry makes no reject of a row that broke since"
    )


def test_a_match_that_cannot_be_an_item_keeps_no_repair_from_the_others(load: Load) -> None:
    """Items that a key join makes of one source row have its key in common."""
    item = ItemPlan(COLUMNS, (0,), ("id",), ATTRIBUTES, KEYS, several_items=True)
    loaded(load, "(1,'a'), (1,'b'), (1,'')", "none", item)
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "a"}})
    put(load, "b", "99")
    assert counts(validated(load, "v-1")) == {"missing": 1, "differing": 1, "key_empty": 1}
    assert repaired(load, "v-1") == {"written": 2}
    assert items(load) == {"a": "1", "b": "1"}
    load.database.execute("DELETE FROM v; INSERT INTO v VALUES (1,'a'), (1,''), (1,'c')")
    found = validated(load, "v-2")
    assert (counts(found), found["rejects_since_load"]) == ({"missing": 1, "extra": 1, "key_empty": 1}, 0)


def test_an_equal_match_of_a_row_is_told_from_the_one_that_was_left_out(load: Load) -> None:
    """Two matches of one row with one key: the first is the item, and the other is not taken for it."""
    columns, attributes = (*COLUMNS, Column("n", Kind.INTEGER)), (*ATTRIBUTES, Attribute("n", "N", FromColumn(2)))
    item = ItemPlan(columns, (0,), ("id",), attributes, KEYS, several_items=True)
    load.create_table(("k", "S"))
    load.database.execute("CREATE TABLE v (id INT, k VARCHAR(9), n INT); INSERT INTO v VALUES (1,'a',1), (1,'a',2)")
    plan = load.plan("v", item)
    load.run(*surveyed(load, plan, "t", "first"))
    assert [found["n"]["N"] for found in load.items()] == ["1"]
    assert counts(validated(load, "v-1")) == {"key_collision": 1}


WHOLE = SHAPES["read-whole"][0]


def with_numbers(load: Load, rows: str, choose: str = "none", *more: str, keyless: bool = False) -> LoadPlan:
    """The same of rows (id, k, n) that are read as one chunk; an n that is no number makes a reject."""
    load.create_table(("k", "S"))
    load.database.execute(f"CREATE TABLE v (id INT, k VARCHAR(9), n VARCHAR(9)); INSERT INTO v VALUES {rows}")
    plan = load.plan("v", replace(WHOLE, row_key=(), row_key_names=()) if keyless else WHOLE)
    load.run(*surveyed(load, plan, "t", choose), *more)
    return plan


def retried(load: Load, plan: LoadPlan, choose: str = "none", *more: str) -> None:
    token = secrets.token_hex(4)
    load.run("--task", "retry-rejects", "--run-token", token, *surveyed(load, plan, token, choose), *more)


def test_a_repair_writes_the_very_row_that_was_chosen(load: Load) -> None:
    """The others of its group are read before it."""
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE v (id INT, k VARCHAR(9), n VARCHAR(9));"
        "INSERT INTO v VALUES (1,'a','1'), (2,'a','2'), (3,'a','3'), (5,'c','5')"
    )
    put(load, "a", "99")
    plan = load.plan("v", WHOLE)
    load.run(*surveyed(load, plan, "t", "last"), "--existing", "keep")
    assert rejects(load, plan) == [("1", "key_collision"), ("2", "key_collision"), ("3", "key_taken")]
    assert counts(validated(load, "v-1", "last")) == {"taken": 1, "key_collision": 2, "key_taken": 1}
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "a"}})
    assert counts(validated(load, "v-2", "last")) == {"missing": 1, "key_collision": 2}
    assert repaired(load, "v-2", "--existing", "keep") == {"written": 1}
    assert items(load) == {"a": "3", "c": "5"}
    assert counts(validated(load, "v-3", "last")) == {"key_collision": 2}
    assert rejects(load, plan) == [("1", "key_collision"), ("2", "key_collision")]


def test_the_item_of_a_row_that_broke_is_the_last_of_it(load: Load) -> None:
    """Whether it was a reject before or not, whoever else would have its key, and whatever is asked of the repair."""
    plan = with_numbers(load, "(1,'a','x'), (2,'b','2'), (3,'b','3')", "first")
    load.database.execute("UPDATE v SET n = '1' WHERE id = 1")
    assert counts(validated(load, "v-1", "first")) == {"missing": 1, "key_collision": 1}
    assert repaired(load, "v-1") == {"written": 1}
    load.database.execute("UPDATE v SET n = 'oops' WHERE id IN (1, 2)")
    found = validated(load, "v-2", "first")
    assert (counts(found), found["rejects_since_load"], found["repairable"]) == (
        {"taken": 2, "not_a_number": 2, "key_collision": 1},
        2,
        0,
    )
    assert repaired(load, "v-2", "--delete-extra", "true") == {"left": 2}
    retried(load, plan, "first")
    assert items(load) == {"a": "1", "b": "2"}
    assert rejects(load, plan) == [("3", "key_taken")]
    assert validated(load, "v-3", "first")["rejects_since_load"] == 2
    load.database.execute("UPDATE v SET n = id")
    assert counts(validated(load, "v-4", "first")) == {"key_taken": 1}


def test_without_a_key_a_row_that_broke_is_no_accepted_reject_after_a_retry(load: Load) -> None:
    plan = with_numbers(load, "(1,'a','x'), (2,'b','2'), (5,'c','5')", keyless=True)
    load.database.execute("UPDATE v SET n = IF(id = 1, '1', 'x') WHERE id < 3")
    retried(load, plan)
    assert items(load) == {"a": "1", "b": "2", "c": "5"}
    found = validated(load, "v-1")
    assert (counts(found), found["rejects_since_load"]) == ({"taken": 1, "not_a_number": 1}, 1)
    assert repaired(load, "v-1", "--delete-extra", "true") == {"left": 1}


def test_a_row_that_was_loaded_before_others_took_its_key_stays_loaded(load: Load) -> None:
    plan = with_numbers(load, "(1,'a','x'), (5,'a','5')", keyless=True)
    assert items(load) == {"a": "5"}
    load.database.execute("UPDATE v SET n = '1' WHERE id = 1")
    assert counts(validated(load, "v-1")) == {"colliding": 1}
    retried(load, plan)
    assert items(load) == {"a": "5"}
    assert [line["reason"] for line in load.rejects(plan)] == ["key_collision"]
    assert counts(validated(load, "v-2")) == {"key_collision": 1}
    load.database.execute("UPDATE v SET n = '55' WHERE id = 5")
    assert counts(validated(load, "v-3")) == {"colliding": 1, "taken": 1, "key_collision": 1}


def test_of_several_rows_the_next_one_is_chosen_when_the_chosen_one_went(load: Load) -> None:
    plan = loaded(load, "(1,'a'), (2,'a'), (3,'a')", "first")
    load.database.execute("DELETE FROM v WHERE id = 1")
    assert counts(validated(load, "v-1", "first")) == {"differing": 1, "key_collision": 1}
    assert repaired(load, "v-1") == {"written": 1}
    assert (items(load), rejects(load, plan)) == ({"a": "2"}, [("3", "key_collision")])
    assert counts(validated(load, "v-2", "first")) == {"key_collision": 1}


def test_a_row_that_came_to_a_group_of_which_none_is_loaded_is_not_loaded(load: Load) -> None:
    plan = loaded(load, "(1,'a'), (2,'a'), (5,'c')")
    load.database.execute("INSERT INTO v VALUES (3, 'a')")
    found = validated(load, "v-1")
    assert (counts(found), found["repairable"]) == ({"colliding": 1, "key_collision": 2}, 0)
    assert repaired(load, "v-1") == {"left": 1}
    load.database.execute("UPDATE v SET k = 'd' WHERE id = 3")
    assert repaired(load, "v-1") == {"left": 1}
    assert (counts(validated(load, "v-2")), items(load)) == ({"missing": 1, "key_collision": 2}, {"c": "5"})
    assert rejects(load, plan) == [("1", "key_collision"), ("2", "key_collision")]


def test_without_a_key_rejects_that_changed_are_found_again(load: Load) -> None:
    """Rows that share a key and are in no item belong to the rejects, whatever else changed in them."""
    plan = with_numbers(load, "(1,'a','1'), (2,'a','2'), (5,'c','5')", keyless=True)
    load.database.execute("UPDATE v SET n = '9' WHERE id = 1")
    assert counts(validated(load, "v-1")) == {"colliding": 1, "key_collision": 1}
    assert repaired(load, "v-1") == {"left": 1}
    retried(load, plan)
    assert counts(validated(load, "v-2")) == {"key_collision": 2}
    assert items(load) == {"c": "5"}


def test_an_item_that_kept_a_row_out_is_written_again_when_it_is_lost(load: Load) -> None:
    plan = loaded(load, "(2,''), (3,'c')", "first")
    load.database.execute("UPDATE v SET k = 'c' WHERE id = 2")
    load.run("--task", "retry-rejects", "--run-token", "r")
    assert rejects(load, plan) == [("2", "key_taken")]
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "c"}})
    assert counts(validated(load, "v-1")) == {"missing": 1, "key_taken": 1}
    assert repaired(load, "v-1") == {"written": 1}
    assert items(load) == {"c": "3"}


def accounts(load: Load, plan: LoadPlan) -> tuple[int, int, int]:
    """Rows, items and rejects of all chunks."""
    found = [load.result(plan, chunk.number) for chunk in plan.chunks]
    return tuple(sum(result[name] for result in found) for name in ("rows_read", "items_written", "rejects"))


def test_beside_an_entity_of_several_items_a_retry_loads_rejected_rows_only(load: Load) -> None:
    """The other entity's rows have names: one that broke is no accepted reject, and its item stays."""
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE t (id INT, k VARCHAR(9), n VARCHAR(9));"
        "INSERT INTO t VALUES (1,'a','x'), (2,'b','2'), (3,'c','3'), (11,'p','11');"
        "CREATE VIEW v AS SELECT id, k, n, IF(id < 10, '0', '1') AS e FROM t"
    )
    plain = replace(WHOLE, chunk_columns=(0,), entity="0")
    several = replace(WHOLE, chunk_columns=(0,), entity="1", several_items=True)
    chunks = (Chunk(0, None, None, 3), Chunk(1, None, None, 1, 1))
    plan = load.plan("v", plain, several, chunks=chunks, entity_column="e")
    load.run(*surveyed(load, plan, "t", "none"))
    load.database.execute("UPDATE t SET k = IF(id = 2, '', 'b') WHERE id IN (2, 3)")
    retried(load, plan, "none", "--whole-chunks", "true")
    assert items(load) == {"b": "2", "c": "3", "p": "11"}
    found = validated(load, "v-1")
    assert (found["rejects_since_load"], found["repairable"]) == (1, 0)
    assert repaired(load, "v-1") == {"left": 2}
    assert items(load) == {"b": "2", "c": "3", "p": "11"}, "b may be the last of the row whose key is gone"


def test_no_item_is_written_over_while_a_row_is_lost_whose_key_broke(load: Load) -> None:
    plan = loaded(load, "(1,'a'), (2,'a'), (3,'c')", "first")
    load.database.execute("UPDATE v SET k = '' WHERE id = 1")
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "c"}})
    found = validated(load, "v-1", "first")
    assert counts(found) == {"differing": 1, "missing": 1, "key_empty": 1}
    assert (found["rejects_since_load"], found["repairable"]) == (1, 1)
    assert repaired(load, "v-1") == {"written": 1, "left": 1}
    assert items(load) == {"a": "1", "c": "3"}
    load.database.execute("UPDATE v SET k = 'z' WHERE id = 1")
    assert counts(validated(load, "v-2", "first")) == {"differing": 1, "missing": 1}
    assert repaired(load, "v-2") == {"written": 2}
    assert (items(load), rejects(load, plan)) == ({"a": "2", "z": "1", "c": "3"}, [])


@pytest.mark.parametrize(
    ("rows", "change", "after"),
    [
        ("(1,'a','1'), (2,'b','x'), (5,'c','5')", "lose a", (3, 2, 1)),
        ("(1,'','1'), (2,'b','2'), (5,'c','5')", "UPDATE v SET k = 'd' WHERE id = 5", (3, 2, 1)),
        ("(7,'','7'), (5,'c','5')", "UPDATE v SET k = 'z' WHERE id = 7", (2, 2, 0)),
        ("(7,'','7'), (5,'c','5')", "DELETE FROM v WHERE id = 7", (1, 1, 0)),
        ("(1,'a','1'), (1,'a','1'), (5,'c','5')", "DELETE FROM v WHERE id = 1 LIMIT 1", (2, 2, 0)),
        ("(7,'','7'), (5,'c','5')", "INSERT INTO v VALUES (8, 'e', '8')", (3, 2, 1)),
    ],
    ids=["lost", "moved", "mended", "deleted", "equal", "new"],
)
@pytest.mark.parametrize("repair_first", [True, False])
def test_rows_without_a_key_are_accounted_for_by_their_number(
    load: Load, rows: str, change: str, after: tuple[int, int, int], *, repair_first: bool
) -> None:
    plan = with_numbers(load, rows, keyless=True)
    if change.startswith("lose"):
        load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "a"}})
    else:
        load.database.execute(change)
    for name in ("v-1", "v-2"):
        if repair_first or name == "v-2":
            validated(load, name)
            repaired(load, name, "--delete-extra", "true")
        retried(load, plan)
    found = validated(load, "v-3")
    assert {kind: found[kind] for kind in KINDS if found[kind]} == {}
    assert (found["rejects"], found["rejects_since_load"]) == (after[2], 0)
    assert accounts(load, plan) == after
    assert (found["rows_in_view"], found["compared"]) == after[:2]


@pytest.mark.parametrize("dies_at", ["/accounts/chunk-00000000.jsonl", "/accounts/chunk-00000000.json", "/results/"])
def test_a_retry_without_keys_that_died_counts_no_row_twice(load: Load, dies_at: str) -> None:
    plan = with_numbers(load, "(1,'a','x'), (2,'','2'), (3,'c','3'), (4,'d','x'), (5,'e','5')", keyless=True)
    load.database.execute("UPDATE v SET n = id WHERE id < 4; UPDATE v SET k = 'b' WHERE id = 2")

    def die(params: dict[str, Any], **_: Any) -> None:
        if dies_at in params["url_path"]:
            raise RuntimeError("killed")

    events: Any = boto3.DEFAULT_SESSION.events  # type: ignore[union-attr]
    events.register("before-call.s3.PutObject", die)
    with pytest.raises(RuntimeError, match="killed"):
        retried(load, plan)
    events.unregister("before-call.s3.PutObject", die)
    retried(load, plan)
    assert accounts(load, plan) == (5, 4, 1)
    assert counts(validated(load, "v-1")) == {"not_a_number": 1}


@pytest.mark.parametrize("n", ["1", "2"], ids=["equal", "another"])
def test_a_match_of_a_row_that_is_an_item_already_stays_left_out(load: Load, n: str) -> None:
    """Of two matches of one source row with one key the first is the item, whatever is done again."""
    item = replace(WHOLE, several_items=True)
    load.create_table(("k", "S"))
    load.database.execute("CREATE TABLE v (id INT, k VARCHAR(9), n VARCHAR(9))")
    load.database.execute(f"INSERT INTO v VALUES (1,'a','1'), (1,'a','{n}'), (5,'c','5')")
    plan = load.plan("v", item)
    load.run(*surveyed(load, plan, "t", "first"))
    assert (rejects(load, plan), counts(validated(load, "v-1", "first"))) == (
        [("1", "key_collision")],
        {"key_collision": 1},
    )
    retried(load, plan, "first")
    assert rejects(load, plan) == [("1", "key_collision")]
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "a"}})
    assert counts(validated(load, "v-2", "first")) == {"missing": 1, "key_collision": 1}
    assert repaired(load, "v-2") == {"written": 1}
    assert rejects(load, plan) == [("1", "key_collision")]
    assert counts(validated(load, "v-3", "first")) == {"key_collision": 1}


def test_items_of_others_under_keys_of_rejected_rows_stay(load: Load) -> None:
    """Also when an item of ours, which is written over, is said to be."""
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE v (id INT, k VARCHAR(9)); INSERT INTO v VALUES (1,'a'), (2,'a'), (3,'a'), (5,'c')"
    )
    put(load, "a", "90")
    plan = load.plan("v", replace(ITEM, chunk_columns=()))
    load.run(*surveyed(load, plan, "t", "first"), "--existing", "keep")
    assert sorted(rejects(load, plan)) == [("1", "key_taken"), ("2", "key_collision"), ("3", "key_collision")]
    put(load, "c", "77")
    load.database.execute("DELETE FROM v WHERE id = 1")
    load.run("--task", "validate", "--run-token", "v", "--on-collision", "first", "--existing", "keep")
    found = json.loads(load.text(f"{load.prefix}validation/v/result.json"))
    assert counts(found) == {"differing": 1, "taken": 1, "key_collision": 1}
    assert (found["repairable"], found["claims"], found["rejects"]) == (1, 0, 1)
    assert repaired(load, "v", "--claims", "false", "--existing", "overwrite") == {"written": 1, "left": 1}
    assert items(load) == {"a": "90", "c": "5"}
    retried(load, plan, "first", "--existing", "keep")
    assert sorted(rejects(load, plan)) == [("2", "key_taken"), ("3", "key_collision")]
    assert counts(validated(load, "v-2", "first")) == {"taken": 1, "key_taken": 1, "key_collision": 1}


def test_the_item_under_the_key_of_a_rejected_row_may_be_its_own(load: Load) -> None:
    """An attempt whose accounts were lost wrote it, before the row broke: it is the last that is left of it."""
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE v (id INT, k VARCHAR(9), n VARCHAR(9)); INSERT INTO v VALUES (1,'a','1'), (2,'b','2')"
    )
    plan = load.plan("v", WHOLE)
    load.run()
    load.s3.delete_object(Bucket=load.bucket, Key=plan.result_key(0))
    load.database.execute("UPDATE v SET n = 'x' WHERE id = 1")
    load.run("--run-token", "run-2")
    found = validated(load, "v-1")
    assert (counts(found), found["rejects_since_load"]) == ({"taken": 1, "not_a_number": 1}, 0)
    assert repaired(load, "v-1", "--delete-extra", "true") == {"left": 1}
    load.database.execute("UPDATE v SET k = 'a' WHERE id = 2")
    found = validated(load, "v-2")
    assert (found["differing"], found["repairable"]) == (1, 0)
    assert repaired(load, "v-2") == {"left": 2}
    assert items(load) == {"a": "1", "b": "2"}


def test_of_rows_with_and_without_a_key_one_with_a_key_is_chosen(load: Load) -> None:
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE t (id INT, k VARCHAR(9), n VARCHAR(9)); INSERT INTO t VALUES (1,'a','1'), (11,'a','11');"
        "CREATE VIEW v AS SELECT id, k, n, IF(id < 10, '0', '1') AS e FROM t"
    )
    keyed, other = replace(WHOLE, entity="0"), replace(WHOLE, row_key=(), row_key_names=(), entity="1")
    plan = load.plan("v", keyed, other, chunks=(Chunk(0, None, None, 1), Chunk(1, None, None, 1, 1)), entity_column="e")
    load.run(*surveyed(load, plan, "t", "first"))
    assert (items(load), counts(validated(load, "v-1", "first"))) == ({"a": "1"}, {"key_collision": 1})
    load.dynamodb.delete_item(TableName=load.table, Key={"k": {"S": "a"}})
    assert counts(validated(load, "v-2", "first")) == {"missing": 1, "key_collision": 1}
    assert repaired(load, "v-2") == {"written": 1}
    assert items(load) == {"a": "1"}
