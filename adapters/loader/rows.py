"""Reads the rows of a chunk as the server's own text and bytes, streaming, without changing one character.

Guarantees:
- Cells are what `core.items.plan` calls cells: None, str or bytes; nothing is converted, replaced or trimmed.
- The session is UTC, read-only, and never cuts an aggregate short.
- A lost connection raises SourceLostError, a source that cannot be reached SourceAwayError; the next `read` connects
  anew and starts the chunk from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pymysql
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.ranges import Condition, item_condition, quoted, rows_condition
from pymysql.constants import CR, ER
from pymysql.cursors import SSCursor

from adapters.loader.credentials import Source
from adapters.loader.cut_values import TOO_LONG, cut, require_whole_values
from adapters.loader.errors import SourceAwayError, SourceLostError, SourceTextError

Row = tuple[Cell, ...]

MAX_ROWS = 200
MAX_BYTES = 2_000_000
_KEYS_AT_ONCE = 100

# A view over large tables may need minutes before its first row; a dead network must still end.
_READ_TIMEOUT_SECONDS = 900
_SESSION = (
    # MariaDB rounds fractions of seconds, as MySQL always does, only when it is told to.
    "SET SESSION sql_mode = CONCAT('STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',"
    " IF(VERSION() LIKE '%MariaDB%', ',TIME_ROUND_FRACTIONAL', ''))",
    "SET SESSION autocommit = 1, time_zone = '+00:00', net_write_timeout = 600,"
    " sql_select_limit = 18446744073709551615, group_concat_max_len = 18446744073709551615,"
    # Only so many bytes of a value are sorted by, and MySQL wants room for 15 of each sort key.
    " max_sort_length = 65536, sort_buffer_size = 16777216,"
    # What names of days, weeks and averages depend on: the defaults, whatever the server's own settings are.
    " lc_time_names = 'en_US', default_week_format = 0, div_precision_increment = 4",
    "SET SESSION TRANSACTION READ ONLY",
)
_MARIADB_KILLED = 1927
_LOST = frozenset(
    {
        CR.CR_CONNECTION_ERROR,
        CR.CR_CONN_HOST_ERROR,
        CR.CR_SERVER_GONE_ERROR,
        CR.CR_SERVER_LOST,
        CR.CR_SERVER_LOST_EXTENDED,
        ER.SERVER_SHUTDOWN,
        ER.CON_COUNT_ERROR,
        ER.QUERY_INTERRUPTED,
        ER.NET_ERROR_ON_WRITE,
        ER.NET_WRITE_INTERRUPTED,
        _MARIADB_KILLED,
    }
)


class RowReader:
    """Reads chunks of one plan's view over one connection, one chunk at a time."""

    def __init__(self, source: Source, plan: LoadPlan) -> None:
        self._source = source
        self._plan = plan
        self._connection: pymysql.Connection[Any] | None = None

    def read(self, chunk: Chunk) -> Iterator[list[Row]]:
        """The chunk's rows in groups of at most 200 rows or about 2 MB, in no particular order.

        Raises SourceLostError when the same call may work again, SourceTextError for text that is no UTF-8.
        """
        return self._read(chunk, item_condition(self._plan.item_of(chunk), chunk, self._plan.entity_column))

    def read_rows(self, chunk: Chunk, keys: Sequence[Sequence[Cell]]) -> Iterator[list[Row]]:
        """The chunk's rows whose chunk columns are `keys`, or that the server takes for equal; errors as for `read`."""
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            yield from self._read(chunk, rows_condition(self._plan.item_of(chunk), some, self._plan.entity_column))

    def _read(self, chunk: Chunk, where: Condition) -> Iterator[list[Row]]:
        try:
            yield from self._groups(self._statement(chunk, where), self._place(chunk))
        except UnicodeDecodeError as error:
            raise SourceTextError(
                f"{self._place(chunk)} has text that is no UTF-8: {error.reason}; "
                "look for columns that hold bytes of another character set"
            ) from None
        except pymysql.Error as error:
            if _is_lost(error):
                raise SourceLostError(f"lost the source while reading chunk {chunk.number}: {error}") from error
            if error.args and error.args[0] == TOO_LONG:
                raise cut(self._place(chunk), str(error.args[-1])) from error
            raise

    def close(self) -> None:
        """Hang up; an unfinished result is dropped, not read to its end."""
        if self._connection is not None and self._connection.open:
            self._connection.close()
        self._connection = None

    def _statement(self, chunk: Chunk, condition: Condition) -> tuple[str, list[str]]:
        plan, item = self._plan, self._plan.item_of(chunk)
        where, texts = condition
        names = ", ".join(quoted(column.name) for column in item.columns)
        return f"SELECT {names} FROM {quoted(plan.database)}.{quoted(plan.view)} WHERE {where}", texts  # noqa: S608

    def _place(self, chunk: Chunk) -> str:
        return f"chunk {chunk.number} of view {self._plan.view}"

    def _groups(self, statement: tuple[str, list[str]], place: str) -> Iterator[list[Row]]:
        cursor = self._connected().cursor(_StreamingCursor)
        finished = False
        try:
            cursor.execute(*statement)
            while group := _group(cursor):
                yield group
            finished = True
            require_whole_values(cursor.connection, cursor.warnings, place)
        finally:
            if not finished:
                cursor.abandon()
                self.close()
            cursor.close()

    def _connected(self) -> pymysql.Connection[Any]:
        if self._connection is None or not self._connection.open:
            try:
                self._connection = self._connect()
            except pymysql.Error as error:
                if not _is_lost(error):
                    raise
                raise SourceAwayError(f"cannot reach the source: {error}") from error
        return self._connection

    def _connect(self) -> pymysql.Connection[Any]:
        source = self._source
        connection = pymysql.connect(
            host=source.host,
            port=source.port,
            user=source.user,
            # As bytes: PyMySQL encodes a text as Latin-1, MySQL compares UTF-8.
            password=source.password.encode("utf-8"),
            charset="utf8mb4",
            conv={},
            # PyMySQL cannot say SET AUTOCOMMIT itself when it has no conversions.
            autocommit=None,
            connect_timeout=20,
            read_timeout=_READ_TIMEOUT_SECONDS,
            write_timeout=60,
            # Without this, PyMySQL uses TLS wherever the server offers it; with it, only TLS.
            ssl={"verify_mode": "none"} if source.tls_required else None,
        )
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)
            if "mariadb" in connection.server_version.lower():  # type: ignore[attr-defined]
                # It keeps 64 warnings, MySQL 1,024: that a value was cut must not be crowded out.
                cursor.execute("SET SESSION max_error_count = 65535")
        return connection


def _is_lost(error: pymysql.Error) -> bool:
    return isinstance(error, pymysql.InterfaceError) or (bool(error.args) and error.args[0] in _LOST)


class _StreamingCursor(SSCursor):
    _result: Any

    @property
    def warnings(self) -> int:
        """How many warnings the server has of the statement, once all rows are read."""
        return int(self._result.warning_count)

    def abandon(self) -> None:
        """Forget an unfinished result; PyMySQL would read all of it before it lets go, from a closed socket even."""
        if self._result is not None:
            self._result.unbuffered_active = False
        self.connection = None  # type: ignore[assignment] # what closing does too


def _group(cursor: _StreamingCursor) -> list[Row]:
    rows: list[Row] = []
    size = 0
    while len(rows) < MAX_ROWS and size < MAX_BYTES:
        row = cursor.fetchone()
        if row is None:
            break
        rows.append(row)
        size += sum(len(cell) for cell in row if cell is not None)
    return rows
