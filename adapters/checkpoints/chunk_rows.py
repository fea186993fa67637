"""The tables of chunks and of circuits, and their rows as core's frozen records."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, String, Text
from sqlmodel import Field

from adapters.checkpoints.columns import Row, UtcDateTime, json_column, words
from core.checkpoints import Json
from core.chunk_records import ChunkRecord
from core.circuits import CircuitRecord, CircuitState
from core.items.plan import Cell, Chunk


class ChunkRow(Row, table=True):
    """One planned chunk; its bounds are lists of cells, where `{"b64": ...}` is bytes."""

    __tablename__ = "chunk"
    __table_args__ = (
        ForeignKeyConstraint(
            ["migration_id", "table_name"], ["table_checkpoint.migration_id", "table_checkpoint.table_name"]
        ),
        CheckConstraint("done_at IS NOT NULL OR result IS NULL", name="result_of_done"),
    )

    migration_id: str = Field(sa_type=String(255), primary_key=True)
    table_name: str = Field(sa_type=String(255), primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    item: int
    lower: Any = json_column(nullable=True)
    upper: Any = json_column(nullable=True)
    rows: int
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    result: Json | None = json_column(nullable=True)

    @classmethod
    def of(cls, migration_id: str, table: str, chunk: Chunk) -> ChunkRow:
        return cls(
            migration_id=migration_id,
            table_name=table,
            number=chunk.number,
            item=chunk.item,
            lower=_stored(chunk.lower),
            upper=_stored(chunk.upper),
            rows=chunk.rows,
        )

    def record(self) -> ChunkRecord:
        chunk = Chunk(self.number, _cells(self.lower), _cells(self.upper), self.rows, self.item)
        return ChunkRecord(chunk, self.done_at, self.result)


def _stored(cells: tuple[Cell, ...] | None) -> list[Any] | None:
    if cells is None:
        return None
    return [{"b64": base64.b64encode(c).decode("ascii")} if isinstance(c, bytes) else c for c in cells]


def _cells(stored: list[Any] | None) -> tuple[Cell, ...] | None:
    if stored is None:
        return None
    return tuple(base64.b64decode(c["b64"]) if isinstance(c, dict) else c for c in stored)


class CircuitRow(Row, table=True):
    """How the circuit of one server stands for one migration."""

    __tablename__ = "circuit"
    __table_args__ = (ForeignKeyConstraint(["migration_id"], ["migration.id"]),)

    migration_id: str = Field(sa_type=String(255), primary_key=True)
    server: str = Field(sa_type=String(255), primary_key=True)
    state: CircuitState = Field(sa_type=words(CircuitState, "state"))
    failures: int = Field(sa_type=Integer)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    last_error: str | None = Field(default=None, sa_type=Text)

    @classmethod
    def of(cls, migration_id: str, circuit: CircuitRecord) -> CircuitRow:
        return cls(migration_id=migration_id, **vars(circuit))

    def record(self) -> CircuitRecord:
        return CircuitRecord(self.server, self.state, self.failures, self.opened_at, self.last_error)
