"""Which migration a resume continues."""

from __future__ import annotations

from core.checkpoints import CheckpointStore, MigrationRecord, MigrationStatus
from core.errors import StateError


def record_to_resume(store: CheckpointStore, migration_id: str | None) -> MigrationRecord:
    """The migration named, else the newest unfinished one.

    Raises StateError when there is none, or it was cancelled.
    """
    if migration_id is not None:
        named = store.migration(migration_id)
        require_not_cancelled(named)
        return named
    record = store.newest_unfinished()
    if record is None:
        raise StateError("There is no unfinished migration to resume.", remedy="`tableferry status` lists them all.")
    return record


def require_not_cancelled(record: MigrationRecord) -> None:
    """Raises StateError for a migration that was given up for good."""
    if record.status is MigrationStatus.CANCELLED:
        raise StateError(
            f"Migration {record.id} was cancelled, and that is final.",
            remedy=f"Start another with `tableferry run`; `tableferry cleanup {record.id}` removes what this one made.",
            migration_id=record.id,
        )
