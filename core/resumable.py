"""Which migration a resume continues."""

from __future__ import annotations

from core.checkpoints import CheckpointStore, MigrationRecord
from core.errors import StateError


def record_to_resume(store: CheckpointStore, migration_id: str | None) -> MigrationRecord:
    """The migration named, else the newest unfinished one. Raises StateError when there is none."""
    if migration_id is not None:
        return store.migration(migration_id)
    record = store.newest_unfinished()
    if record is None:
        raise StateError("There is no unfinished migration to resume.", remedy="`tableferry status` lists them all.")
    return record
