"""The migrations of a checkpoint store: begun once, listed, and told what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from adapters.checkpoints.lease_store import LeaseColumns, live_leases, take
from adapters.checkpoints.queries import migration_row
from adapters.checkpoints.rows import MigrationRow, TableRow
from core.checkpoint_errors import driven_already, duplicate_migration, unfinished_already
from core.checkpoints import UNFINISHED, Json, MigrationRecord, MigrationStatus, Request, as_json
from core.leases import Lease, Start


class MigrationTable(LeaseColumns):
    """What a checkpoint store does with whole migrations."""

    def create_migration(
        self, record: MigrationRecord, tables: Sequence[str], start: Start | None = None
    ) -> dict[str, Lease]:
        with self._session(write=True) as session:
            if start is not None and record.subject is not None:
                self._require_startable(session, record.subject, start)
            there = session.exec(select(MigrationRow.number).where(MigrationRow.id == record.id)).first()
            if there is not None or len(set(tables)) < len(tables):
                raise duplicate_migration(record.id)
            session.add(MigrationRow.of(record))
            session.flush()
            rows = [TableRow.new(record.id, table, position) for position, table in enumerate(tables)]
            session.add_all(rows)
            session.flush()
            if start is None:
                return {}
            now = self._moment(session)
            return {row.table_name: take(session, row, start.owner, now, start.lease_seconds) for row in rows}

    def _require_startable(self, session: Session, subject: str, start: Start) -> None:
        self._one_at_a_time(session, subject)
        query = select(MigrationRow).where(MigrationRow.subject == subject, col(MigrationRow.status).in_(UNFINISHED))
        for row in session.exec(query.order_by(col(MigrationRow.number).desc())):
            leases = live_leases(session, row.id, self._moment(session))
            if driving := [lease for lease in leases if not start.is_gone(lease.owner)]:
                raise driven_already(row.record(), driving[0])
            if not start.beside_unfinished:
                raise unfinished_already(row.record())

    def request(self, migration_id: str, wanted: Request | None) -> None:
        with self._session(write=True) as session:
            migration_row(session, migration_id).request = wanted

    def requested(self, migration_id: str) -> Request | None:
        with self._session() as session:
            return migration_row(session, migration_id).request

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
