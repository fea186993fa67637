"""The main path: check, plan, move every table through its lifecycle, report; and the same from a checkpoint."""

from __future__ import annotations

import asyncio

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from core.errors import TableferryError
from core.options import MigrationOptions
from core.resumable import record_to_resume
from flows.begin import Migration, begin_migration, reopen_migration
from flows.contract_source import read_contract
from flows.migrate_table import migrate_tables
from flows.observer import observer
from flows.publish_report import publish_report
from flows.settings import Settings, load_settings
from flows.wiring import holder, open_checkpoints, open_world, start


@flow(name="migrate", flow_run_name="migrate-{migration_id}", log_prints=False)
async def migrate(
    contract: str,
    migration_id: str | None = None,
    table_prefix: str | None = None,
    into_nonempty: bool | None = None,
    overwrite: bool | None = None,
    rejects: str | None = None,
    on_collision: str | None = None,
    validation: str | None = None,
    new: bool = False,
) -> State:
    """Run a migration from its beginning.

    `contract` is a path, an s3:// URI, or the contract's JSON itself. Everything else comes from the settings of the
    process that runs the flow; no parameter is a secret, because Prefect keeps parameters. `new`: although an
    unfinished migration of the same contract, source and table prefix exists that nobody drives.
    """
    try:
        settings = load_settings(
            table_prefix=table_prefix,
            into_nonempty=into_nonempty,
            overwrite=overwrite,
            rejects=rejects,
            on_collision=on_collision,
            validation=validation,
        )
        options = settings.migration_options()
        async with open_world(settings, options) as world, open_checkpoints(settings) as store:
            parsed = await read_contract(contract, world)
            begin = start(settings, beside_unfinished=new)
            migration = await begin_migration(parsed, options, world, store, migration_id, begin)
            await migrate_tables(migration)
            return await finish(migration, settings)
    except TableferryError as error:
        return refused(error)


@flow(name="resume", flow_run_name="resume-{migration_id}", log_prints=False)
async def resume(
    migration_id: str | None = None,
    rejects: str | None = None,
    on_collision: str | None = None,
    validation: str | None = None,
) -> State:
    """Continue a migration that was interrupted or whose tables failed; without an id, the newest unfinished one.

    The other parameters go before the options that the migration has recorded, and are recorded anew.
    """
    changes = {"rejects": rejects, "on_collision": on_collision, "validation": validation}
    try:
        settings = load_settings()
        async with open_checkpoints(settings) as store:
            record = await asyncio.to_thread(record_to_resume, store, migration_id)
            options = MigrationOptions.from_record(record.settings["options"]).with_changes(changes)
            async with open_world(settings, options) as world:
                migration = await reopen_migration(record, options, world, store, holder(settings))
                await migrate_tables(migration)
                return await finish(migration, settings)
    except TableferryError as error:
        return refused(error)


async def finish(migration: Migration, settings: Settings) -> State:
    """Report on the migration as it stands now; the flow's last state follows from that."""
    result = await publish_report(migration, settings.directory / "reports")
    observer().result = result
    message = f"{result.status}: migration {result.migration_id}"
    if result.stopped:
        # Not Prefect's Paused, which promises that this very flow run can go on: `resume` is a run of its own.
        return Cancelled(name=result.status.value.title(), message=message)
    return Completed(message=message) if result.success else Failed(message=message)


def refused(error: TableferryError) -> State:
    """The flow's last state when it could not do what was asked."""
    observer().error = error
    return Failed(message=str(error))
