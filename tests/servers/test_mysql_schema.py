"""What the schema tool says of a real database."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Database
from tests.servers.conftest import Caller

pytestmark = pytest.mark.server


def column(table: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in table["columns"] if c["name"] == name)


def test_columns_keys_and_kinds(source: Caller, database: Database) -> None:
    database.execute(
        "CREATE TABLE `odd ``name` (`b c` INT NOT NULL, a VARCHAR(20) CHARACTER SET latin1 NOT NULL, d DECIMAL(10,3), "
        "ts TIMESTAMP(3) NULL, j JSON, plain LONGTEXT, g INT GENERATED ALWAYS AS (`b c` + 1) VIRTUAL, blb BLOB, "
        "PRIMARY KEY (a, `b c`), UNIQUE KEY u_null (d), "
        "UNIQUE KEY u_prefix (blb(5)), UNIQUE KEY u_full (`b c`), KEY k (g))"
    )
    database.execute("CREATE VIEW v AS SELECT 1 AS one")
    answer = source.answer("mysql_describe_schema")
    assert (answer["engine"], answer["database"], answer["missing"]) == (database.engine, database.name, [])
    table, view = answer["tables"]
    assert (table["name"], table["kind"], table["primary_key"]) == ("odd `name", "table", ["a", "b c"])
    assert [c["name"] for c in table["columns"]] == ["b c", "a", "d", "ts", "j", "plain", "g", "blb"]
    assert table["unique_keys"] == [
        {"name": "u_full", "columns": ["b c"], "nullable": False},
        {"name": "u_null", "columns": ["d"], "nullable": True},
    ]
    assert column(table, "a")["character_set"] == "latin1"
    assert column(table, "a")["collation"].startswith("latin1_")
    assert (column(table, "d")["numeric_precision"], column(table, "d")["numeric_scale"]) == (10, 3)
    assert (column(table, "ts")["datetime_precision"], column(table, "ts")["nullable"]) == (3, True)
    assert (column(table, "j")["is_json"], column(table, "plain")["is_json"]) == (True, False)
    assert column(table, "j")["data_type"] == ("json" if database.engine == "mysql" else "longtext")
    assert (view["name"], view["kind"], view["approximate_rows"], view["primary_key"]) == ("v", "view", None, [])


def test_names_match_exactly_where_the_servers_names_are_case_sensitive(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE users (id INT)")
    answer = source.answer("mysql_describe_schema", tables=["users", "Users", "nowhere"])
    found = [t["name"] for t in answer["tables"]]
    assert found == ["users"]
    assert answer["missing"] == (["Users", "nowhere"] if answer["lower_case_table_names"] == 0 else ["nowhere"])


@pytest.mark.parametrize("name", ["😀", "a\0b", "x'", "x" * 64])
def test_a_name_that_no_table_can_have_is_missing(source: Caller, database: Database, name: str) -> None:
    database.execute("CREATE TABLE users (id INT)")
    for others in ([], ["users"]):
        answer = source.answer("mysql_describe_schema", tables=[name, *others])
        assert ([t["name"] for t in answer["tables"]], answer["missing"]) == (others, [name])


def test_an_empty_database_has_no_tables(source: Caller) -> None:
    assert source.answer("mysql_describe_schema")["tables"] == []


def test_invisible_columns_and_expression_indexes(source: Caller, database: Database) -> None:
    expression = ", UNIQUE KEY u_fn ((id + 1))" if database.engine == "mysql" else ""
    database.execute(f"CREATE TABLE t (id INT, h INT INVISIBLE, UNIQUE KEY u_h (h){expression})")
    (table,) = source.answer("mysql_describe_schema", tables=["t"])["tables"]
    assert [c["name"] for c in table["columns"]] == ["id", "h"]
    assert [k["name"] for k in table["unique_keys"]] == ["u_h"]


def test_a_check_that_only_mentions_json_makes_no_json(source: Caller, database: Database) -> None:
    """Such a column may be empty."""
    database.execute(
        "CREATE TABLE t (j LONGTEXT CHECK (j = '' OR JSON_VALID(`j`)), k LONGTEXT CHECK (JSON_VALID(`k`)))"
    )
    (table,) = source.answer("mysql_describe_schema", tables=["t"])["tables"]
    assert [column(table, name)["is_json"] for name in "jk"] == [False, database.engine == "mariadb"]


def test_a_key_that_the_tables_engine_does_not_enforce_is_none(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL UNIQUE) ENGINE=MyISAM")
    database.execute("CREATE TABLE m (id INT PRIMARY KEY, u INT NOT NULL UNIQUE) ENGINE=MERGE UNION=(t)")
    merged, table = source.answer("mysql_describe_schema", tables=["m", "t"])["tables"]
    assert (table["primary_key"], len(table["unique_keys"])) == (["id"], 1)
    assert (merged["primary_key"], merged["unique_keys"]) == ([], [])


def test_the_estimate_of_rows_is_fresh(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    source.answer("mysql_describe_schema", tables=["t"])
    database.execute("INSERT INTO t VALUES " + ",".join(f"({i})" for i in range(500)))
    database.query("ANALYZE TABLE t")
    (table,) = source.answer("mysql_describe_schema", tables=["t"])["tables"]
    assert table["approximate_rows"] == 500


def test_the_connection_is_described(source: Caller, database: Database) -> None:
    status = source.answer("mysql_test_connection")
    details = status["details"]
    assert (status["operational"], status["error"], details["engine"]) == (True, None, database.engine)
    assert (details["host"], details["port"], details["database"]) == (database.host, database.port, database.name)
    assert details["server_time"].endswith("+00:00")
    assert set(details) == {"engine", "version", "host", "port", "database", "user", "tls", "server_time"}


def test_discovery_finds_the_server_and_leaves_out_what_does_not_answer(source: Caller, database: Database) -> None:
    answer = source.answer("mysql_discover_connection", hosts=[database.host], ports=[1, database.port])
    (found,) = answer["servers"]
    assert (found["host"], found["port"], found["engine"]) == (database.host, database.port, database.engine)
    assert (found["user"], found["error"]) == (database.user, None)
    assert database.name in found["databases"]


def test_a_server_is_found_even_if_nobody_may_log_in(
    database: Database, source: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", "mysql://u:p@127.0.0.2:1/d")
    users = [f"{database.user}_no", database.user]
    answer = source.answer("mysql_discover_connection", hosts=[database.host], ports=[database.port], users=users)
    (found,) = answer["servers"]
    assert (found["engine"], found["user"], found["error"]["code"]) == (database.engine, None, "authentication_failed")
