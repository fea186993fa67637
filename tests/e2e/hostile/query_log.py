"""What the SQL server was told, from its own general query log, and which of it is ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pymysql

# As MySQL's own lexer reads it: what is inside a literal or a quoted name is no SQL; a comment stays and is seen.
_PIECE = re.compile(
    r"(?P<text>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")|(?P<name>`(?:[^`]|``)*`)"
    r"|(?P<word>[A-Za-z_@][\w@$]*)|(?P<number>\d[\d.]*)|(?P<blank>\s+)|(?P<mark>.)",
    re.DOTALL,
)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "b": "\b"}
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_COLUMNS = (
    "TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME, "
    "NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION"
)
_LOOKUPS = [
    "SELECT TABLE_NAME, TABLE_TYPE, TABLE_ROWS, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?{} "
    "ORDER BY TABLE_NAME",
    f"SELECT {_COLUMNS} FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?{{}} "
    "ORDER BY TABLE_NAME, ORDINAL_POSITION",
    "SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?{}",
    "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE FROM information_schema.STATISTICS "
    "WHERE TABLE_SCHEMA = ?{} AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX",
]
# Everything that is said to the source before a migration begins; `?` is a string literal, `0` a number.
BEFORE_A_MIGRATION = frozenset(
    [
        "SET AUTOCOMMIT = 0",
        "SET NAMES utf8mb4",
        "SET SESSION sql_mode = CONCAT(?, IF(VERSION() LIKE ?))",
        "SET SESSION time_zone = ?, net_write_timeout = 0, sql_quote_show_create = 0, sql_select_limit = 0, "
        "group_concat_max_len = 0, max_sort_length = 0, sort_buffer_size = 0, "
        "lc_time_names = ?, default_week_format = 0, div_precision_increment = 0",
        "SELECT VERSION(), CURRENT_USER(), UTC_TIMESTAMP(0)",
        "SHOW SESSION STATUS LIKE ?",
        "SHOW VARIABLES LIKE ?",
        "SHOW GRANTS",
        "SHOW GRANTS FOR PUBLIC",
        "SHOW GRANTS FOR CURRENT_USER()",
        "SELECT CURRENT_ROLE()",
        "SELECT @@lower_case_table_names",
        "SET SESSION information_schema_stats_expiry = 0",
        *(shape.format(names) for shape in _LOOKUPS for names in (" AND TABLE_NAME IN (?)", "")),
    ]
)
OUR_LITERALS = frozenset(
    {
        *("+00:00", "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", "%MariaDB%", ",TIME_ROUND_FRACTIONAL", ""),
        *("Ssl_version", "partial_revokes", "en_US"),
    }
)


@dataclass(frozen=True)
class Statement:
    """A logged statement: `shape` has `?` for literals, `n` for quoted names and `0` for numbers."""

    sql: str
    shape: str
    literals: tuple[str, ...]

    @classmethod
    def of(cls, sql: str) -> Statement:
        """Take a statement apart."""
        shape, literals = "", []
        for piece in _PIECE.finditer(sql):
            if piece["text"]:
                literals.append(_ESCAPED.sub(_unescaped, piece["text"][1:-1]))
            shape += {"text": "?", "name": "n", "number": "0", "blank": " "}.get(piece.lastgroup or "", piece.group())
        shape = re.sub(r"\?(, \?)+", "?", shape)
        return cls(sql, shape, tuple(literals))


def _unescaped(match: re.Match[str]) -> str:
    return "'" if match[1] is None else _ESCAPES.get(match[1], match[1])


class QueryLog:
    """The statements of one database user, each told once."""

    def __init__(self, root: pymysql.Connection[Any], user: str) -> None:
        self._root = root
        self._user = user
        self._told = 0

    def news(self) -> list[Statement]:
        """The statements since the last call, in the server's order."""
        with self._root.cursor() as cursor:
            cursor.execute(
                "SELECT CONVERT(command_type USING utf8mb4), CONVERT(argument USING utf8mb4) FROM mysql.general_log "
                "WHERE user_host LIKE %s",
                (f"%{self._user}[%",),
            )
            rows = list(cursor.fetchall())
        fresh, self._told = rows[self._told :], len(rows)
        return [Statement.of(sql) for command, sql in fresh if command not in {"Connect", "Quit"}]

    def views(self, database: str) -> list[str]:
        """The views of a database, asked for by another user than the one whose statements are told."""
        with self._root.cursor() as cursor:
            cursor.execute("SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s", (database,))
            return [str(name) for (name,) in cursor.fetchall()]


@contextmanager
def query_log(server_url: str, user: str) -> Iterator[QueryLog]:
    """The general query log of a server that runs for tests, on for a while and then as it was."""
    server = urlsplit(server_url)
    root = pymysql.connect(
        host=server.hostname or "127.0.0.1",
        port=server.port or 3306,
        user=server.username or "root",
        password=server.password or "",
        charset="utf8mb4",
        autocommit=True,
    )
    with root, root.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.general_log, @@GLOBAL.log_output")
        was_on, was_written_to = cursor.fetchone() or (0, "FILE")
        cursor.execute("SET GLOBAL log_output = 'TABLE'")
        cursor.execute("SET GLOBAL general_log = 1")
        try:
            yield QueryLog(root, user)
        finally:
            cursor.execute("SET GLOBAL general_log = %s", (was_on,))
            cursor.execute("SET GLOBAL log_output = %s", (was_written_to,))
