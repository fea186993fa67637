"""Queries against a real SQL server: cells come as the server sends them, and nothing can be changed."""

from __future__ import annotations

import base64

import pytest

from adapters.servers.aws_clients import AwsClients
from adapters.servers.mysql.address import address_from_environment
from adapters.servers.mysql.connection import connect
from core.errors import InvalidRequestError
from tests.conftest import Database
from tests.servers.conftest import Caller

pytestmark = pytest.mark.server


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode("ascii")}


def test_cells_are_the_servers_own_text_or_bytes(source: Caller, database: Database) -> None:
    database.execute(
        "CREATE TABLE t (i BIGINT UNSIGNED, d DECIMAL(30,10), f DOUBLE, t TIME(3), y YEAR, dt DATETIME(6), "
        "b VARBINARY(9), "
        "x BIT(9), n INT, s VARCHAR(20), e ENUM('a','b'), j JSON, l VARCHAR(9) CHARACTER SET latin1)"
    )
    database.execute(
        "INSERT INTO t VALUES (18446744073709551615, 1.5, 0.1, '-838:59:59', 2026, '2026-01-02 03:04:05.000600', "
        "X'00FF', "
        "b'100000001', NULL, '', 'b', '{\"a\": 1}', 'é')"
    )
    answer = source.answer("mysql_execute_query", sql="SELECT * FROM t")
    assert answer["columns"] == ["i", "d", "f", "t", "y", "dt", "b", "x", "n", "s", "e", "j", "l"]
    assert answer["rows"] == [
        [
            "18446744073709551615",
            "1.5000000000",
            "0.1",
            "-838:59:59.000",
            "2026",
            "2026-01-02 03:04:05.000600",
            b64(b"\x00\xff"),
            b64(b"\x01\x01"),
            None,
            "",
            "b",
            '{"a": 1}',
            "é",
        ]
    ]
    assert answer["truncated"] is False


def test_timestamps_are_in_utc_whatever_the_session_that_wrote_them(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (ts TIMESTAMP NULL)")
    database.execute("SET time_zone = '+05:00'; INSERT INTO t VALUES ('2026-01-01 12:00:00')")
    assert source.answer("mysql_execute_query", sql="SELECT ts FROM t")["rows"] == [["2026-01-01 07:00:00"]]


def test_parameters_are_cells_and_are_never_read_as_sql(source: Caller) -> None:
    texts = ["it's", 'say "x"', "back\\slash", "%s", "100%", "\0\x1a\n", "-- ", "𝄞", "'; DROP TABLE t; --"]
    sql = "SELECT " + ", ".join(["%s"] * len(texts)) + ", %s, %s, '100%%'"
    answer = source.answer("mysql_execute_query", sql=sql, parameters=[*texts, b64(b"\x00'\xff"), None])
    assert answer["rows"] == [[*texts, b64(b"\x00'\xff"), None, "100%"]]


def test_without_parameters_a_percent_sign_is_itself(source: Caller) -> None:
    assert source.answer("mysql_execute_query", sql="SELECT '100%s', 7 % 4")["rows"] == [["100%s", "3"]]


def test_a_wrong_number_of_parameters_is_refused(source: Caller) -> None:
    refusal = source.refusal("mysql_execute_query", sql="SELECT %s, %s", parameters=["1"])
    assert refusal["code"] == "invalid_request"


def test_rows_beyond_the_limit_are_left_out_without_being_read(source: Caller) -> None:
    endless = "SELECT a.COLUMN_NAME FROM information_schema.COLUMNS a, information_schema.COLUMNS b"
    answer = source.answer("mysql_execute_query", sql=endless, max_rows=3)
    assert (len(answer["rows"]), answer["truncated"]) == (3, True)
    exactly = source.answer("mysql_execute_query", sql="SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", max_rows=3)
    assert (len(exactly["rows"]), exactly["truncated"]) == (3, False)


def test_an_answer_is_bounded_in_bytes(source: Caller) -> None:
    wide = " UNION ALL ".join(["SELECT REPEAT('x', 3000000)"] * 4)
    answer = source.answer("mysql_execute_query", sql=wide)
    assert (len(answer["rows"]), answer["truncated"]) == (2, True)


def test_a_query_that_takes_too_long_is_a_timeout(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE n (i INT)")
    database.execute("INSERT INTO n VALUES " + ",".join(f"({i})" for i in range(1000)))
    sql = "SELECT COUNT(*) FROM n a, n b, n c, n d WHERE a.i + b.i + c.i + d.i = -1"
    refusal = source.refusal("mysql_execute_query", sql=sql, timeout_seconds=0.3)
    assert (refusal["code"], refusal["retryable"]) == ("timeout", True)


def test_the_session_of_a_query_can_write_nothing(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT)")
    with connect(address_from_environment(AwsClients())) as session:
        session.read_only()
        for sql in ("INSERT INTO t VALUES (1)", "CREATE TABLE u (id INT)", "DELETE FROM t", "DROP TABLE t"):
            with pytest.raises(InvalidRequestError, match="READ ONLY"):
                session.rows(sql)
    assert database.query("SELECT COUNT(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM nowhere", "not_found"),
        ("SELECT nothing FROM t", "invalid_request"),
        ("SELECT COUNT(*) FROM mysql.user", "permission_denied"),
        ("DELETE FROM t", "invalid_request"),
        ("SELECT SLEEP(1)", "invalid_request"),
    ],
)
def test_what_the_server_refuses_has_a_code(source: Caller, database: Database, sql: str, code: str) -> None:
    database.execute("CREATE TABLE t (id INT)")
    assert source.refusal("mysql_execute_query", sql=sql)["code"] == code


@pytest.mark.parametrize(
    "arguments", [{}, {"sql": 5}, {"sql": "SELECT 1", "max_rows": 0}, {"sql": "SELECT 1", "max_rows": 10_001}]
)
def test_wrong_arguments_are_an_invalid_request(source: Caller, arguments: dict[str, object]) -> None:
    assert source.refusal("mysql_execute_query", **arguments)["code"] == "invalid_request"


def test_an_unknown_tool_is_not_found(source: Caller) -> None:
    assert source.refusal("mysql_nonsense")["code"] == "not_found"


def test_show_and_explain_work(source: Caller, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    assert source.answer("mysql_execute_query", sql="SHOW TABLES")["rows"] == [["t"]]
    assert source.answer("mysql_execute_query", sql="EXPLAIN SELECT * FROM t")["rows"]
    assert source.answer("mysql_execute_query", sql="DESCRIBE `t`")["rows"][0][0] == "id"
