"""Which other migration of the same checkpoint store wrote into a target table, so that its items may stand there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.checkpoints import CheckpointStore, MigrationRecord, TableCheckpoint
from core.steps.table_run import Evidence

MOST_MIGRATIONS = 10_000


def writer_among(
    others: Iterable[tuple[MigrationRecord, Sequence[TableCheckpoint]]], table: str, table_id: str
) -> str | None:
    """The id of a migration among these that has the target table of this name and id; None if none has."""
    for record, tables in others:
        if any((t.evidence.get("target_table"), t.evidence.get("table_id")) == (table, table_id) for t in tables):
            return record.id
    return None


def other_writer(store: CheckpointStore, migration_id: str, evidence: Evidence) -> str | None:
    """The id of another migration that has the target table of this evidence; None if none has."""
    records = (record for record in store.list_migrations(MOST_MIGRATIONS) if record.id != migration_id)
    others = ((record, store.tables(record.id)) for record in records)
    return writer_among(others, str(evidence.get("target_table")), str(evidence.get("table_id")))
