"""Source tables: their columns, their rows as a test inserts them, and what the server keeps of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.contract_evaluator.sql_values import (
    EXACT,
    Bits,
    Day,
    Document,
    Filled,
    Members,
    Moment,
    Point,
    Single,
    Span,
    Value,
)

Row = Mapping[str, Value]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = {
    "order",
    "select",
    "group",
    "key",
    "limit",
    "desc",
    "from",
    "table",
    "index",
    "rank",
    "interval",
    "case",
    "null",
}
_COLLATIONS = {
    "ci": {"mysql": "utf8mb4_general_ci", "mariadb": "utf8mb4_general_ci"},
    "bin": {"mysql": "utf8mb4_bin", "mariadb": "utf8mb4_bin"},
    "nopad": {"mysql": "utf8mb4_0900_bin", "mariadb": "utf8mb4_nopad_bin"},
}


def quoted(name: str) -> str:
    """The name for SQL: bare where that is legal, else between backticks."""
    if _PLAIN.fullmatch(name) and name.lower() not in _RESERVED:
        return name
    return "`" + name.replace("`", "``") + "`"


@dataclass(frozen=True)
class ColumnType:
    """`keeps` says what the server makes of an inserted Python value; `sends` what an INSERT is given for it."""

    sql: str
    keeps: Callable[[Any], Value]
    sends: Callable[[Any], Any] = lambda value: value
    place: str = "%s"
    collation: str | None = None

    def declared(self, engine: str) -> str:
        """The type for CREATE TABLE."""
        collation = "" if self.collation is None else f" COLLATE {_COLLATIONS[self.collation][engine]}"
        return self.sql + collation


def integer(sql: str = "INT") -> ColumnType:
    """TINYINT to BIGINT, BOOLEAN, YEAR; inserted as int."""
    return ColumnType(sql, int)


def filled(width: int) -> ColumnType:
    """INT(n) ZEROFILL; inserted as int."""
    return ColumnType(f"INT({width}) ZEROFILL", lambda number: Filled(number, width))


def decimal(digits: int, scale: int) -> ColumnType:
    """DECIMAL; inserted as Decimal that needs no rounding."""
    step = Decimal(1).scaleb(-scale)
    return ColumnType(f"DECIMAL({digits},{scale})", lambda number: Decimal(number).quantize(step, context=EXACT))


def double() -> ColumnType:
    """DOUBLE; inserted as float."""
    return ColumnType("DOUBLE", float)


def single() -> ColumnType:
    """FLOAT; inserted as the text that MySQL will show."""
    return ColumnType("FLOAT", Single)


def bits(width: int) -> ColumnType:
    """BIT(n); inserted as int."""
    return ColumnType(f"BIT({width})", lambda number: Bits(number, width))


def text(sql: str = "VARCHAR(40)", collation: str = "ci") -> ColumnType:
    """VARCHAR and TEXT keep trailing blanks, CHAR loses them (rule 6); inserted as str."""
    fixed = sql.upper().startswith("CHAR")
    return ColumnType(sql, (lambda t: t.rstrip(" ")) if fixed else str, collation=collation)


def choice(*words: str) -> ColumnType:
    """ENUM; inserted as str."""
    return ColumnType(f"ENUM({_words(words)})", str, collation="ci")


def binary(sql: str = "VARBINARY(20)") -> ColumnType:
    """VARBINARY and BLOB; BINARY(n) is filled with zero bytes; inserted as bytes."""
    fixed = re.fullmatch(r"BINARY\((\d+)\)", sql)
    return ColumnType(sql, (lambda b: b.ljust(int(fixed[1]), b"\0")) if fixed else bytes)


def day() -> ColumnType:
    """DATE; inserted as its text."""
    return ColumnType("DATE", Day)


def moment(sql: str = "DATETIME", digits: int = 0) -> ColumnType:
    """DATETIME or TIMESTAMP; inserted as text in UTC with exactly `digits` digits of the second."""
    return ColumnType(f"{sql}({digits})" if digits else sql, Moment)


def span() -> ColumnType:
    """TIME; inserted as its text."""
    return ColumnType("TIME", Span)


def members(*words: str) -> ColumnType:
    """SET; inserted as a set of str."""

    def kept(given: set[str]) -> Members:
        return Members(tuple(word for word in words if word in given))

    return ColumnType(f"SET({_words(words)})", kept, lambda v: ",".join(kept(v).names), collation="ci")


def document() -> ColumnType:
    """JSON; inserted as a Python value of dicts, lists, str, int, short Decimals, bool and None."""
    return ColumnType("JSON", lambda value: Document(json_text(value)), json_text)


def _words(words: Iterable[str]) -> str:
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def point() -> ColumnType:
    """POINT; inserted as (x, y)."""
    return ColumnType("POINT", lambda p: Point(*p), lambda p: f"POINT({p[0]} {p[1]})", "ST_GeomFromText(%s)")


def json_text(value: Any) -> str:
    """JSON as MySQL writes it (names by length, then bytes), which MariaDB keeps as it is."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{json.dumps(n, ensure_ascii=False)}: {json_text(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Table:
    """A source table; `rows` as they are inserted, None for NULL."""

    name: str
    columns: dict[str, ColumnType]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    rows: Sequence[Mapping[str, Any]] = field(default=())

    def with_rows(self, rows: Sequence[Mapping[str, Any]]) -> Table:
        """The same table with other rows."""
        return Table(self.name, self.columns, self.key, self.unique, self.indexes, tuple(rows))

    def stored(self) -> list[Row]:
        """The rows as the server keeps them."""
        return [
            {n: None if row.get(n) is None else type_.keeps(row[n]) for n, type_ in self.columns.items()}
            for row in self.rows
        ]

    def create_sql(self, engine: str) -> str:
        """CREATE TABLE."""
        parts = [
            f"{_name(n)} {t.declared(engine)} {'NOT NULL' if n in self.key else 'NULL'}"
            for n, t in self.columns.items()
        ]
        parts += [f"PRIMARY KEY ({_names(self.key)})"] if self.key else []
        parts += [f"UNIQUE KEY `u{n}` ({_names(names)})" for n, names in enumerate(self.unique)]
        parts += [f"KEY `k{n}` ({_names(names)})" for n, names in enumerate(self.indexes)]
        return f"CREATE TABLE {_name(self.name)} ({', '.join(parts)}) DEFAULT CHARSET utf8mb4"

    def insert(self) -> tuple[str, list[Any]] | None:
        """One INSERT of all rows and its parameters; None without rows. The session must be in UTC."""
        if not self.rows:
            return None
        places = ", ".join(type_.place for type_ in self.columns.values())
        sql = f"INSERT INTO {_name(self.name)} ({_names(self.columns)}) VALUES ".replace("%", "%%")
        given = [
            None if row.get(n) is None else type_.sends(row[n])
            for row in self.rows
            for n, type_ in self.columns.items()
        ]
        return sql + ", ".join(f"({places})" for _ in self.rows), given


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _names(names: Any) -> str:
    return ", ".join(map(_name, names))
