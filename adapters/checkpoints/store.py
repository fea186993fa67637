"""The checkpoint store on SQLModel: SQLite by default, PostgreSQL by URL.

It keeps the guarantees of `core.checkpoints.CheckpointStore`; each method is one short transaction, and a change that
met a quicker process is an UnavailableError, so that the caller looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session, col, select

from adapters.checkpoints.engine import checkpoint_url, open_engine, translated_errors
from adapters.checkpoints.queries import migration_row, move, pending_row, table_row, transition_row
from adapters.checkpoints.rows import MigrationRow, TableRow, TransitionRow
from core.checkpoint_errors import duplicate_migration, not_pending, still_pending
from core.checkpoints import (
    ABANDONING,
    UNFINISHED,
    Json,
    MigrationRecord,
    MigrationStatus,
    PendingTransition,
    TableCheckpoint,
    TransitionRecord,
    TransitionStatus,
    as_json,
)
from core.errors import UnavailableError
from core.lifecycle import TableState, Trigger


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_store(url: str, *, now: Callable[[], datetime] = utc_now) -> SqlCheckpointStore:
    """Open the store, creating or upgrading its database.

    Raises SettingsError for a URL that cannot be used, StateError for a database newer than this program,
    UnavailableError when the database does not answer.
    """
    return SqlCheckpointStore(open_engine(checkpoint_url(url)), now)


class SqlCheckpointStore:
    """A `CheckpointStore` over one engine; any thread may call it, each call uses a connection of its own."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._readers = engine
        self._writers = engine.execution_options(write=True)
        self._now = now

    def close(self) -> None:
        """Close every idle connection; the store must not be used afterwards."""
        self._readers.dispose()

    def create_migration(self, record: MigrationRecord, tables: Sequence[str]) -> None:
        with self._session(write=True) as session:
            there = session.exec(select(MigrationRow.number).where(MigrationRow.id == record.id)).first()
            if there is not None or len(set(tables)) < len(tables):
                raise duplicate_migration(record.id)
            session.add(MigrationRow.of(record))
            session.flush()
            session.add_all(TableRow.new(record.id, table, position) for position, table in enumerate(tables))

    def migration(self, migration_id: str) -> MigrationRecord:
        with self._session() as session:
            return migration_row(session, migration_id).record()

    def newest_unfinished(self) -> MigrationRecord | None:
        with self._session() as session:
            query = select(MigrationRow).where(col(MigrationRow.status).in_(UNFINISHED))
            row = session.exec(query.order_by(col(MigrationRow.number).desc()).limit(1)).first()
            return None if row is None else row.record()

    def newest(self) -> MigrationRecord | None:
        return next(iter(self.list_migrations(1)), None)

    def list_migrations(self, limit: int) -> list[MigrationRecord]:
        with self._session() as session:
            query = select(MigrationRow).order_by(col(MigrationRow.number).desc()).limit(limit)
            return [row.record() for row in session.exec(query)]

    def set_status(self, migration_id: str, status: MigrationStatus) -> MigrationRecord:
        with self._session(write=True) as session:
            row = migration_row(session, migration_id)
            row.status = status
            row.updated_at = self._now()
            return row.record()

    def set_settings(self, migration_id: str, settings: Json) -> MigrationRecord:
        with self._session(write=True) as session:
            row = migration_row(session, migration_id)
            row.settings = as_json(settings)
            row.updated_at = self._now()
            return row.record()

    def tables(self, migration_id: str) -> list[TableCheckpoint]:
        with self._session() as session:
            migration_row(session, migration_id)
            query = select(TableRow).where(TableRow.migration_id == migration_id).order_by(col(TableRow.position))
            return [row.checkpoint() for row in session.exec(query)]

    def table(self, migration_id: str, table: str) -> TableCheckpoint:
        with self._session() as session:
            return table_row(session, migration_id, table).checkpoint()

    def begin(
        self, migration_id: str, table: str, trigger: Trigger, intent: Mapping[str, Any] | None = None
    ) -> PendingTransition:
        with self._session(write=True) as session:
            row = table_row(session, migration_id, table, lock=True)
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

    def commit(self, pending: PendingTransition, evidence: Mapping[str, Any] | None = None) -> TableCheckpoint:
        with self._session(write=True) as session:
            table = table_row(session, pending.migration_id, pending.table, lock=True)
            transition = transition_row(session, pending)
            if transition.status is TransitionStatus.COMMITTED and transition.evidence == as_json(evidence):
                return table.checkpoint()  # the answer to the first commit was lost on its way
            if transition.status is not TransitionStatus.PENDING:
                raise not_pending(pending, transition.status.value)
            self._end(transition, TransitionStatus.COMMITTED, evidence=evidence)
            return move(session, table, table.checkpoint().after(pending.trigger, as_json(evidence)))

    def abandon(self, pending: PendingTransition, error: Json) -> None:
        with self._session(write=True) as session:
            table_row(session, pending.migration_id, pending.table, lock=True)
            transition = transition_row(session, pending)
            if transition.status is TransitionStatus.COMMITTED:
                raise not_pending(pending, transition.status.value)
            if transition.status is TransitionStatus.PENDING:
                self._end(transition, TransitionStatus.ABANDONED, error=error)

    def fire(
        self, migration_id: str, table: str, trigger: Trigger, evidence: Mapping[str, Any] | None = None
    ) -> TableCheckpoint:
        return self._at_once(migration_id, table, trigger, evidence, None)

    def fail(self, migration_id: str, table: str, error: Json) -> TableCheckpoint:
        return self._at_once(migration_id, table, Trigger.FAIL, None, error)

    def transitions(self, migration_id: str, table: str) -> list[TransitionRecord]:
        with self._session() as session:
            table_row(session, migration_id, table)
            query = select(TransitionRow).where(
                TransitionRow.migration_id == migration_id, TransitionRow.table_name == table
            )
            return [row.record() for row in session.exec(query.order_by(col(TransitionRow.id)))]

    def _at_once(
        self, migration_id: str, table: str, trigger: Trigger, evidence: Mapping[str, Any] | None, error: Json | None
    ) -> TableCheckpoint:
        with self._session(write=True) as session:
            row = table_row(session, migration_id, table, lock=True)
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

    @contextmanager
    def _session(self, *, write: bool = False) -> Iterator[Session]:
        engine = self._writers if write else self._readers
        try:
            with translated_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (StaleDataError, IntegrityError) as error:
            raise UnavailableError(
                "Another process changed this checkpoint at the same moment.", remedy="Look at it again, then go on."
            ) from error
