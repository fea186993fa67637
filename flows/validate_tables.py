"""Validate the tables of a migration at any later time, and repair what a full validation finds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from prefect import flow
from prefect.client.schemas.objects import State

from core.checkpoints import MigrationRecord, TableCheckpoint
from core.compile import CompiledTable
from core.drive import TableDriver
from core.errors import LeaseHeldError, StateError, StoppedByRequestError, TableferryError, ValidationFailedError
from core.lifecycle import TableState
from core.options import FULL, MigrationOptions
from core.steps.repair import repair_table
from flows.begin import Migration, reopen_migration
from flows.migrate_database import finish, refused
from flows.migrate_table import drive, each_table, table_driver
from flows.observer import observer
from flows.prefect_task import in_task
from flows.settings import load_settings
from flows.wiring import holder, open_checkpoints, open_world

Work = Callable[[TableDriver], Awaitable[None]]


@flow(name="validate", flow_run_name="validate-{migration_id}", log_prints=False)
async def validate(migration_id: str, mode: str | None = None, table: str | None = None) -> State:
    """Compare loaded tables with their views again, all or the one named; `mode` None is the migration's own."""
    return await _each(migration_id, table, mode, _validate)


@flow(name="repair", flow_run_name="repair-{migration_id}", log_prints=False)
async def repair(
    migration_id: str, table: str | None = None, delete_extra: bool = False, overwrite: bool = False
) -> State:
    """Write missing and differing items again, delete extra ones only if asked, and validate fully."""

    async def work(driver: TableDriver) -> None:
        await _repair(driver, delete_extra=delete_extra, overwrite=overwrite)

    return await _each(migration_id, table, FULL, work)


async def _each(migration_id: str, table: str | None, mode: str | None, work: Work) -> State:
    try:
        settings = load_settings()
        async with open_checkpoints(settings) as store:
            record = await asyncio.to_thread(store.migration, migration_id)
            if table is not None:
                await asyncio.to_thread(store.table, migration_id, table)
            options = MigrationOptions.from_record(record.settings["options"])
            async with open_world(settings, options) as world:
                migration = await reopen_migration(record, options, world, store, holder(settings))
                # The mode is this command's own: a later resume does what the migration was begun with.
                compared = replace(migration, options=options.with_changes({"validation": mode}))
                errors = await _work(compared, table, work)
                state = await finish(migration, settings)
                return refused(errors[0]) if errors else state
    except TableferryError as error:
        return refused(error)


async def _work(migration: Migration, named: str | None, work: Work) -> list[TableferryError]:
    """The errors that no table's own state shows; tables that are not loaded are left out unless named."""
    errors: list[TableferryError] = []

    async def one(table: CompiledTable) -> None:
        try:
            async with table_driver(migration, table) as driver:
                await work(driver)
        except LeaseHeldError as error:
            errors.append(error)
            return
        except StoppedByRequestError as error:
            migration.note(table.name, error)
        except StateError as error:
            if named is not None:
                errors.append(error)
            return
        except TableferryError as error:
            migration.note(table.name, error)
            at = await asyncio.to_thread(migration.store.table, migration.id, table.name)
            if (at.error or {}).get("message") != error.message:
                errors.append(error)
        observer().tables.append(table.name)

    await each_table(migration, one, lambda table: named in (None, table.name))
    if not observer().tables and not errors:
        errors.append(_nothing_loaded(migration.record))
    return errors


async def _validate(driver: TableDriver) -> None:
    await drive(driver, await driver.pick_up_validation())


async def _repair(driver: TableDriver, *, delete_extra: bool, overwrite: bool) -> None:
    found = _findings(await driver.checkpoint())
    if found is None:
        try:
            await _validate(driver)
        except ValidationFailedError:
            found = _findings(await driver.checkpoint())
            if found is None:
                raise
        else:
            return
    validation, evidence = found, (await driver.checkpoint()).evidence
    run = replace(driver.run, other_writer=driver.other_writer)
    repaired = await in_task(
        "repair",
        lambda: repair_table(run, evidence, validation, delete_extra=delete_extra, overwrite=overwrite),
        f"{driver.run.table.name}: repair",
    )
    await drive(driver, await driver.note_repair(repaired))


def _findings(at: TableCheckpoint) -> str | None:
    """The full validation that the table failed at, if that is what it failed at."""
    if at.state is not TableState.FAILED or at.failed_from is not TableState.VALIDATING or at.error is None:
        return None
    found = at.error.get("facts", {}).get("validation", {}).get("validation_id")
    return None if found is None else str(found)


def _nothing_loaded(record: MigrationRecord) -> StateError:
    return StateError(
        f"No table of migration {record.id} is loaded yet.", remedy=f"`tableferry resume {record.id}` goes on with it."
    )
