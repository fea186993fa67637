"""Load the rejected rows of a migration again, validate their tables again, and report again."""

from __future__ import annotations

import asyncio

from prefect import flow
from prefect.client.schemas.objects import State

from core.compile import CompiledTable
from core.errors import StateError, StoppedByRequestError, TableferryError
from core.lifecycle import TableState
from core.options import MigrationOptions
from core.steps.retry_rejects import RETRY_REJECTS, TASK
from flows.begin import Migration, reopen_migration
from flows.migrate_database import finish, refused
from flows.migrate_table import drive, each_table, table_driver
from flows.settings import load_settings
from flows.wiring import holder, open_checkpoints, open_world


@flow(name="retry-rejects", flow_run_name="retry-rejects-{migration_id}", log_prints=False)
async def retry_rejects(migration_id: str, table: str | None = None) -> State:
    """Load rejected rows again, of all tables or of the one named; tables that were never loaded are left alone."""
    try:
        settings = load_settings()
        async with open_checkpoints(settings) as store:
            record = await asyncio.to_thread(store.migration, migration_id)
            if table is not None:
                await asyncio.to_thread(store.table, migration_id, table)
            options = MigrationOptions.from_record(record.settings["options"])
            async with open_world(settings, options) as world:
                migration = await reopen_migration(record, options, world, store, holder(settings))
                errors = await _retry_tables(migration, table)
                state = await finish(migration, settings)
                return refused(errors[0]) if errors else state
    except TableferryError as error:
        return refused(error)


async def _retry_tables(migration: Migration, named: str | None) -> list[TableferryError]:
    """The errors that no table's own state shows: of tables that stay as they were."""
    errors: list[TableferryError] = []

    async def retry(table: CompiledTable) -> None:
        try:
            await _retry_table(migration, table)
        except StoppedByRequestError as error:
            migration.note(table.name, error)
        except TableferryError as error:
            migration.note(table.name, error)
            at = await asyncio.to_thread(migration.store.table, migration.id, table.name)
            never_loaded = isinstance(error, StateError) and "load" not in at.evidence
            if at.state is not TableState.FAILED or (never_loaded and named is not None):
                errors.append(error)

    await each_table(migration, retry, lambda t: named in (None, t.name))
    return errors


async def _retry_table(migration: Migration, table: CompiledTable) -> None:
    async with table_driver(migration, table) as driver:
        await drive(driver, await driver.pick_up_rejects(), {TASK: RETRY_REJECTS})
