"""The chunks and the circuits of a checkpoint store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from adapters.checkpoints.chunk_rows import ChunkRow, CircuitRow
from adapters.checkpoints.lease_store import LeaseColumns
from adapters.checkpoints.queries import migration_row, table_row
from core.checkpoints import as_json
from core.chunk_records import ChunkCount, ChunkRecord, replanned, unplanned
from core.circuits import CircuitRecord
from core.items.plan import Chunk


class ChunkTables(LeaseColumns):
    """A `ChunkStore` and a `CircuitStore`."""

    def plan_chunks(
        self, migration_id: str, table: str, chunks: Sequence[Chunk], fence: int | None = None
    ) -> list[ChunkRecord]:
        with self._session(write=True) as session:
            self._held_row(session, migration_id, table, fence)
            there = [row.record() for row in _rows(session, migration_id, table)]
            if [record.chunk for record in there] == list(chunks):
                return there
            if any(record.done_at is not None for record in there):
                raise replanned(table)
            session.connection().execute(delete(ChunkRow).where(*_of(migration_id, table)))
            rows = [ChunkRow.of(migration_id, table, chunk) for chunk in chunks]
            session.expunge_all()
            session.add_all(rows)
            session.flush()
            return [row.record() for row in rows]

    def mark_chunks_done(
        self,
        migration_id: str,
        table: str,
        results: Mapping[int, Mapping[str, Any] | None],
        fence: int | None = None,
    ) -> None:
        with self._session(write=True) as session:
            self._held_row(session, migration_id, table, fence)
            rows = {row.number: row for row in _rows(session, migration_id, table)}
            if unknown := sorted(results.keys() - rows.keys()):
                raise unplanned(table, unknown)
            now = self._now()
            for number, result in results.items():
                row = rows[number]
                row.done_at = row.done_at or now
                if result is not None:
                    row.result = as_json(result)

    def chunks(self, migration_id: str, table: str) -> list[ChunkRecord]:
        with self._session() as session:
            table_row(session, migration_id, table)
            return [row.record() for row in _rows(session, migration_id, table)]

    def chunk_counts(self, migration_id: str) -> dict[str, ChunkCount]:
        done = col(ChunkRow.done_at).is_not(None)
        rows = col(ChunkRow.rows)
        with self._session() as session:
            migration_row(session, migration_id)
            query = (
                select_columns(
                    col(ChunkRow.table_name),
                    func.count(col(ChunkRow.done_at)),
                    func.count(),
                    func.coalesce(func.sum(rows).filter(done), 0),
                    func.sum(rows),
                )
                .where(col(ChunkRow.migration_id) == migration_id)
                .group_by(col(ChunkRow.table_name))
            )
            return {row[0]: ChunkCount(*map(int, row[1:])) for row in session.connection().execute(query)}

    def set_circuit(self, migration_id: str, circuit: CircuitRecord) -> None:
        with self._session(write=True) as session:
            migration_row(session, migration_id)
            session.merge(CircuitRow.of(migration_id, circuit))

    def circuits(self, migration_id: str) -> list[CircuitRecord]:
        with self._session() as session:
            migration_row(session, migration_id)
            query = select(CircuitRow).where(CircuitRow.migration_id == migration_id)
            return [row.record() for row in session.exec(query.order_by(col(CircuitRow.server)))]


def _of(migration_id: str, table: str) -> tuple[Any, Any]:
    return ChunkRow.migration_id == migration_id, ChunkRow.table_name == table


def _rows(session: Session, migration_id: str, table: str) -> list[ChunkRow]:
    return list(session.exec(select(ChunkRow).where(*_of(migration_id, table)).order_by(col(ChunkRow.number))))
