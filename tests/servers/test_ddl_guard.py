"""The only two statements by which the source is changed."""

from __future__ import annotations

import pytest

from adapters.servers.mysql.ddl_guard import ViewStatement, check_ddl
from core.errors import InvalidRequestError

HASH = "ab" * 32

ACCEPTED = [
    ("CREATE VIEW ddb_x_view AS SELECT 1", "create_view", "ddb_x_view"),
    ("create or replace view `ddb_x_view` as select 1;", "create_view", "ddb_x_view"),
    (
        f"CREATE OR REPLACE VIEW `ddb_x_view` AS SELECT 'tf:{HASH}' AS `tableferry_definition`",
        "create_view",
        "ddb_x_view",
    ),
    (
        "CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `shop`.ddb_x_view (a) AS SELECT 1 UNION SELECT 2",
        "create_view",
        "ddb_x_view",
    ),
    (
        "CREATE ALGORITHM = UNDEFINED SQL SECURITY DEFINER VIEW `ddb_ü`` x_view` AS SELECT 1",
        "create_view",
        "ddb_ü` x_view",
    ),
    ("CREATE VIEW ddb_x_view AS WITH a AS (SELECT 1 AS x) SELECT * FROM a", "create_view", "ddb_x_view"),
    ("CREATE VIEW ddb_x_view AS SELECT 'drop--table', 'INTO' AS `into` FROM `for`", "create_view", "ddb_x_view"),
    ("DROP VIEW ddb_x_view", "drop_view", "ddb_x_view"),
    ("DROP VIEW IF EXISTS `shop`.`ddb_x_view`;", "drop_view", "ddb_x_view"),
]

REFUSED = [
    "SELECT 1",
    "DROP TABLE ddb_x_view",
    "DROP VIEW orders",
    "DROP VIEW ddb_x_view, ddb_y_view",
    "DROP VIEW ddb_x_view CASCADE",
    "DROP VIEW IF EXISTS other.ddb_x_view",
    "DROP DATABASE shop",
    "DROP VIEW ddb__view; DROP TABLE t",
    "CREATE TABLE ddb_x_view AS SELECT 1",
    "CREATE VIEW orders AS SELECT 1",
    "CREATE VIEW ddb_view AS SELECT 1",
    "CREATE VIEW x_ddb_x_view AS SELECT 1",
    "CREATE VIEW ddb_x_view2 AS SELECT 1",
    "CREATE VIEW other.ddb_x_view AS SELECT 1",
    "CREATE VIEW a.b.ddb_x_view AS SELECT 1",
    "CREATE DEFINER = root@localhost VIEW ddb_x_view AS SELECT 1",
    "CREATE TEMPORARY VIEW ddb_x_view AS SELECT 1",
    "CREATE VIEW IF NOT EXISTS ddb_x_view AS SELECT 1",
    "CREATE VIEW ddb_x_view AS SELECT 1 INTO OUTFILE '/tmp/x'",
    "CREATE VIEW ddb_x_view AS SELECT SLEEP(10)",
    "CREATE VIEW ddb_x_view AS SELECT LOAD_FILE('/etc/passwd')",
    "CREATE VIEW ddb_x_view AS SELECT 1 FOR UPDATE",
    "CREATE VIEW ddb_x_view AS SELECT 1; DROP TABLE t",
    "CREATE VIEW ddb_x_view AS /*!80000 SELECT 1 */",
    "CREATE VIEW ddb_x_view AS SELECT 1 -- comment",
    "CREATE VIEW ddb_x_view AS VALUES ROW(1)",
    "CREATE VIEW ddb_x_view AS DELETE FROM t",
    "CREATE VIEW ddb_x_view",
    "CREATE FUNCTION ddb_x_view() RETURNS INT RETURN 1",
    "CREATE PROCEDURE ddb_x_view() SELECT 1",
    "CREATE TRIGGER ddb_x_view BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
    "ALTER VIEW ddb_x_view AS SELECT 1",
    "GRANT SELECT ON ddb_x_view TO x",
    "RENAME TABLE ddb_x_view TO t",
]


@pytest.mark.parametrize(("sql", "statement", "view"), ACCEPTED)
def test_a_view_of_ours_may_be_created_and_dropped(sql: str, statement: str, view: str) -> None:
    allowed = check_ddl(sql, "shop")
    assert isinstance(allowed, ViewStatement)
    assert (allowed.statement, allowed.view) == (statement, view)


@pytest.mark.parametrize("sql", REFUSED)
def test_nothing_else_may(sql: str) -> None:
    with pytest.raises(InvalidRequestError):
        check_ddl(sql, "shop")
