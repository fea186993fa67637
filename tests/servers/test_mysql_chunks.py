"""Chunks of real tables: every row in exactly one, whatever the key's type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Database
from tests.servers.conftest import Caller

pytestmark = pytest.mark.server


def plan(source: Caller, table: str, keys: list[str], rows: int, **limits: Any) -> list[dict[str, Any]]:
    bounds: list[dict[str, Any]] = []
    while True:
        after = bounds[-1]["upper"] if bounds else None
        part = source.answer(
            "mysql_plan_chunks", table=table, key_columns=keys, rows_per_chunk=rows, after=after, **limits
        )
        bounds += part["bounds"]
        if part["complete"]:
            return bounds


def test_bounds_cover_the_table_exactly_once(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES " + ",".join(f"({i})" for i in range(-3, 20, 2)))
    bounds = plan(source, "t", ["id"], 5)
    assert bounds == [{"upper": ["5"], "rows": 5}, {"upper": ["15"], "rows": 5}, {"upper": ["19"], "rows": 2}]


def test_a_last_chunk_that_is_full_is_the_last(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3), (4)")
    assert plan(source, "t", ["id"], 2) == [{"upper": ["2"], "rows": 2}, {"upper": ["4"], "rows": 2}]


def test_an_empty_table_is_complete_without_bounds(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    answer = source.answer("mysql_plan_chunks", table="t", key_columns=["id"], rows_per_chunk=5)
    assert answer == {"bounds": [], "complete": True}


def test_planning_goes_on_from_the_last_bound(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES " + ",".join(f"({i})" for i in range(20)))
    first = source.answer("mysql_plan_chunks", table="t", key_columns=["id"], rows_per_chunk=3, max_chunks=2)
    assert (first["complete"], [b["upper"] for b in first["bounds"]]) == (False, [["2"], ["5"]])
    assert plan(source, "t", ["id"], 3, max_chunks=2) == plan(source, "t", ["id"], 3)


def test_a_call_out_of_time_still_makes_progress(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES " + ",".join(f"({i})" for i in range(20)))
    assert sum(b["rows"] for b in plan(source, "t", ["id"], 5, max_seconds=0.1)) == 20


KEYS = [
    ("BIGINT UNSIGNED", ["0", "9007199254740992", "9007199254740993", "18446744073709551614", "18446744073709551615"]),
    (
        "DECIMAL(38,10)",
        [
            "'-1'",
            "'1.0000000001'",
            "'1234567890123456789012345678.0000000001'",
            "'1234567890123456789012345678.0000000002'",
        ],
    ),
    ("VARCHAR(20) CHARACTER SET latin1", ["''", "'a'", "'é'", "'it''s'", "'z\\\\'", "'Zz'"]),
    ("VARCHAR(20) COLLATE utf8mb4_bin", ["'A'", "'a'", "'a b'", "'𝄞'"]),
    ("CHAR(5)", ["'a'", "'b'", "'c'"]),
    ("VARBINARY(9)", ["X''", "X'00'", "X'0027'", "X'5C'", "X'FF'"]),
    ("BINARY(2)", ["X'0000'", "X'0100'", "X'FFFF'"]),
    ("BIT(12)", ["b'0'", "b'1'", "b'100000000000'", "b'111111111111'"]),
    ("DATE", ["'1000-01-01'", "'2026-02-28'", "'9999-12-31'"]),
    ("DATETIME(6)", ["'2026-01-01 00:00:00.000001'", "'2026-01-01 00:00:00.000002'", "'2026-01-01 00:00:01'"]),
    ("TIMESTAMP", ["'2026-01-01 00:00:00'", "'2026-01-01 00:00:01'", "'2030-01-01 00:00:00'"]),
    ("TIME(3)", ["'-838:59:59'", "'-00:00:01.500'", "'00:00:00'", "'100:00:00.001'"]),
    ("YEAR", ["1901", "2000", "2155"]),
    ("ENUM('z','m','a')", ["'z'", "'m'", "'a'"]),
]


@pytest.mark.parametrize(("column_type", "values"), KEYS, ids=[kind for kind, _ in KEYS])
def test_every_row_of_every_key_type_is_in_exactly_one_chunk(
    source: Caller, database: Database, column_type: str, values: list[str]
) -> None:
    database.execute(f"CREATE TABLE t (`k y` {column_type} NOT NULL PRIMARY KEY)")
    database.execute("INSERT INTO t VALUES " + ",".join(f"({v})" for v in values))
    bounds = plan(source, "t", ["k y"], 1)
    assert [b["rows"] for b in bounds] == [1] * len(values)
    assert len({str(b["upper"]) for b in bounds}) == len(values)


def test_composite_keys_step_in_the_order_of_the_columns_given(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (a INT, b VARCHAR(9), c DATE, PRIMARY KEY (a, b, c))")
    rows = [(a, b, c) for a in (1, 2) for b in ("x", "y", "z") for c in ("2026-01-01", "2026-01-02")]
    database.execute("INSERT INTO t VALUES " + ",".join(str(row) for row in rows))
    uppers = [b["upper"] for b in plan(source, "t", ["a", "b", "c"], 1)]
    assert uppers == [[str(a), b, c] for a, b, c in sorted(rows)]
    by_two = plan(source, "t", ["a", "b", "c"], 5)
    assert [b["rows"] for b in by_two] == [5, 5, 2]


def test_a_step_reads_the_index_and_not_the_table(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (a INT, b INT, x CHAR(200), PRIMARY KEY (a, b))")
    database.execute("INSERT INTO t VALUES " + ",".join(f"({i // 10}, {i % 10}, 'x')" for i in range(3000)))
    database.query("ANALYZE TABLE t")
    explained = source.answer(
        "mysql_execute_query",
        sql="EXPLAIN FORMAT=TRADITIONAL SELECT a, b FROM t "
        "WHERE (a >= 280 AND (a > 280 OR b > 5)) ORDER BY a, b LIMIT 1 OFFSET 9",
    )
    row = dict(zip(explained["columns"], explained["rows"][0], strict=True))
    assert (row["type"], row["key"]) == ("range", "PRIMARY")
    assert "filesort" not in (row["Extra"] or "")


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ("a INT, b INT", ["a"]),
        ("a INT, UNIQUE KEY (a)", ["a"]),
        ("a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b)", ["a"]),
        ("a FLOAT NOT NULL PRIMARY KEY", ["a"]),
        ("a DOUBLE NOT NULL PRIMARY KEY", ["a"]),
        ("a INT NOT NULL PRIMARY KEY", ["nothing"]),
        ("a INT NOT NULL PRIMARY KEY, b INT", ["a", "b"]),
    ],
)
def test_columns_that_cannot_bound_chunks_are_refused(
    source: Caller, database: Database, definition: str, keys: list[str]
) -> None:
    database.execute(f"CREATE TABLE t ({definition})")
    refusal = source.refusal("mysql_plan_chunks", table="t", key_columns=keys, rows_per_chunk=1)
    assert refusal["code"] == "invalid_request"


@pytest.mark.parametrize("after", [[], ["1", "2"], [None], ["1 OR 1=1"], ["x"], [{"b64": "AAE="}]])
def test_a_bound_that_is_none_is_refused(source: Caller, database: Database, after: list[Any]) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    refusal = source.refusal("mysql_plan_chunks", table="t", key_columns=["id"], rows_per_chunk=1, after=after)
    assert refusal["code"] == "invalid_request"


def test_a_table_that_is_not_there_is_not_found(source: Caller) -> None:
    refusal = source.refusal("mysql_plan_chunks", table="t", key_columns=["id"], rows_per_chunk=1)
    assert refusal["code"] == "not_found"
