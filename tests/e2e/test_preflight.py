"""Rows that cannot become items: refused before anything is written, repaired and resumed; or kept aside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

BROKEN = [
    (1, "a", "1", "{}"),
    (2, "A", "2", "{}"),
    (3, "a", "3", "{}"),
    (4, None, "4", "{}"),
    (5, "", "5", "{}"),
    (6, "long" * 600, "6", "{}"),
    (7, "b", "seven", "{}"),
    (8, "c", "9" * 39, "{}"),
    (9, "d", "9", "[]"),
    (10, "good", "10", '{"x": 1}'),
    (11, "a", "11", "{}"),
]
TABLE: dict[str, Any] = {
    "table": "Broken",
    "type": "single-entity",
    "source_table": "broken",
    "pk": "k",
    "attributes": [plain("k", "S"), plain("id", "N"), plain("n", "N"), plain("j", "M")],
}
REASONS = {
    "key_collision": 3, "key_null": 1, "key_empty": 1, "key_too_long": 1, "not_a_number": 1, "number_too_precise": 1,
    "json_wrong_shape": 1,
}  # fmt: skip


def fill(database: Database) -> None:
    database.execute("CREATE TABLE broken (id INT PRIMARY KEY, k VARCHAR(3000), n VARCHAR(50), j TEXT)")
    for row in BROKEN:
        database.execute("INSERT INTO broken VALUES (%s, %s, %s, %s)", *row)


def found(result: dict[str, Any]) -> dict[str, int]:
    (looked,) = result["preflights"]
    assert looked["tier"] == "run"
    return {finding["reason"]: finding["count"] for finding in looked["findings"]}


def test_broken_rows_refuse_their_table_until_they_are_repaired(ferry: Ferry, database: Database) -> None:
    fill(database)
    refused = ferry.result("run", ferry.contract(TABLE), code=1)
    assert found(refused) == REASONS
    (problem,) = refused["problems"]
    assert "key_collision: 3 rows with 1 key (id='1' = id='3' = id='11')" in problem["error"]
    assert "--rejects keep" in problem["remedy"]
    assert ferry.items("Broken") == []
    assert r"key\_collision (1 key)" in ferry.run("report", refused["migration_id"]).stdout
    database.execute("UPDATE broken SET k = CONCAT('k', id), n = '1', j = '{}'")
    resumed = ferry.result("resume")
    assert found(resumed) == {}
    assert len(ferry.items("Broken")) == len(BROKEN)


def test_broken_rows_are_kept_aside_and_one_of_each_shared_key_is_chosen(ferry: Ferry, database: Database) -> None:
    """The choice comes with the resume of a migration that was refused, and is recorded."""
    fill(database)
    refused = ferry.result("run", ferry.contract(TABLE), code=1)
    wrong = ferry.result("resume", "--on-collision", "last", code=2)
    assert "--rejects keep" in wrong["error"]["remedy"]
    kept = ferry.result("resume", "--rejects", "keep", "--on-collision", "last", code=3)
    assert {item["k"]["S"]: int(item["id"]["N"]) for item in ferry.items("Broken")} == {"a": 11, "A": 2, "good": 10}
    (check,) = kept["validation"]
    assert check["passed"]
    assert check["rows_in_view"] == len(BROKEN) == check["items_written"] + check["rejects"]
    assert check["rejects_by_reason"] == REASONS | {"key_collision": 2}
    lines = rejects(ferry, refused["migration_id"])
    assert {(int(line["row"]["id"]), line["reason"]) for line in lines} == {
        *((1, "key_collision"), (3, "key_collision"), (4, "key_null"), (5, "key_empty"), (6, "key_too_long")),
        *((7, "not_a_number"), (8, "number_too_precise"), (9, "json_wrong_shape")),
    }
    values = {int(line["row"]["id"]): line["values"] for line in lines}
    assert (values[1], values[7], values[4]) == ({"k": "a"}, {"n": "seven"}, {"k": None})


def rejects(ferry: Ferry, migration: str) -> list[dict[str, Any]]:
    """Every line of the rejects' objects."""
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    prefix = f"{ferry.environment['TABLEFERRY_KEY_PREFIX']}migrations/{migration}/Broken/rejects/"
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    bodies = (s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys)
    return [json.loads(line) for body in bodies for line in body.split("\n") if line]
