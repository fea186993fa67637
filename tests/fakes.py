"""Fakes of core's ports: they keep the ports' promises in memory, and pass the ports' own suites."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.checkpoint_errors import (
    driven_already,
    duplicate_migration,
    not_pending,
    still_pending,
    unfinished_already,
    unknown_migration,
    unknown_table,
)
from core.checkpoints import (
    ABANDONING,
    UNFINISHED,
    Json,
    MigrationRecord,
    MigrationStatus,
    PendingTransition,
    Request,
    TableCheckpoint,
    TransitionRecord,
    TransitionStatus,
    as_json,
)
from core.leases import Lease, Start
from core.lifecycle import TableState, Trigger
from tests.fake_leases import InMemoryLeases


class InMemoryCheckpoints(InMemoryLeases):
    """A `CheckpointStore` that lasts as long as the object."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self._migrations: dict[str, MigrationRecord] = {}
        self._requests: dict[str, Request | None] = {}
        self._history: list[TransitionRecord] = []

    def close(self) -> None: ...

    def create_migration(
        self, record: MigrationRecord, tables: Sequence[str], start: Start | None = None
    ) -> dict[str, Lease]:
        with self._lock:
            if start is not None and record.subject is not None:
                self._require_startable(record.subject, start)
            if record.id in self._migrations or len(set(tables)) < len(tables):
                raise duplicate_migration(record.id)
            self._migrations[record.id] = copy.deepcopy(record)
            for table in tables:
                self._tables[record.id, table] = TableCheckpoint(record.id, table, TableState.PENDING)
            if start is None:
                return {}
            return {table: self._take(record.id, table, start.owner, start.lease_seconds) for table in tables}

    def _require_startable(self, subject: str, start: Start) -> None:
        for other in self.list_migrations(len(self._migrations)):
            if other.subject != subject or other.status not in UNFINISHED:
                continue
            if driving := [lease for lease in self.leases(other.id) if not start.is_gone(lease.owner)]:
                raise driven_already(other, driving[0])
            if not start.beside_unfinished:
                raise unfinished_already(other)

    def request(self, migration_id: str, wanted: Request | None) -> None:
        self.migration(migration_id)
        self._requests[migration_id] = wanted

    def requested(self, migration_id: str) -> Request | None:
        self.migration(migration_id)
        return self._requests.get(migration_id)

    def migration(self, migration_id: str) -> MigrationRecord:
        if migration_id not in self._migrations:
            raise unknown_migration(migration_id)
        return copy.deepcopy(self._migrations[migration_id])

    def newest_unfinished(self) -> MigrationRecord | None:
        everything = self.list_migrations(len(self._migrations))
        return next((record for record in everything if record.status in UNFINISHED), None)

    def newest(self) -> MigrationRecord | None:
        return next(iter(self.list_migrations(1)), None)

    def list_migrations(self, limit: int) -> list[MigrationRecord]:
        return copy.deepcopy(list(reversed(self._migrations.values()))[:limit])

    def set_status(self, migration_id: str, status: MigrationStatus) -> MigrationRecord:
        with self._lock:
            record = replace(self.migration(migration_id), status=status, updated_at=self._now())
            self._migrations[migration_id] = record
            return copy.deepcopy(record)

    def set_settings(self, migration_id: str, settings: Json) -> MigrationRecord:
        with self._lock:
            record = replace(self.migration(migration_id), settings=as_json(settings), updated_at=self._now())
            self._migrations[migration_id] = record
            return copy.deepcopy(record)

    def tables(self, migration_id: str) -> list[TableCheckpoint]:
        self.migration(migration_id)
        return copy.deepcopy([row for (owner, _), row in self._tables.items() if owner == migration_id])

    def table(self, migration_id: str, table: str) -> TableCheckpoint:
        self.migration(migration_id)
        if (migration_id, table) not in self._tables:
            raise unknown_table(migration_id, table)
        return copy.deepcopy(self._tables[migration_id, table])

    def begin(
        self,
        migration_id: str,
        table: str,
        trigger: Trigger,
        intent: Mapping[str, Any] | None = None,
        *,
        fence: int | None = None,
    ) -> PendingTransition:
        with self._lock:
            self._require_fence(migration_id, table, fence)
            checkpoint = self.table(migration_id, table)
            open_one = self._open(migration_id, table)
            if open_one is None:
                open_one = self._append(checkpoint, trigger, checkpoint.life.target(trigger), intent)
            elif open_one.trigger is not trigger:
                raise still_pending(open_one, trigger)
            return _as_pending(open_one)

    def pending(self, migration_id: str, table: str) -> PendingTransition | None:
        self.table(migration_id, table)
        open_one = self._open(migration_id, table)
        return None if open_one is None else _as_pending(open_one)

    def commit(
        self, pending: PendingTransition, evidence: Mapping[str, Any] | None = None, *, fence: int | None = None
    ) -> TableCheckpoint:
        with self._lock:
            self._require_fence(pending.migration_id, pending.table, fence)
            before = self.table(pending.migration_id, pending.table)
            record = self._record(pending)
            if record.status is TransitionStatus.COMMITTED and record.evidence == as_json(evidence):
                return before
            if record.status is not TransitionStatus.PENDING:
                raise not_pending(pending, record.status.value)
            after = before.after(pending.trigger, as_json(evidence))
            self._end(record, TransitionStatus.COMMITTED, evidence)
            return self._move(after)

    def abandon(self, pending: PendingTransition, error: Json, *, fence: int | None = None) -> None:
        with self._lock:
            self._require_fence(pending.migration_id, pending.table, fence)
            record = self._record(pending)
            if record.status is TransitionStatus.COMMITTED:
                raise not_pending(pending, record.status.value)
            if record.status is TransitionStatus.PENDING:
                self._end(record, TransitionStatus.ABANDONED, error=error)

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
        self.table(migration_id, table)
        return copy.deepcopy([r for r in self._history if (r.migration_id, r.table) == (migration_id, table)])

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
        with self._lock:
            self._require_fence(migration_id, table, fence)
            before = self.table(migration_id, table)
            after = before.after(trigger, as_json(evidence), copy.deepcopy(error))
            if (open_one := self._open(migration_id, table)) is not None:
                if trigger not in ABANDONING:
                    raise still_pending(open_one, trigger)
                self._end(open_one, TransitionStatus.ABANDONED, error=error)
            done = self._append(before, trigger, after.state, None)
            self._end(done, TransitionStatus.COMMITTED, evidence, error)
            return self._move(after)

    def _open(self, migration_id: str, table: str) -> TransitionRecord | None:
        mine = (r for r in self._history if (r.migration_id, r.table) == (migration_id, table))
        return next((r for r in mine if r.status is TransitionStatus.PENDING), None)

    def _record(self, pending: PendingTransition) -> TransitionRecord:
        found = next((r for r in self._history if r.id == pending.id), None)
        if found is None or (found.migration_id, found.table) != (pending.migration_id, pending.table):
            raise not_pending(pending, "unknown to the store")
        return found

    def _append(
        self, before: TableCheckpoint, trigger: Trigger, to_state: TableState, intent: Mapping[str, Any] | None
    ) -> TransitionRecord:
        record = TransitionRecord(
            len(self._history) + 1,
            before.migration_id,
            before.table,
            trigger,
            before.state,
            to_state,
            as_json(intent),
            self._now(),
            TransitionStatus.PENDING,
            {},
            None,
            None,
        )
        self._history.append(record)
        return record

    def _end(
        self,
        record: TransitionRecord,
        status: TransitionStatus,
        evidence: Mapping[str, Any] | None = None,
        error: Json | None = None,
    ) -> None:
        self._history[record.id - 1] = replace(
            record, status=status, evidence=as_json(evidence), error=copy.deepcopy(error), ended_at=self._now()
        )

    def _move(self, after: TableCheckpoint) -> TableCheckpoint:
        self._tables[after.migration_id, after.table] = after
        return copy.deepcopy(after)


def _as_pending(record: TransitionRecord) -> PendingTransition:
    return PendingTransition(
        record.id,
        record.migration_id,
        record.table,
        record.trigger,
        record.from_state,
        record.to_state,
        copy.deepcopy(record.intent),
        record.started_at,
    )
