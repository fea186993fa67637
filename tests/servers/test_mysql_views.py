"""Views of ours on a real SQL server."""

from __future__ import annotations

import pytest

from tests.conftest import Database
from tests.servers.conftest import Caller

pytestmark = pytest.mark.server

HASH = "0123456789abcdef" * 4


def create(select: str, name: str = "ddb_t_view") -> str:
    return f"CREATE OR REPLACE VIEW `{name}` AS {select}"


def test_a_view_goes_from_created_to_dropped(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20))")
    sql = create(f"SELECT t.id AS `id`, t.s AS `s`, 'tf:{HASH}' AS `tableferry_definition` FROM t")
    assert source.answer("mysql_execute_ddl", sql=sql) == {"statement": "create_view", "view": "ddb_t_view"}
    state = source.answer("mysql_validate_view", view="ddb_t_view", definition_hash=HASH)
    assert (state["exists"], state["ours"], state["definition_hash"], state["matches"]) == (True, True, HASH, True)
    assert [(c["name"], c["data_type"]) for c in state["columns"]] == [
        ("id", "int"),
        ("s", "varchar"),
        ("tableferry_definition", "varchar"),
    ]
    assert source.answer("mysql_validate_view", view="ddb_t_view", definition_hash="f" * 64)["matches"] is False
    assert source.answer("mysql_execute_ddl", sql="DROP VIEW ddb_t_view")["statement"] == "drop_view"
    assert source.answer("mysql_validate_view", view="ddb_t_view")["exists"] is False


@pytest.mark.parametrize(
    "select",
    [
        f"SELECT 1, 'tf:{HASH}' AS `tableferry_definition` UNION ALL SELECT 2, 'tf:{HASH}' AS `tableferry_definition`",
        f"WITH w AS (SELECT 1 AS a) SELECT w.a AS a, 'tf:{HASH}' AS `tableferry_definition` FROM w",
        f"SELECT JSON_ARRAY() AS `it''s`, 'tf:{HASH}' AS `tableferry_definition`",
    ],
)
def test_the_hash_is_read_from_every_form_of_view(source: Caller, select: str) -> None:
    source.answer("mysql_execute_ddl", sql=create(select))
    state = source.answer("mysql_validate_view", view="ddb_t_view", definition_hash=HASH)
    assert (state["ours"], state["definition_hash"]) == (True, HASH)


@pytest.mark.parametrize(
    "select",
    [
        "SELECT 1 AS a",
        f"SELECT 'tf:{HASH}' AS `other`",
        f"SELECT '''tf:{HASH}'' AS `tableferry_definition`' AS a",
        "SELECT 'something' AS `tableferry_definition`",
    ],
)
def test_a_view_without_the_mark_is_not_ours(source: Caller, select: str) -> None:
    source.answer("mysql_execute_ddl", sql=create(select))
    state = source.answer("mysql_validate_view", view="ddb_t_view", definition_hash=HASH)
    assert (state["exists"], state["ours"], state["matches"]) == (True, False, False)


def test_what_the_engine_refuses_has_a_code(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE ddb_taken_view (id INT)")
    source.answer("mysql_execute_ddl", sql=create("SELECT 1 AS a"))
    codes = {
        "CREATE VIEW ddb_t_view AS SELECT 1": "already_exists",
        "CREATE OR REPLACE VIEW ddb_taken_view AS SELECT 1": "already_exists",
        "CREATE VIEW ddb_new_view AS SELECT * FROM nowhere": "not_found",
        "CREATE VIEW ddb_new_view AS SELECT nothing FROM ddb_t_view": "invalid_request",
        "DROP VIEW ddb_gone_view": "not_found",
        "DROP TABLE ddb_taken_view": "invalid_request",
    }
    assert {sql: source.refusal("mysql_execute_ddl", sql=sql)["code"] for sql in codes} == codes
    assert source.answer("mysql_execute_ddl", sql="DROP VIEW IF EXISTS ddb_gone_view")["view"] == "ddb_gone_view"
