"""Bytes that a column's character set has no character for: the server would send a question mark for each, silently.

Found by running MySQL 9.7 and MariaDB 10.11 over every byte of every single-byte set. Servers take such bytes from a
client that speaks the column's own set (0x98 in cp1251, NEC's signs in sjis, Urdu letters in cp1256).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sqlglot.dialects.mysql import MySQL
from sqlglot.tokenizer_core import Token, TokenType

from core.items.plan import Kind
from core.source_schema import SourceColumn, SourceSchema

# Sets in which all that a column can hold is a character.
_WHOLE: Final = frozenset(
    {
        *("utf8", "utf8mb3", "utf8mb4", "ucs2", "utf16", "utf16le", "utf32", "gb18030", "binary"),
        *("latin1", "latin2", "latin5", "latin7", "cp850", "cp852", "cp866", "armscii8", "keybcs2"),
        *("koi8r", "koi8u", "macce", "macroman"),
    }
)
_SELECTS: Final = {TokenType.FROM, TokenType.JOIN}
_UNKNOWN: Final = "\ufffd"  # what tis620 gives instead of a question mark


@dataclass(frozen=True)
class TextCheck:
    """A query that answers with a row if some text of `column` (table.column) has such bytes."""

    column: str
    character_set: str
    sql: str


def text_checks(view_sql: str, schema: SourceSchema) -> list[TextCheck]:
    """The checks for the columns that the view reads; none where all its columns are of sets without such bytes."""
    checks = [
        TextCheck(f"{table}.{column.name}", charset, _query(table, column.name))
        for table, column in _columns_read(view_sql, schema)
        if (charset := _partial_set(column, schema.engine)) is not None
    ]
    return list(dict.fromkeys(checks))


def _partial_set(column: SourceColumn, engine: str) -> str | None:
    if column.kind != Kind.TEXT or column.collation is None or column.data_type == "enum":
        return None
    charset = column.collation.split("_", maxsplit=1)[0]
    whole = charset in _WHOLE or (charset == "ascii" and engine == "mysql")  # MariaDB takes any byte for ASCII
    return None if whole else charset


def _query(table: str, column: str) -> str:
    """Characters are counted without question marks, before and after the server turns them into Unicode's."""
    own = f"`{column.replace('`', '``')}`"
    shown = f"REPLACE(REPLACE(CONVERT({own} USING utf8mb4), '?', ''), '{_UNKNOWN}', '')"
    differs = f"CHAR_LENGTH({shown}) <> CHAR_LENGTH(REPLACE({own}, '?', ''))"
    return f"SELECT 1 FROM `{table.replace('`', '``')}` WHERE {differs} LIMIT 1"  # noqa: S608 - quoted, no parameters


def _columns_read(view_sql: str, schema: SourceSchema) -> Iterator[tuple[str, SourceColumn]]:
    """By tokens: no parser reads both engines' forms of JSON_ARRAYAGG. An alias is unique in its SELECT."""
    for tokens in _selects(MySQL().tokenize(view_sql)):
        names = [t.text for t in tokens]
        kinds = [t.token_type for t in tokens]
        tables = {names[n + 3]: names[n + 1] for n, k in enumerate(kinds[:-3]) if k in _SELECTS}
        for n, k in enumerate(kinds[1:-1], start=1):
            table = schema.table(tables.get(names[n - 1], "")) if k == TokenType.DOT else None
            column = None if table is None else table.column(names[n + 1])
            if table is not None and column is not None:
                yield table.name, column


def _selects(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The SELECTs of a UNION: each gives its aliases anew."""
    ends = [-1, *(n for n, t in enumerate(tokens) if t.token_type == TokenType.UNION), len(tokens)]
    return (tokens[start + 1 : end] for start, end in pairwise(ends))
