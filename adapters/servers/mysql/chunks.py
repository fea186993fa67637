"""Plans chunks: the upper bounds of successive key ranges, found by stepping through the key's index.

Guarantees:
- Bounds ascend as `>` compares the key's columns, so the ranges (lower, upper] neither overlap nor leave a gap.
- A call sees one state of the table; `complete` means that no key lies beyond the last bound.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from pydantic import BaseModel

from adapters.servers.mysql.cells import Binary, SqlCell, WireCell, from_wire, identifier, to_wire
from adapters.servers.mysql.connection import Session
from adapters.servers.mysql.key_columns import KeyColumn, key_columns_of
from core.errors import InternalError, InvalidRequestError

# One step reads `rows_per_chunk` entries of the index; ten million of them take a minute on a slow disk.
STEP_SECONDS = 300

Key = tuple[SqlCell, ...]


class Bound(BaseModel):
    """The greatest key of a chunk, and how many rows the chunk has."""

    upper: list[WireCell]
    rows: int


class ChunkPlan(BaseModel):
    """Bounds in key order; ask again with the last `upper` as `after` until `complete`."""

    bounds: list[Bound]
    complete: bool


def plan_chunks(
    session: Session,
    table: str,
    key_columns: Sequence[str],
    rows_per_chunk: int,
    after: Sequence[str | Binary | None] | None,
    *,
    max_chunks: int,
    max_seconds: float,
) -> ChunkPlan:
    """The next bounds, at least one unless the table ends here, then as many as fit into the limits."""
    index = _KeyIndex(session, table, key_columns_of(session, table, key_columns))
    lower = _start(after, len(key_columns))
    session.limit_seconds(STEP_SECONDS)
    session.read_only()
    deadline = time.monotonic() + max_seconds
    bounds: list[Bound] = []
    while len(bounds) < max_chunks and (not bounds or time.monotonic() < deadline):
        upper = index.step(lower, rows_per_chunk)
        if upper is None:
            return ChunkPlan(bounds=[*bounds, *index.rest(lower)], complete=True)
        if upper == lower:
            raise InternalError(f"The key of {table} did not advance beyond its last bound.", table=table)
        bounds.append(Bound(upper=[to_wire(cell) for cell in upper], rows=rows_per_chunk))
        lower = upper
    return ChunkPlan(bounds=bounds, complete=False)


def _start(after: Sequence[str | Binary | None] | None, parts: int) -> Key | None:
    if after is None:
        return None
    if len(after) != parts or None in after:
        raise InvalidRequestError(
            f"`after` must have a cell that is not null for each of the {parts} key columns.",
            remedy="Give the last upper bound as it was answered.",
        )
    return tuple(from_wire(cell) for cell in after)


class _KeyIndex:
    def __init__(self, session: Session, table: str, columns: Sequence[KeyColumn]) -> None:
        self._session = session
        self._columns = columns
        self._table = identifier(table)
        self._names = ", ".join(column.quoted for column in columns)

    def step(self, lower: Key | None, rows: int) -> Key | None:
        """The key that is `rows` keys beyond `lower`."""
        found = self._session.rows(
            f"SELECT {self._names} FROM {self._table}{self._beyond(lower)} "
            f"ORDER BY {self._order('')} LIMIT 1 OFFSET {rows - 1}"
        )
        return found[0] if found else None

    def rest(self, lower: Key | None) -> list[Bound]:
        """The last chunk, if a key lies beyond `lower`."""
        last = self._session.rows(
            f"SELECT {self._names} FROM {self._table}{self._beyond(lower)} ORDER BY {self._order(' DESC')} LIMIT 1"
        )
        if not last:
            return []
        ((count,),) = self._session.texts(f"SELECT COUNT(*) FROM {self._table}{self._beyond(lower)}")
        return [Bound(upper=[to_wire(cell) for cell in last[0]], rows=int(count or 0))]

    def _order(self, direction: str) -> str:
        return ", ".join(f"{column.ordered}{direction}" for column in self._columns)

    def _beyond(self, lower: Key | None) -> str:
        """Compared part by part: engines use an index for `a >= x AND (a > x OR ...)`, not for `(a, b) > (x, y)`."""
        if lower is None:
            return ""
        condition = ""
        for column, cell in reversed(list(zip(self._columns, lower, strict=True))):
            name, value = column.quoted, column.value(cell)
            condition = (
                f"({name} >= {value} AND ({name} > {value} OR {condition}))" if condition else f"{name} > {value}"
            )
        return f" WHERE {condition}"
