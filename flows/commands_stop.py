"""What `pause` and `cancel` do, apart from their options; each returns the exit code: 0 when it is done."""

from __future__ import annotations

import asyncio

from core.checkpoints import CheckpointStore, MigrationRecord, MigrationStatus
from core.errors import StateError
from flows.commands import VALIDATED, with_store
from flows.console import ERRORS, print_json, printable
from flows.settings import Settings, load_settings


def pause(migration_id: str | None, *, as_json: bool) -> int:
    """Pause a running migration, wherever it runs."""
    settings = load_settings()
    record = with_store(settings, lambda store: _running(store, migration_id))
    from flows.stop_migration import pause_migration

    done = asyncio.run(pause_migration(settings, record, _tell))
    _show(settings, done, as_json=as_json)
    if done.status is MigrationStatus.PAUSED:
        _tell(f"{done.id} is paused; `tableferry resume {done.id}` goes on.")
    else:
        _tell(f"{done.id} came to its end before it could be paused: {done.status.value}.")
    return VALIDATED


def cancel(migration_id: str, *, as_json: bool) -> int:
    """Give a migration up for good."""
    settings = load_settings()
    record = with_store(settings, lambda store: _unfinished(store, migration_id))
    from flows.stop_migration import cancel_migration

    done = asyncio.run(cancel_migration(settings, record, _tell))
    _show(settings, done, as_json=as_json)
    _tell(f"{done.id} is cancelled; `tableferry cleanup {done.id}` removes what it created.")
    return VALIDATED


def _running(store: CheckpointStore, migration_id: str | None) -> MigrationRecord:
    if migration_id is None:
        running = (r for r in store.list_migrations(1_000) if r.status is MigrationStatus.RUNNING)
        record = next(running, None)
        if record is None:
            raise StateError("No migration is running.", remedy="`tableferry status` lists them all.")
        return record
    record = store.migration(migration_id)
    if record.status is not MigrationStatus.RUNNING:
        raise StateError(
            f"Migration {record.id} is {record.status.value}; only a running one can be paused.",
            remedy=f"`tableferry status {record.id}` shows where its tables stand.",
        )
    return record


def _unfinished(store: CheckpointStore, migration_id: str) -> MigrationRecord:
    record = store.migration(migration_id)
    if record.status is MigrationStatus.SUCCEEDED:
        raise StateError(
            f"Migration {record.id} succeeded: there is nothing to cancel.",
            remedy=f"`tableferry cleanup {record.id}` removes what it no longer needs.",
        )
    return record


def _show(settings: Settings, record: MigrationRecord, *, as_json: bool) -> None:
    from flows.render import migration_document, tables_table

    tables = with_store(settings, lambda store: store.tables(record.id))
    if as_json:
        print_json(migration_document(record, tables))
    else:
        from rich.console import Console

        Console().print(tables_table(record, tables))


def _tell(message: str) -> None:
    ERRORS.print(printable(message), markup=False, soft_wrap=True)
