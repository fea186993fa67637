"""Servers that tests share. A server that cannot be had fails the tests that need it; nothing is skipped."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import pymysql
import pytest
from pymysql.constants import CLIENT

from adapters.local import runtime as local_runtime
from adapters.local.runtime import RuntimeState
from adapters.local.sql_server import SqlServer


@dataclass(frozen=True)
class Database:
    """A database of a test's own, with a user who may do everything in it and nothing elsewhere."""

    url: str
    name: str
    user: str
    password: str
    host: str
    port: int
    engine: Literal["mysql", "mariadb"]

    def execute(self, sql: str, *args: Any) -> int:
        """Run statements (several, separated by semicolons, when there are no arguments); answers the affected rows."""
        with self._connect() as connection, connection.cursor() as cursor:
            affected: int = cursor.execute(sql, args or None)
            while cursor.nextset():
                affected += cursor.rowcount
            return affected

    def query(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, args or None)
            return list(cursor.fetchall())

    def _connect(self) -> pymysql.Connection[Any]:
        return _connect(self.host, self.port, self.user, self.password, self.name)


def _connect(host: str, port: int, user: str, password: str, database: str | None = None) -> pymysql.Connection[Any]:
    return pymysql.connect(
        host=host,
        port=port,
        user=user,
        password=password,
        database=database,
        charset="utf8mb4",
        autocommit=True,
        client_flag=CLIENT.MULTI_STATEMENTS,
    )


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An SQL server, as a user who may create databases and users: TABLEFERRY_TEST_MYSQL_URL, or a private one."""
    if given := os.environ.get("TABLEFERRY_TEST_MYSQL_URL"):
        yield given
        return
    with SqlServer(tmp_path_factory.mktemp("sql-server")) as server:
        yield server.url


@pytest.fixture
def database(server_url: str) -> Iterator[Database]:
    """A fresh, empty database; it and its user are dropped afterwards."""
    with fresh_database(server_url) as made:
        yield made


@contextmanager
def fresh_database(server_url: str) -> Iterator[Database]:
    """A database of its own on this server, and a user; both are dropped afterwards."""
    server = urlsplit(server_url)
    host, port, name, user = server.hostname or "127.0.0.1", server.port or 3306, _unique("tf_test"), _unique("tf")
    password = secrets.token_urlsafe(12)
    root = _connect(host, port, server.username or "root", server.password or "")
    with root, root.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = str((cursor.fetchone() or [""])[0])
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        try:
            cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (user, password))
            cursor.execute(f"GRANT ALL PRIVILEGES ON `{name}`.* TO %s@'%%'", (user,))
            yield Database(
                url=f"mysql://{user}:{password}@{host}:{port}/{name}",
                name=name,
                user=user,
                password=password,
                host=host,
                port=port,
                engine="mariadb" if "MariaDB" in version else "mysql",
            )
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute("DROP USER IF EXISTS %s@'%%'", (user,))


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuntimeState]:
    """The whole local runtime, provisioned: `runtime.env` is what a shell needs to use it."""
    directory = tmp_path_factory.mktemp("runtime")
    yield local_runtime.up(directory)
    local_runtime.down(directory)


@pytest.fixture
def aws_env(runtime: RuntimeState, monkeypatch: pytest.MonkeyPatch) -> RuntimeState:
    """The environment of this test is the local runtime's, and nothing of the developer's own AWS settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in runtime.env.items():
        monkeypatch.setenv(name, value)
    return runtime


def _unique(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(5)}"
