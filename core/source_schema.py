"""What the source database looks like: tables, columns and unique keys, as far as a contract can speak of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.items.plan import Kind

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year"), Kind.INTEGER),
    **dict.fromkeys(("decimal", "numeric"), Kind.DECIMAL),
    "float": Kind.FLOAT,
    "double": Kind.DOUBLE,
    "bit": Kind.BIT,
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum"), Kind.TEXT),
    **dict.fromkeys(("uuid", "inet4", "inet6"), Kind.TEXT),  # MariaDB's own, sent as text
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), Kind.BINARY),
    "date": Kind.DATE,
    **dict.fromkeys(("datetime", "timestamp"), Kind.DATETIME),
    "time": Kind.TIME,
    "set": Kind.SET,
    "json": Kind.JSON,
}
_GEOMETRY = {
    *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
    *("geometrycollection", "geomcollection"),
}
# Ranges of these are compared by the server as they are ordered. ENUM and SET are ordered by number but compared as
# text, FLOAT is not equal to its own text, BIT and JSON have no literal that is safe on both engines.
_RANGE_KINDS = {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.TEXT, Kind.BINARY}

_MEMBER = re.compile(r"'((?:[^']|'')*)'")
# Measured on MySQL 9.7, texts of one and two bytes: these have several for one character of Unicode.
_MANY_BYTES_ONE_CHARACTER = {"armscii8", "big5", "cp932", "eucjpms", "sjis", "tis620", "ujis"}


@dataclass(frozen=True)
class SourceColumn:
    """A column as information_schema describes it; `data_type` is lower case without length ("varchar")."""

    name: str
    data_type: str
    column_type: str
    nullable: bool
    collation: str | None = None
    is_json: bool = False

    @property
    def is_geometry(self) -> bool:
        """Whether it holds geometry, which a view must turn into WKT or WKB first."""
        return self.data_type in _GEOMETRY

    @property
    def kind(self) -> str | None:
        """The kind of its values (`core.items.plan.Kind`); None for a type that tableferry does not know."""
        if self.is_json:
            return Kind.JSON
        return _KINDS.get(self.data_type)

    @property
    def supports_ranges(self) -> bool:
        """Whether `BETWEEN` over its text agrees with its order."""
        return self.kind in _RANGE_KINDS and self.data_type not in {"enum", "uuid", "inet4", "inet6"}

    @property
    def shares_texts(self) -> bool:
        """Whether values that an index tells apart can come out as the same text."""
        if (self.collation or "").split("_")[0] in _MANY_BYTES_ONE_CHARACTER:
            return True
        # An ENUM is its number: the error value 0 has the text '', and outside strict mode members may be repeated.
        members = _MEMBER.findall(self.column_type) if self.data_type == "enum" else []
        return "" in members or len(set(members)) < len(members)

    def compares_like(self, other: SourceColumn) -> bool:
        """Whether `=` between the two is the equality of this column's own unique index."""
        if self.kind in {Kind.TEXT, Kind.SET} or other.kind in {Kind.TEXT, Kind.SET}:
            same_text = self.kind == other.kind == Kind.TEXT and "enum" not in {self.data_type, other.data_type}
            return same_text and self.collation is not None and self.collation == other.collation
        return self.kind == other.kind and self.kind not in {Kind.FLOAT, Kind.JSON, None}


@dataclass(frozen=True)
class UniqueKey:
    """A unique index over whole columns; `columns` in index order."""

    name: str
    columns: tuple[str, ...]
    nullable: bool


@dataclass(frozen=True)
class SourceTable:
    """A base table (or a view, which has no keys)."""

    name: str
    columns: tuple[SourceColumn, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[UniqueKey, ...] = ()
    is_view: bool = False
    approximate_rows: int | None = None

    def column(self, name: str) -> SourceColumn | None:
        """The column of this name; MySQL does not tell upper from lower case here."""
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)

    def row_key(self) -> tuple[SourceColumn, ...]:
        """The columns that identify a row: the primary key, else the shortest unique key without NULLs, else none."""
        names = self.primary_key
        if not names:
            candidates = [k.columns for k in self.unique_keys if not k.nullable]
            names = min(candidates, key=len, default=())
        return tuple(c for n in names if (c := self.column(n)) is not None)


@dataclass(frozen=True)
class SourceSchema:
    """The tables of one database that a contract names."""

    engine: str
    version: str
    database: str
    tables: tuple[SourceTable, ...]
    lower_case_table_names: int = 0

    def table(self, name: str) -> SourceTable | None:
        """The table of this name, by the server's own rule on case."""
        if self.lower_case_table_names == 0:
            return next((t for t in self.tables if t.name == name), None)
        return next((t for t in self.tables if t.name.lower() == name.lower()), None)

    def namesakes(self, name: str) -> frozenset[str]:
        """The tables whose names differ from this name in case only, where the server tells them apart."""
        if self.lower_case_table_names != 0:
            return frozenset()
        return self._alike.get(name.lower(), frozenset()) - {name}

    @cached_property
    def _alike(self) -> dict[str, frozenset[str]]:
        """The tables' names by their lower case."""
        found: dict[str, set[str]] = {}
        for table in self.tables:
            found.setdefault(table.name.lower(), set()).add(table.name)
        return {lower: frozenset(names) for lower, names in found.items()}

    @classmethod
    def from_wire(cls, data: dict[str, Any]) -> SourceSchema:
        """Read what `mysql_describe_schema` answers."""
        return cls(
            engine=data["engine"],
            version=data["version"],
            database=data["database"],
            lower_case_table_names=data["lower_case_table_names"],
            tables=tuple(_table(t) for t in data["tables"]),
        )


def _table(data: dict[str, Any]) -> SourceTable:
    return SourceTable(
        name=data["name"],
        columns=tuple(
            SourceColumn(
                name=c["name"],
                data_type=c["data_type"].lower(),
                column_type=c["column_type"],
                nullable=c["nullable"],
                collation=c.get("collation"),
                is_json=c["is_json"],
            )
            for c in data["columns"]
        ),
        primary_key=tuple(data["primary_key"]),
        unique_keys=tuple(UniqueKey(k["name"], tuple(k["columns"]), k["nullable"]) for k in data["unique_keys"]),
        is_view=data["kind"] == "view",
        approximate_rows=data.get("approximate_rows"),
    )
