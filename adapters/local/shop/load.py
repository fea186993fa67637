"""Creates the sample shop in a MySQL or MariaDB database and fills it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import CLIENT, ER

from adapters.local.shop.generate import TABLES, Row, batches
from core.errors import AlreadyExistsError, SettingsError

_HERE = Path(__file__).parent


def contract() -> dict[str, Any]:
    """The migration contract of the sample shop: one target table for each of its six tables."""
    document: dict[str, Any] = json.loads((_HERE / "contract.json").read_text(encoding="utf-8"))
    return document


def load_shop(
    url: str, *, scale: float = 1.0, seed: int = 7, progress: Callable[[str, int], None] | None = None
) -> dict[str, int]:
    """Create and fill the sample shop in the database of `mysql://user:password@host:port/database`.

    At scale 1 there are about 152,000 rows, 104,500 of them order items. `progress(table, rows)` is told the rows of a
    table so far. Answers the rows of every table. Raises AlreadyExistsError, changing nothing, where one of the
    tables is there already.
    """
    rows = dict.fromkeys(TABLES, 0)
    with _connect(url) as connection, connection.cursor() as cursor:
        _create(cursor)
        for table, batch in batches(scale, seed):
            cursor.executemany(_insert(table, batch[0]), batch)
            rows[table] += len(batch)
            if progress is not None:
                progress(table, rows[table])
        connection.commit()
    return rows


def _connect(url: str) -> pymysql.Connection[Any]:
    parts = urlsplit(url)
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme != "mysql" or not database:
        raise SettingsError(
            "The sample shop needs a database to live in.", remedy="Use mysql://user:password@host:port/database."
        )
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=database,
        charset="utf8mb4",
        client_flag=CLIENT.MULTI_STATEMENTS,
        # Moments are written in UTC; strict, so that a value the shop does not hold is an error and no other value.
        init_command="SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'",
    )


def _create(cursor: pymysql.cursors.Cursor) -> None:
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    there = sorted({str(name) for (name,) in cursor.fetchall()} & set(TABLES))
    if there:
        raise _exists(there)
    try:
        cursor.execute((_HERE / "schema.sql").read_text(encoding="utf-8"))
        while cursor.nextset():
            pass
    except pymysql.err.OperationalError as error:
        if error.args[0] != ER.TABLE_EXISTS_ERROR:
            raise
        raise _exists([]) from error


def _exists(tables: list[str]) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"The database already has tables of the sample shop{': ' if tables else ''}{', '.join(tables)}.",
        remedy="Give it an empty database.",
        tables=tables,
    )


def _insert(table: str, row: Row) -> str:
    # The table is one of ours; only the values come from the generator, and they are parameters.
    return f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})"  # noqa: S608
