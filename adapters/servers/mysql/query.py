"""Runs a query that only reads, and bounds what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from adapters.servers.mysql.address import Address
from adapters.servers.mysql.cells import Binary, WireCell, bind, from_wire, to_wire
from adapters.servers.mysql.connection import Row, connect
from adapters.servers.mysql.query_guard import check_query

# A client's stdio reader takes quadratic time for long answers: 8 MiB are about 3 s.
MAX_ANSWER_BYTES = 8 * 1024 * 1024


class QueryAnswer(BaseModel):
    """Rows of cells; `truncated` when the query has more of them."""

    columns: list[str]
    rows: list[list[WireCell]]
    truncated: bool


def execute_query(
    address: Address, sql: str, parameters: Sequence[str | Binary | None], *, max_rows: int, seconds: float
) -> QueryAnswer:
    """The query's first rows. Raises InvalidRequestError for a statement that may have effects."""
    bound = bind(sql, [from_wire(cell) for cell in parameters])
    check_query(bound)
    with connect(address, seconds=seconds) as session:
        session.limit_seconds(seconds)
        session.read_only()
        columns, arriving = session.stream(bound)
        rows, truncated = _bounded(arriving, max_rows)
    return QueryAnswer(columns=columns, rows=[[to_wire(cell) for cell in row] for row in rows], truncated=truncated)


def _bounded(arriving: Iterator[Row], max_rows: int) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    size = 0
    for row in arriving:
        size += sum(len(cell) for cell in row if cell is not None)
        if len(rows) == max_rows or (rows and size > MAX_ANSWER_BYTES):
            return rows, True
        rows.append(row)
    return rows, False
