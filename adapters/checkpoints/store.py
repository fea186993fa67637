"""The checkpoint store on SQLModel: SQLite by default, PostgreSQL by URL.

It keeps the guarantees of `core.checkpoints.CheckpointStore`; each method is one short transaction, and a change that
met a quicker process is an UnavailableError, so that the caller looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from adapters.checkpoints.chunk_store import ChunkTables
from adapters.checkpoints.engine import checkpoint_url, open_engine
from adapters.checkpoints.lease_store import LeaseColumns
from adapters.checkpoints.migration_store import MigrationTable
from adapters.checkpoints.queries import migration_row, move, pending_row, table_row, transition_row
from adapters.checkpoints.rows import TableRow, TransitionRow
from adapters.checkpoints.sessions import utc_now
from core.checkpoint_errors import not_pending, still_pending
from core.checkpoints import (
    ABANDONING,
    Json,
    PendingTransition,
    TableCheckpoint,
    TransitionRecord,
    TransitionStatus,
    as_json,
)
from core.lifecycle import TableState, Trigger


def open_store(url: str, *, now: Callable[[], datetime] = utc_now) -> SqlCheckpointStore:
    """Open the store, creating or upgrading its database.

    Raises SettingsError for a URL that cannot be used, StateError for a database newer than this program,
    UnavailableError when the database does not answer.
    """
    return SqlCheckpointStore(open_engine(checkpoint_url(url)), now)


class SqlCheckpointStore(MigrationTable, ChunkTables, LeaseColumns):
    """A `CheckpointStore` over one engine; any thread may call it, each call uses a connection of its own."""

    def tables(self, migration_id: str) -> list[TableCheckpoint]:
        with self._session() as session:
            migration_row(session, migration_id)
            query = select(TableRow).where(TableRow.migration_id == migration_id).order_by(col(TableRow.position))
            return [row.checkpoint() for row in session.exec(query)]

    def table(self, migration_id: str, table: str) -> TableCheckpoint:
        with self._session() as session:
            return table_row(session, migration_id, table).checkpoint()

    def begin(
        self,
        migration_id: str,
        table: str,
        trigger: Trigger,
        intent: Mapping[str, Any] | None = None,
        *,
        fence: int | None = None,
    ) -> PendingTransition:
        with self._session(write=True) as session:
            row = self._held_row(session, migration_id, table, fence)
            if (open_one := pending_row(session, row)) is not None:
                if open_one.trigger is not trigger:
                    raise still_pending(open_one.as_pending(), trigger)
                return open_one.as_pending()
            checkpoint = row.checkpoint()
            new = self._transition(checkpoint, trigger, checkpoint.life.target(trigger), intent=intent)
            session.add(new)
            session.flush()
            return new.as_pending()

    def pending(self, migration_id: str, table: str) -> PendingTransition | None:
        with self._session() as session:
            row = pending_row(session, table_row(session, migration_id, table))
            return None if row is None else row.as_pending()

    def commit(
        self, pending: PendingTransition, evidence: Mapping[str, Any] | None = None, *, fence: int | None = None
    ) -> TableCheckpoint:
        with self._session(write=True) as session:
            table = self._held_row(session, pending.migration_id, pending.table, fence)
            transition = transition_row(session, pending)
            if transition.status is TransitionStatus.COMMITTED and transition.evidence == as_json(evidence):
                return table.checkpoint()  # the answer to the first commit was lost on its way
            if transition.status is not TransitionStatus.PENDING:
                raise not_pending(pending, transition.status.value)
            self._end(transition, TransitionStatus.COMMITTED, evidence=evidence)
            return move(session, table, table.checkpoint().after(pending.trigger, as_json(evidence)))

    def abandon(self, pending: PendingTransition, error: Json, *, fence: int | None = None) -> None:
        with self._session(write=True) as session:
            self._held_row(session, pending.migration_id, pending.table, fence)
            transition = transition_row(session, pending)
            if transition.status is TransitionStatus.COMMITTED:
                raise not_pending(pending, transition.status.value)
            if transition.status is TransitionStatus.PENDING:
                self._end(transition, TransitionStatus.ABANDONED, error=error)

    def fire(
        self,
        migration_id: str,
        table: str,
        trigger: Trigger,
        evidence: Mapping[str, Any] | None = None,
        *,
        fence: int | None = None,
    ) -> TableCheckpoint:
        return self._at_once(migration_id, table, trigger, fence, evidence=evidence)

    def fail(self, migration_id: str, table: str, error: Json, *, fence: int | None = None) -> TableCheckpoint:
        return self._at_once(migration_id, table, Trigger.FAIL, fence, error=error)

    def transitions(self, migration_id: str, table: str) -> list[TransitionRecord]:
        with self._session() as session:
            table_row(session, migration_id, table)
            query = select(TransitionRow).where(
                TransitionRow.migration_id == migration_id, TransitionRow.table_name == table
            )
            return [row.record() for row in session.exec(query.order_by(col(TransitionRow.id)))]

    def _at_once(
        self,
        migration_id: str,
        table: str,
        trigger: Trigger,
        fence: int | None,
        *,
        evidence: Mapping[str, Any] | None = None,
        error: Json | None = None,
    ) -> TableCheckpoint:
        with self._session(write=True) as session:
            row = self._held_row(session, migration_id, table, fence)
            before = row.checkpoint()
            after = before.after(trigger, as_json(evidence), error)
            if (open_one := pending_row(session, row)) is not None:
                if trigger not in ABANDONING:
                    raise still_pending(open_one.as_pending(), trigger)
                self._end(open_one, TransitionStatus.ABANDONED, error=error)
            done = self._transition(before, trigger, after.state)
            self._end(done, TransitionStatus.COMMITTED, evidence=evidence, error=error)
            session.add(done)
            return move(session, row, after)

    def _transition(
        self,
        before: TableCheckpoint,
        trigger: Trigger,
        to_state: TableState,
        *,
        intent: Mapping[str, Any] | None = None,
    ) -> TransitionRow:
        return TransitionRow(
            migration_id=before.migration_id,
            table_name=before.table,
            trigger=trigger,
            from_state=before.state,
            to_state=to_state,
            status=TransitionStatus.PENDING,
            intent=as_json(intent),
            evidence={},
            started_at=self._now(),
        )

    def _end(
        self,
        row: TransitionRow,
        status: TransitionStatus,
        *,
        evidence: Mapping[str, Any] | None = None,
        error: Json | None = None,
    ) -> None:
        row.status, row.evidence, row.error, row.ended_at = status, as_json(evidence), error, self._now()
