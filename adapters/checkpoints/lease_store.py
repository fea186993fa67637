"""The leases of a checkpoint store: columns of the tables' rows, changed under the rows' locks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from adapters.checkpoints.queries import migration_row, table_row
from adapters.checkpoints.rows import TableRow
from adapters.checkpoints.sessions import Sessions
from core.leases import IsGone, Lease, Owner, is_live, lease_lost, never_gone, require_fence, require_free


class LeaseColumns(Sessions):
    """A `LeaseStore`, and the check that everything which changes a table begins with."""

    def acquire_lease(
        self, migration_id: str, table: str, owner: Owner, seconds: float, is_gone: IsGone = never_gone
    ) -> Lease:
        with self._session(write=True) as session:
            row = table_row(session, migration_id, table, lock=True)
            now = self._moment(session)
            require_free(row.lease(), owner, now, is_gone)
            return take(session, row, owner, now, seconds)

    def renew_lease(self, lease: Lease, seconds: float) -> Lease:
        with self._session(write=True) as session:
            row = table_row(session, lease.migration_id, lease.table, lock=True)
            if row.lease_owner is None or row.lease_fence != lease.fence:
                raise lease_lost(lease.migration_id, lease.table, lease.fence, row.lease_fence)
            expires_at = self._moment(session) + timedelta(seconds=seconds)
            return _written(session, row, lease_expires_at=expires_at)

    def release_lease(self, lease: Lease) -> None:
        with self._session(write=True) as session:
            row = table_row(session, lease.migration_id, lease.table, lock=True)
            if row.lease_fence == lease.fence:
                _write(session, row, lease_owner=None, lease_expires_at=None)

    def leases(self, migration_id: str) -> list[Lease]:
        with self._session() as session:
            migration_row(session, migration_id)
            return live_leases(session, migration_id, self._moment(session))

    def _held_row(self, session: Session, migration_id: str, table: str, fence: int | None) -> TableRow:
        """The table's row, locked, for a caller who may change it."""
        row = table_row(session, migration_id, table, lock=True)
        lease = row.lease()
        if fence is not None or lease is not None:
            require_fence(migration_id, table, lease, row.lease_fence, fence, self._moment(session))
        return row


def live_leases(session: Session, migration_id: str, now: datetime) -> list[Lease]:
    query = select(TableRow).where(TableRow.migration_id == migration_id, col(TableRow.lease_expires_at).is_not(None))
    found = [row.lease() for row in session.exec(query.order_by(col(TableRow.position)))]
    return [lease for lease in found if lease is not None and is_live(lease, now)]


def take(session: Session, row: TableRow, owner: Owner, now: datetime, seconds: float) -> Lease:
    """Give the lease to an owner, with a new fence."""
    return _written(
        session,
        row,
        lease_owner={**owner.to_record(), "since": now.isoformat()},
        lease_fence=row.lease_fence + 1,
        lease_expires_at=now + timedelta(seconds=seconds),
    )


def _written(session: Session, row: TableRow, **values: Any) -> Lease:
    _write(session, row, **values)
    lease = row.lease()
    if lease is None:
        raise ValueError("a lease was written, but the row has none")
    return lease


def _write(session: Session, row: TableRow, **values: Any) -> None:
    """Past the ORM, which would count a heartbeat as a new version of the table's checkpoint."""
    mine = (TableRow.migration_id == row.migration_id, TableRow.table_name == row.table_name)
    session.connection().execute(update(TableRow.__table__).where(*mine).values(**values))  # type: ignore[attr-defined, arg-type]
    session.refresh(row)
