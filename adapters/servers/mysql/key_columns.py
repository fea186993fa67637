"""The columns by which a table is cut into chunks, and how to compare and order each of them exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.servers.mysql.cells import SqlCell, identifier, literal
from adapters.servers.mysql.connection import Session
from adapters.servers.mysql.schema import Table, describe_schema
from core.errors import InvalidRequestError, NotFoundError

_NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"})
_NAMED = frozenset({"enum", "set"})
# What these show is not what they hold or how they sort, so a bound would cut in the wrong place.
_INEXACT = frozenset({"float", "double", "json", "geometry", "point", "linestring", "polygon", "vector"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class KeyColumn:
    """A key column and its data type as information_schema has it."""

    name: str
    data_type: str

    @property
    def quoted(self) -> str:
        """The column's name as a quoted identifier."""
        return identifier(self.name)

    @property
    def ordered(self) -> str:
        """What to order by, so that the order is that of `>`: ENUM and SET sort by number but compare as text."""
        return f"CONCAT({self.quoted})" if self.data_type in _NAMED else self.quoted

    def value(self, cell: SqlCell) -> str:
        """A cell of this column as a literal that compares exactly: DECIMAL against text would compare as DOUBLE."""
        if self.data_type == "bit" and isinstance(cell, bytes):
            return str(int.from_bytes(cell, "big"))
        if self.data_type not in _NUMBERS:
            return literal(cell)
        if not isinstance(cell, str) or not _NUMBER.fullmatch(cell):
            raise InvalidRequestError(f"The bound of {self.name} is no number.", remedy="Give it as it was answered.")
        return cell


def key_columns_of(session: Session, table: str, names: Sequence[str]) -> list[KeyColumn]:
    """The columns in the order given. Raises InvalidRequestError unless they identify a row and can be bounds."""
    schema = describe_schema(session, [table])
    if not schema.tables:
        raise NotFoundError(f"There is no table {table!r} at {session.address}.", remedy="Check the name.", table=table)
    found = schema.tables[0]
    known = {column.name: column for column in found.columns}
    if unknown := [name for name in names if name not in known]:
        raise _unusable(table, f"it has no column {', '.join(map(repr, unknown))}")
    if not _identifies(found, names):
        raise _unusable(
            table, f"the columns {', '.join(names)} do not cover its primary key or a unique key without NULLs"
        )
    if inexact := [name for name in names if known[name].data_type in _INEXACT or known[name].is_json]:
        raise _unusable(table, f"the type of {', '.join(inexact)} cannot bound a range exactly")
    return [KeyColumn(name, known[name].data_type) for name in names]


def _identifies(table: Table, names: Sequence[str]) -> bool:
    keys = [table.primary_key, *(key.columns for key in table.unique_keys if not key.nullable)]
    return any(key and set(key) <= set(names) for key in keys) and all(
        not column.nullable for column in table.columns if column.name in names
    )


def _unusable(table: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The table {table} cannot be cut into chunks: {why}.",
        remedy="Give the columns of its primary key, or of a unique key without NULLs.",
        table=table,
    )
