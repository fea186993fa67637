"""Finding and moving rows inside a transaction; what is not there is a StateError."""

from __future__ import annotations

from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Session, select

from adapters.checkpoints.rows import MigrationRow, TableRow, TransitionRow
from core.checkpoint_errors import not_pending, unknown_migration, unknown_table
from core.checkpoints import PendingTransition, TableCheckpoint, TransitionStatus


def migration_row(session: Session, migration_id: str) -> MigrationRow:
    row = session.exec(select(MigrationRow).where(MigrationRow.id == migration_id)).first()
    if row is None:
        raise unknown_migration(migration_id)
    return row


def table_row(session: Session, migration_id: str, table: str, *, lock: bool = False) -> TableRow:
    """The table's row, locked until the transaction ends if wanted (SQLite's writers hold its one lock anyway)."""
    row = session.get(TableRow, (migration_id, table), with_for_update=lock)
    if row is None:
        migration_row(session, migration_id)
        raise unknown_table(migration_id, table)
    return row


def transition_row(session: Session, pending: PendingTransition) -> TransitionRow:
    row = session.get(TransitionRow, pending.id)
    if row is None or (row.migration_id, row.table_name) != (pending.migration_id, pending.table):
        raise not_pending(pending, "unknown to the store")
    return row


def pending_row(session: Session, table: TableRow) -> TransitionRow | None:
    query = select(TransitionRow).where(
        TransitionRow.migration_id == table.migration_id,
        TransitionRow.table_name == table.table_name,
        TransitionRow.status == TransitionStatus.PENDING,
    )
    return session.exec(query).first()


def move(session: Session, row: TableRow, after: TableCheckpoint) -> TableCheckpoint:
    """Write the table's next checkpoint and return it as stored."""
    row.move_to(after)
    # Without a changed value there would be no UPDATE, hence no new version (restart_load may change nothing else).
    flag_modified(row, "state")
    session.flush()
    return row.checkpoint()
