"""A private SQL server starts, keeps its databases, and is ended by whoever has its directory."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest

from adapters.local import sql_server_package
from adapters.local.processes import is_running, wait_for
from adapters.local.sql_server import ServerProgram, SqlServer, connect_as_root, find_program, find_programs
from core.errors import SettingsError, UnavailableError
from tests.conftest import Database


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with connect_as_root(urlsplit(url).port or 0) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlServer]:
    """Running or not, as the test before left it: every test starts it."""
    server = SqlServer(tmp_path_factory.mktemp("sql"))
    yield server
    server.stop()


def test_databases_survive_a_stop_and_the_url_stays(server: SqlServer) -> None:
    url = server.start()
    rows(url, "CREATE DATABASE kept CHARACTER SET utf8mb4")
    server.stop()
    with pytest.raises(pymysql.OperationalError):
        rows(url, "SELECT 1")
    assert server.start() == url
    assert rows(url, "SHOW DATABASES LIKE 'kept'") == [("kept",)]


def test_another_process_with_the_directory_finds_and_ends_it(server: SqlServer) -> None:
    url = server.start()
    other = SqlServer(server.directory)
    assert other.start() == url
    daemon = other.daemon
    assert daemon is not None
    other.stop()
    assert not is_running(daemon)
    assert not server.answers()
    with pytest.raises(UnavailableError, match="does not run"):
        _ = server.url


def test_it_is_reached_by_loopback_alone_and_speaks_utf8mb4(server: SqlServer) -> None:
    url = server.start()
    assert rows(url, "SELECT @@bind_address, @@character_set_server") == [("127.0.0.1", "utf8mb4")]


def test_its_temporary_files_are_its_own(server: SqlServer) -> None:
    """A server that starts removes the `#sql...` files of its tmpdir, those of a running neighbour too."""
    [(directory,)] = rows(server.start(), "SELECT @@tmpdir")
    assert Path(directory).resolve().is_relative_to(server.directory)


def test_so_are_those_of_the_program_that_makes_its_databases(tmp_path: Path) -> None:
    """Servers that start at the same time removed each other's temporary tables from the folder that all share."""
    program, told = tmp_path / "mysqld", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf %s "$TMPDIR" > {told}\nexit 1\n')
    program.chmod(0o700)
    with pytest.raises(UnavailableError, match="could not make a data directory"):
        SqlServer(tmp_path / "home", ServerProgram(program, "mysql", "9")).start()
    assert told.read_text() == str(tmp_path / "home" / "temporary")


def test_a_program_that_is_given_is_the_one_that_runs(tmp_path: Path) -> None:
    for program in find_programs():
        with SqlServer(tmp_path / program.engine, program) as server:
            [(version,)] = rows(server.url, "SELECT VERSION()")
            assert ("MariaDB" in version) == (program.engine == "mariadb")


def test_a_directory_deeper_than_a_socket_address_works(tmp_path: Path) -> None:
    with SqlServer(tmp_path / ("d" * 60) / ("e" * 60)) as server:
        assert server.answers()


def test_a_crashed_server_is_started_again(server: SqlServer) -> None:
    server.start()
    before = server.daemon
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    assert wait_for(lambda: not is_running(before), seconds=10)
    server.start()
    assert server.answers()
    assert server.daemon != before


def test_the_engine_is_what_the_program_says_it_is(server: SqlServer) -> None:
    program = find_program()
    assert program is not None
    [(version,)] = rows(server.start(), "SELECT VERSION()")
    assert ("MariaDB" in version) == (program.engine == "mariadb")
    assert version.split("-")[0] == program.version.split("-")[0]


def test_without_a_server_the_error_names_the_command_of_this_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    brew = tmp_path / "brew"
    brew.write_text("#!/bin/sh\n")
    brew.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="brew install mysql"):
        sql_server_package.install_server()


def test_a_test_database_is_fresh_and_its_user_reaches_nothing_else(database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, word VARCHAR(20)); INSERT INTO t VALUES (1, 'a'), (2, 'ü')")
    assert database.execute("UPDATE t SET word = %s WHERE id = %s", "b", 1) == 1
    assert database.query("SELECT id, word FROM t WHERE word <> %s ORDER BY id", "x") == [(1, "b"), (2, "ü")]
    with pytest.raises(pymysql.OperationalError, match="denied"):
        database.query("SELECT * FROM mysql.user")
