"""Rejected rows as users meet them: shown, repaired at the source, loaded again; and tables that hold others' items."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

PRICES: dict[str, Any] = {
    "table": "Prices",
    "type": "single-entity",
    "source_table": "prices",
    "pk": "id",
    "attributes": [plain("id", "N"), plain("price", "N"), plain("note", "S")],
}
ROWS = 60


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    """Sixty rows in six chunks; the prices of four are no numbers."""
    database.execute("CREATE TABLE prices (id INT PRIMARY KEY, price VARCHAR(20), note VARCHAR(20))")
    values = ", ".join(f"({n}, '{n}.50', 'note {n}')" for n in range(ROWS))
    database.execute(f"INSERT INTO prices VALUES {values}")
    database.execute("UPDATE prices SET price = '1,50' WHERE id IN (3, 17, 18, 59)")
    ferry.environment["TABLEFERRY_ROWS_PER_CHUNK"] = "10"
    return ferry.contract(PRICES)


def item(number: int, **more: dict[str, str]) -> dict[str, Any]:
    return {"id": {"N": str(number)}, "price": {"N": f"{number}.5"}, "note": {"S": f"note {number}"}, **more}


def items(ferry: Ferry) -> dict[int, Any]:
    return {int(found["id"]["N"]): found for found in ferry.items("Prices")}


def test_rejected_rows_are_shown_repaired_and_loaded(ferry: Ferry, database: Database, contract: str) -> None:
    """The whole way of bad rows: kept aside, looked at, mended at the source (one deleted there), and loaded."""
    first = ferry.result("run", contract, "--rejects", "keep", code=3)
    assert first["metrics"]["rejects"] == 4
    shown = ferry.result("rejects", first["migration_id"], "--limit", "3")
    assert (shown["rejects"], shown["tables"], shown["truncated"]) == (4, {"Prices": {"not_a_number": 4}}, True)
    assert [row["row"] for row in shown["rows"]] == [{"id": "3"}, {"id": "17"}, {"id": "18"}]
    assert shown["rows"][0]["values"] == {"price": "1,50"}
    written = ferry.home / "rejects.jsonl"
    text = ferry.run("rejects", "--table", "Prices", "--output-file", str(written)).stdout
    assert "not_a_number" in text
    assert [json.loads(line)["row"]["id"] for line in written.read_text().splitlines()] == ["3", "17", "18", "59"]

    database.execute("UPDATE prices SET price = CONCAT(id, '.50') WHERE id <> 59; DELETE FROM prices WHERE id = 59")
    again = ferry.result("retry-rejects")
    assert again["migration_id"] == first["migration_id"]
    (check,) = again["validation"]
    assert (check["passed"], check["rows_in_view"], check["items_written"], check["rejects"]) == (True, 59, 59, 0)
    assert items(ferry) == {n: item(n) for n in range(ROWS) if n != 59}
    resumed = ferry.result("resume", first["migration_id"])
    moments = ("finished_at", "seconds")  # the checkpoint's own, a few milliseconds after the first report's
    assert {k: v for k, v in resumed.items() if k not in moments} == {
        k: v for k, v in again.items() if k not in moments
    }


def test_items_of_others_stay_as_they_are(ferry: Ferry, database: Database, contract: str) -> None:
    """Free keys are loaded, equal items count, other items stay, unless they may be overwritten."""
    database.execute("UPDATE prices SET price = CONCAT(id, '.50')")
    ferry.result("run", contract)
    dynamodb, table = ferry.client("dynamodb"), f"{ferry.prefix}Prices"
    dynamodb.delete_item(TableName=table, Key={"id": {"N": "5"}})
    theirs = {7: item(7, whose={"S": "theirs"}), 700: item(700)}
    for one in theirs.values():
        dynamodb.put_item(TableName=table, Item=one)
    expected = {n: item(n) for n in range(ROWS)} | theirs

    kept = ferry.result("run", contract, "--into-nonempty", "--rejects", "keep", code=3)
    assert items(ferry) == expected
    (check,) = kept["validation"]
    assert (check["passed"], check["items_written"], check["rejects_by_reason"]) == (True, 59, {"key_taken": 1})
    (row,) = ferry.result("rejects")["rows"]
    assert (row["row"], row["reason"]) == ({"id": "7"}, "key_taken")

    ferry.result("run", contract, "--into-nonempty", "--overwrite")
    assert items(ferry) == expected | {7: item(7)}


def test_a_row_left_out_for_another_is_missed_when_that_one_moved(ferry: Ferry, database: Database) -> None:
    """Validation and repair as users meet them: at no time is the table validated without the row."""
    database.execute("CREATE TABLE prices (id INT PRIMARY KEY, price VARCHAR(20), note VARCHAR(20))")
    database.execute("INSERT INTO prices VALUES (1, '1', 'a'), (2, '2', 'a'), (3, '3', 'c')")
    options = ("--rejects", "keep", "--on-collision", "first")
    first = ferry.result("run", ferry.contract({**PRICES, "pk": "note"}), *options, code=3)
    by_note = {found["note"]["S"]: found["id"]["N"] for found in ferry.items("Prices")}
    assert by_note == {"a": "1", "c": "3"}

    database.execute("UPDATE prices SET note = 'z' WHERE id = 1")
    found = ferry.result("validate", "--mode", "full", code=1)
    (check,) = found["tables"]
    assert (check["missing"], check["differing"], check["extra"], check["taken"]) == (1, 1, 0, 0)
    (problem,) = found["problems"]
    assert "1 rejects of the load are none now" in problem["error"]
    assert "repair" in problem["remedy"]
    repaired = ferry.result("repair", "--delete-extra")
    (check,) = repaired["tables"]
    assert (check["repair"]["written"], check["repair"]["deleted"], check["state"]) == (2, 0, "validated")
    assert (check["rows_in_view"], check["items_written"], check["rejects"]) == (3, 3, 0)
    assert ferry.result("rejects", first["migration_id"])["rejects"] == 0
    assert ferry.result("report", first["migration_id"])["exit_code"] == 0
    assert {item["note"]["S"]: item["id"]["N"] for item in ferry.items("Prices")} == {"z": "1", "a": "2", "c": "3"}
    assert ferry.result("validate", "--mode", "counts")["equal"]


def test_a_table_that_two_migrations_loaded_into_is_told_what_helps(
    ferry: Ferry, database: Database, contract: str
) -> None:
    """The first one made it, the second loaded beside its items: neither takes the other's for wrong."""
    database.execute("UPDATE prices SET price = CONCAT(id, '.50')")
    first = ferry.result("run", contract)["migration_id"]
    ferry.result("run", contract, "--into-nonempty")
    dynamodb, table = ferry.client("dynamodb"), f"{ferry.prefix}Prices"
    for one in (item(7, whose={"S": "theirs"}), item(700)):
        dynamodb.put_item(TableName=table, Item=one)
    found = ferry.result("validate", first, "--mode", "full", code=1)
    (check,) = found["tables"]
    assert (check["differing"], check["extra"], check["message"]) == (1, 1, "1 items differ from their rows")
    (problem,) = found["problems"]
    assert "--overwrite" in problem["remedy"]
    assert "--delete-extra" not in problem["remedy"]
    assert only_repair(ferry.result("repair", first, code=1))["left"] == 2
    assert only_repair(ferry.result("repair", first, "--overwrite"))["written"] == 1


def only_repair(document: dict[str, Any]) -> dict[str, Any]:
    (check,) = document["tables"]
    done: dict[str, Any] = check["repair"]
    return done
