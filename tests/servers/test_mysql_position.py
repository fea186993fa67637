"""Where the source stands, on servers with and without a binary log, for users who may see it and who may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from adapters.local.part import Command
from adapters.local.sql_server import SqlServer, connect_as_root
from adapters.servers import mysql
from tests.conftest import Database
from tests.servers.conftest import Caller


class LoggingServer(SqlServer):
    """The private server, with a binary log."""

    def command(self, port: int) -> Command:
        command = super().command(port)
        arguments = [a for a in command.arguments if a != "--skip-log-bin"]
        options = ["--log-bin=log", "--server-id=1", "--loose-gtid-mode=ON", "--loose-enforce-gtid-consistency=ON"]
        return replace(command, arguments=[*arguments, *options])


@pytest.fixture(scope="module")
def logging_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with LoggingServer(tmp_path_factory.mktemp("logging")) as server:
        port = urlsplit(server.url).port or 0
        with connect_as_root(port) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
            cursor.execute("CREATE TABLE shop.t (id INT PRIMARY KEY)")
            cursor.execute("CREATE USER plain@'%' IDENTIFIED BY 'pw'")
            cursor.execute("GRANT ALL ON shop.* TO plain@'%'")
        yield port


def caller(monkeypatch: pytest.MonkeyPatch, port: int, account: str) -> Caller:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", f"mysql://{account}@127.0.0.1:{port}/shop")
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    return Caller(mysql.build_server())


@pytest.mark.server
@pytest.mark.once
@pytest.mark.parametrize("account", ["root", "plain:pw"])
def test_a_change_moves_the_position_and_reading_does_not(
    logging_port: int, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    source = caller(monkeypatch, logging_port, account)
    first = source.answer("mysql_get_position")
    source.answer("mysql_execute_query", sql="SELECT COUNT(*) FROM t")
    second = source.answer("mysql_get_position")
    with connect_as_root(logging_port) as connection, connection.cursor() as cursor:
        cursor.execute("REPLACE INTO shop.t VALUES (1)")
    third = source.answer("mysql_get_position")
    places = [{k: v for k, v in p.items() if k != "server_time"} for p in (first, second, third)]
    assert places[0] == places[1]
    assert places[0]["gtid"] != places[2]["gtid"]
    assert (first["server_time"] < third["server_time"], third["server_time"][-6:]) == (True, "+00:00")
    if account == "root":
        assert (third["binlog_file"], third["reason"]) == (first["binlog_file"], "")
        assert third["binlog_position"] > first["binlog_position"]
    else:
        assert (third["binlog_file"], third["binlog_position"]) == (None, None)
        assert "is not shown" in third["reason"]
        assert "1227" in third["reason"]


@pytest.mark.server
def test_what_cannot_be_seen_is_a_reason_and_no_error(source: Caller, database: Database) -> None:
    ((logs,),) = database.query("SELECT @@GLOBAL.log_bin")
    found = source.answer("mysql_get_position")
    assert found["server_time"]
    if logs:
        assert found["gtid"] or found["reason"]
        assert found["binlog_file"] is None  # this user has rights in its own database alone
    else:
        assert (found["gtid"], found["binlog_file"], found["reason"]) == (None, None, "the server keeps no binary log")
