"""The preflight's run and the load after it, on a real server and table: of rows with one key, which is loaded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.loader.control import Control
from adapters.loader.errors import StopRequestedError
from adapters.loader.rows import RowReader
from adapters.loader.survey_store import SurveyStore
from core.items.collisions import Collisions
from core.items.plan import Chunk, ItemPlan, LoadPlan
from core.items.preflight import collisions_key, progress_key, result_key
from tests.loader.conftest import Load
from tests.loader.driven import ITEM

pytestmark = [pytest.mark.server, pytest.mark.aws]

# Ids whose text order is not their order: 9 comes before 10.
ROWS = [(9, "a", "1"), (10, "a", "2"), (100, "a", "x"), (11, "b", "3"), (2, "c", "4"), (30, "c", "5"), (4, "c", "6")]


def fill(load: Load) -> LoadPlan:
    """The rows, read in three chunks."""
    load.create_table(("k", "S"))
    load.database.execute("CREATE TABLE v (id INT PRIMARY KEY, k VARCHAR(9), n VARCHAR(9))")
    for row in ROWS:
        load.database.execute("INSERT INTO v VALUES (%s, %s, %s)", *row)
    chunks = (Chunk(0, None, ("9",), 3), Chunk(1, ("9",), ("11",), 2), Chunk(2, ("11",), None, 2))
    return load.plan("v", ITEM, chunks=chunks)


def preflight(load: Load, plan: LoadPlan, *more: str) -> dict[str, Any]:
    """Run the task and read its result."""
    load.run("--task", "preflight", "--run-token", "t", *more)
    result: dict[str, Any] = json.loads(load.text(result_key(plan.prefix, "t")))
    return result


def loaded(load: Load, plan: LoadPlan) -> dict[str, str]:
    """Load with what the preflight left: key to the id of the row that was loaded."""
    load.run("--run-token", "t", "--collisions", collisions_key(plan.prefix, "t"))
    return {item["k"]["S"]: item["id"]["N"] for item in load.items()}


def test_a_preflight_counts_names_and_writes_no_item(load: Load) -> None:
    plan = fill(load)
    found = preflight(load, plan)
    assert load.items() == []
    assert (found["rows"], found["view_hash"]) == (7, "hash-1")
    shared, number = found["findings"]
    assert number == {
        "reason": "not_a_number",
        "attribute": "n",
        "message": "the text is not a number",
        "count": 1,
        "rows": [{"id": "100"}],
    }
    assert (shared["reason"], shared["count"], shared["keys"]) == ("key_collision", 5, 2)
    groups = [sorted(row["row"]["id"] for row in group["rows"]) for group in shared["groups"]]
    assert sorted(groups) == [["10", "9"], ["2", "30", "4"]]
    assert found["peak_memory_bytes"] > 1_000_000
    said = json.loads(load.text(progress_key(plan.prefix, "t")))
    assert (said["activity"], said["total"]) == ("preflight", 7)
    assert 3 <= said["done"] <= 7


@pytest.mark.parametrize(
    ("choose", "items"),
    [("none", {"b": "11"}), ("first", {"a": "9", "b": "11", "c": "2"}), ("last", {"a": "10", "b": "11", "c": "30"})],
)
def test_of_rows_with_one_key_the_chosen_one_is_loaded(load: Load, choose: str, items: dict[str, str]) -> None:
    plan = fill(load)
    preflight(load, plan, "--on-collision", choose)
    assert loaded(load, plan) == items
    results = [load.result(plan, number) for number in range(3)]
    assert sum(r["rows_read"] for r in results) == 7 == sum(r["items_written"] + r["rejects"] for r in results)
    rejects = [line for n in range(3) if load.result(plan, n)["rejects"] for line in load.rejects(plan, n)]
    reasons = {line["row"]["id"]: line["reason"] for line in rejects}
    assert reasons.pop("100") == "not_a_number"
    assert set(reasons.values()) == {"key_collision"}
    assert reasons.keys() == {str(id_) for id_, *_ in ROWS} - {"100"} - set(items.values())


def test_keys_that_are_proved_to_be_distinct_are_not_collected(load: Load) -> None:
    plan = fill(load)
    found = preflight(load, plan, "--distinct-keys", "true")
    assert [finding["reason"] for finding in found["findings"]] == ["not_a_number"]
    assert not [key for key in load.keys() if "collisions" in key]  # noqa: SIM118 - a method of ours


def test_rows_without_a_key_of_their_own_have_no_first(load: Load) -> None:
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE v (id INT, k VARCHAR(9), n VARCHAR(9)); INSERT INTO v VALUES (1,'a','1'), (2,'a','1')"
    )
    keyless = ItemPlan(ITEM.columns, (), (), ITEM.attributes, ITEM.keys)
    plan = load.plan("v", keyless)
    preflight(load, plan, "--on-collision", "first")
    packed = load.s3.get_object(Bucket=load.bucket, Key=collisions_key(plan.prefix, "t"))["Body"].read()
    assert len(Collisions.from_bytes(packed)) == 1
    assert loaded(load, plan) == {}
    assert load.result(plan)["rejects_by_reason"] == {"key_collision": 2}


def test_matches_of_one_source_row_with_one_key_are_one_item(load: Load) -> None:
    """A key join made two view rows of source row 1, and one of row 2, all with one key."""
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE w (m INT PRIMARY KEY, id INT, k VARCHAR(9), n VARCHAR(9));"
        "INSERT INTO w VALUES (1, 1, 'a', '1'), (2, 1, 'a', '2'), (3, 2, 'a', '3');"
        "CREATE VIEW v AS SELECT id, k, n FROM w"
    )
    plan = load.plan("v", ITEM)
    preflight(load, plan, "--on-collision", "first")
    assert loaded(load, plan) == {"a": "1"}
    assert (load.result(plan)["items_written"], load.result(plan)["rejects"]) == (1, 2)


def killed_at(monkeypatch: pytest.MonkeyPatch, chunk: int, error: Exception) -> list[int]:
    """From now on a preflight keeps every chunk, and ends in front of this one; the chunks that are read."""
    monkeypatch.setattr(SurveyStore, "is_due", lambda *_: True)
    read: list[int] = []
    original = RowReader.read

    def reading(reader: RowReader, at: Chunk) -> Any:
        if at.number == chunk:
            raise error
        read.append(at.number)
        return original(reader, at)

    monkeypatch.setattr(RowReader, "read", reading)
    return read


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_a_killed_preflight_goes_on_where_it_was(load: Load, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    plan = fill(load)
    load.database.execute("UPDATE v SET n = 'x' WHERE id IN (11, 30)")
    whole = preflight(load, plan, "--on-collision", "first")
    packed = load.s3.get_object(Bucket=load.bucket, Key=collisions_key(plan.prefix, "t"))["Body"].read()
    again = ("--task", "preflight", "--run-token", "t2", "--survey", "s", "--on-collision", "first")
    with monkeypatch.context() as dying:
        killed_at(dying, chunk, RuntimeError("killed"))
        with pytest.raises(RuntimeError, match="killed"):
            load.run(*again)
    read = killed_at(monkeypatch, 3, AssertionError())
    load.run(*again)
    assert read == [*range(chunk, 3)]
    found = json.loads(load.text(result_key(plan.prefix, "s")))
    for name in ("rows", "findings"):
        assert found[name] == whole[name]
    assert load.s3.get_object(Bucket=load.bucket, Key=collisions_key(plan.prefix, "s"))["Body"].read() == packed
    parts = [key for key in load.keys() if "/parts/" in key]  # noqa: SIM118 - a method of ours
    assert len(parts) == 3
    assert {load.text(load.prefix + key) for key in parts} == {""}, "the keys of a survey that is over take room"


def test_findings_of_a_preflight_that_died_are_not_believed_by_another(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever started the other may have mended the rows; those that were found good are."""
    plan = fill(load)
    load.database.execute("UPDATE v SET n = 'x' WHERE id = 11; DELETE FROM v WHERE id = 100")
    for token, chunk in (("t", 2), ("t2", 1)):
        with monkeypatch.context() as dying:
            killed_at(dying, chunk, RuntimeError("killed"))
            with pytest.raises(RuntimeError, match="killed"):
                load.run("--task", "preflight", "--run-token", token, "--survey", "s")
    load.database.execute("UPDATE v SET n = '1'")
    read = killed_at(monkeypatch, 3, AssertionError())
    load.run("--task", "preflight", "--run-token", "t3", "--survey", "s", "--distinct-keys", "false")
    assert read == [1, 2, 0, 1, 2], "the second one began anew, and what it saw is believed while nothing is found"
    found = json.loads(load.text(result_key(plan.prefix, "s")))
    assert (found["rows"], [finding["reason"] for finding in found["findings"]]) == (6, ["key_collision"])


def test_a_preflight_that_looks_in_another_way_begins_anew(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that proved the keys to be distinct was dropped meanwhile: their keys were not kept."""
    plan = fill(load)
    load.database.execute("UPDATE v SET n = '1'")
    with monkeypatch.context() as dying:
        killed_at(dying, 2, RuntimeError("killed"))
        with pytest.raises(RuntimeError, match="killed"):
            load.run("--task", "preflight", "--run-token", "t", "--distinct-keys", "true")
    found = preflight(load, plan)
    assert [finding["count"] for finding in found["findings"]] == [6]


def test_a_preflight_that_is_asked_to_end_keeps_what_it_saw(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fill(load)
    with monkeypatch.context() as ending:
        read = killed_at(ending, 3, AssertionError())
        ending.setattr(SurveyStore, "is_due", lambda *_: False)
        ending.setattr(Control, "go_on", lambda _: _ended(read))
        load.run("--task", "preflight", "--run-token", "t")
    assert read == [0, 1]
    assert not load.has(result_key(plan.prefix, "t"))
    read = killed_at(monkeypatch, 3, AssertionError())
    assert preflight(load, plan)["rows"] == 7
    assert read == [2]


def _ended(read: list[int]) -> None:
    if len(read) == 2:
        raise StopRequestedError("pause")


def test_keys_that_a_preflight_that_died_saw_shared_are_looked_at_again(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row that has one of them was mended before the next one."""
    load.create_table(("k", "S"))
    load.database.execute("CREATE TABLE v (id INT PRIMARY KEY, k VARCHAR(9), n VARCHAR(9))")
    load.database.execute("INSERT INTO v VALUES (1, 'a', '1'), (10, 'b', '1'), (20, 'a', '1')")
    plan = load.plan("v", ITEM, chunks=(Chunk(0, None, ("9",), 1), Chunk(1, ("9",), None, 2)))
    with monkeypatch.context() as dying:
        killed_at(dying, 1, RuntimeError("killed"))
        with pytest.raises(RuntimeError, match="killed"):
            load.run("--task", "preflight", "--run-token", "t", "--survey", "s")
    load.database.execute("UPDATE v SET k = 'z' WHERE id = 1")
    read = killed_at(monkeypatch, 2, AssertionError())
    load.run("--task", "preflight", "--run-token", "t2", "--survey", "s")
    assert read == [1, 0, 1]
    assert json.loads(load.text(result_key(plan.prefix, "s")))["findings"] == []
