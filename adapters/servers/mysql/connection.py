"""Connections to the source: one a call, with a session whose meaning does not depend on the server's settings.

Guarantees:
- Cells are what the server sends: text, or bytes for binary columns. Nothing is converted.
- TIMESTAMP is shown in UTC; backslashes escape and double quotes quote strings, whatever the server's sql_mode says.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.servers.mysql.address import Address
from adapters.servers.mysql.cells import SqlCell
from adapters.servers.mysql.failures import mysql_call

if TYPE_CHECKING:
    from pymysql.connections import Connection

CONNECT_SECONDS = 10
DEFAULT_SECONDS = 60

# As the loader's session has them: what a query is answered with depends on these.
_SESSION = (
    "SET SESSION sql_mode = CONCAT('STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',"
    " IF(VERSION() LIKE '%MariaDB%', ',TIME_ROUND_FRACTIONAL', ''))",
    "SET SESSION time_zone = '+00:00', net_write_timeout = 600, sql_quote_show_create = 1, "
    "sql_select_limit = 18446744073709551615, group_concat_max_len = 1073741824, "
    "max_sort_length = 65536, sort_buffer_size = 16777216, "
    "lc_time_names = 'en_US', default_week_format = 0, div_precision_increment = 4",
)


@dataclass(frozen=True)
class Version:
    """A SQL server's engine (`mysql` or `mariadb`) and version as it tells them."""

    engine: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read VERSION() or a handshake; MariaDB may prefix its own with 5.5.5-."""
        if "mariadb" in text.lower():
            return cls("mariadb", text.removeprefix("5.5.5-"))
        return cls("mysql", text)


Row = tuple[SqlCell, ...]


class Session:
    """One open connection; statements run one after the other."""

    def __init__(self, raw: Connection[Any], address: Address) -> None:
        self.raw = raw
        self.address = address
        self.version = Version.parse(str(raw.server_version))  # type: ignore[attr-defined]

    def rows(self, sql: str) -> list[Row]:
        """All rows of a statement of ours."""
        with self._failures():
            cursor = self.raw.cursor()
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def texts(self, sql: str) -> list[tuple[str | None, ...]]:
        """All rows of a statement of ours whose cells are text or NULL."""
        return [tuple(c.decode() if isinstance(c, bytes) else c for c in row) for row in self.rows(sql)]

    def stream(self, sql: str) -> tuple[list[str], Iterator[Row]]:
        """Column names and rows as they arrive; close the connection rather than read what is not wanted."""
        from pymysql.cursors import SSCursor

        with self._failures():
            cursor = SSCursor(self.raw)
            cursor.execute(sql)
            names = [str(column[0]) for column in cursor.description or ()]
        return names, self._fetch(cursor)

    def limit_seconds(self, seconds: float) -> None:
        """Let the server end a SELECT that takes longer."""
        if self.version.engine == "mariadb":
            self.rows(f"SET SESSION max_statement_time = {seconds:.3f}")
        else:
            self.rows(f"SET SESSION max_execution_time = {max(1, int(seconds * 1000))}")

    def read_only(self) -> None:
        """Begin a transaction that can write nothing and sees one state of the database."""
        # For the session too: on MySQL a statement that commits implicitly, as DDL does, would leave the transaction.
        self.rows("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        self.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def _fetch(self, cursor: Any) -> Iterator[Row]:
        with self._failures():
            while (row := cursor.fetchone()) is not None:
                yield tuple(row)

    def _failures(self) -> Any:
        return mysql_call(str(self.address), masked=self.address.password)


@contextmanager
def connect(address: Address, *, seconds: float = DEFAULT_SECONDS, database: bool = True) -> Iterator[Session]:
    """A session at the address; the client gives up waiting for an answer after `seconds` and a little more."""
    with mysql_call(str(address), masked=address.password):
        raw = _open(address, seconds, database=database)
    try:
        session = Session(raw, address)
        for statement in _SESSION:
            session.rows(statement)
        yield session
    finally:
        _drop(raw)


def _open(address: Address, seconds: float, *, database: bool) -> Connection[Any]:
    import pymysql
    from pymysql.converters import conversions

    return pymysql.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        # As bytes: PyMySQL encodes a text as Latin-1, MySQL compares UTF-8.
        password=address.password.encode("utf-8"),
        database=address.database if database else None,
        charset="utf8mb4",
        # Encoders only: without decoders every cell stays as the server sent it.
        conv={key: value for key, value in conversions.items() if not isinstance(key, int)},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=int(seconds) + 15,
        write_timeout=60,
        local_infile=False,
        autocommit=True,
        ssl=_tls(address),
        ssl_disabled=address.tls is False,
        program_name="tableferry",
    )


def _tls(address: Address) -> ssl.SSLContext | None:
    """None leaves it to the server: PyMySQL encrypts, without verifying, where the server offers TLS."""
    if address.tls_ca:
        return ssl.create_default_context(cafile=address.tls_ca)
    if not address.tls:
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _drop(raw: Connection[Any]) -> None:
    # PyMySQL reads an unfinished result to its end before it lets go of it; it may have millions of rows.
    result: Any = raw._result  # type: ignore[attr-defined]
    if result is not None and result.unbuffered_active:
        result.unbuffered_active = False
        raw._force_close()  # type: ignore[attr-defined]
        return
    if raw.open:
        raw.close()


def in_list(names: Sequence[str]) -> str:
    """The names as a parenthesised list of string literals."""
    from adapters.servers.mysql.cells import literal

    return "(" + ", ".join(literal(name) for name in names) + ")"
