"""`pause` and `cancel`, asked from another process than the one that drives the migration, or when none does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from adapters.this_process import is_gone
from core.cancel import give_up_tables
from core.checkpoints import CheckpointStore, MigrationRecord, MigrationStatus, Request
from core.control import put_control
from core.errors import LeaseHeldError
from core.leases import Lease
from core.options import MigrationOptions
from core.ports import World
from core.steps.end_runs import end_runs
from core.steps.table_run import job_name
from core.summary import summarize
from flows.publish_report import keep_report
from flows.settings import Settings
from flows.wiring import holder, open_checkpoints, open_world

_LOOK_SECONDS: Final = 0.5
_REPORT_SECONDS: Final = 30.0  # the driver reports after its last table, when it holds no lease any more
_CANCEL_SECONDS: Final = 120.0  # a driver looks every second; this is for one whose servers do not answer

Tell = Callable[[str], None]


async def pause_migration(settings: Settings, record: MigrationRecord, tell: Tell) -> MigrationRecord:
    """Ask for a pause and wait until the migration stands; returns it as it is then.

    A migration that nobody drives is paused at once; a job run that lives ends after its chunk.
    """
    options = MigrationOptions.from_record(record.settings["options"])
    async with open_checkpoints(settings) as store, open_world(settings, options) as world:
        await asyncio.to_thread(store.request, record.id, Request.PAUSE)
        await put_control(world.objects, options, record.id, Request.PAUSE)
        leases = await _live(store, record.id)
        tell(_who(leases, record.id))
        quiet = 0.0 if leases else _REPORT_SECONDS
        while (found := await asyncio.to_thread(store.migration, record.id)).status is MigrationStatus.RUNNING:
            quiet = 0.0 if await _live(store, record.id) else quiet + _LOOK_SECONDS
            if quiet > _REPORT_SECONDS:
                return await asyncio.to_thread(store.set_status, record.id, MigrationStatus.PAUSED)
            await asyncio.sleep(_LOOK_SECONDS)
        return found


async def cancel_migration(settings: Settings, record: MigrationRecord, tell: Tell) -> MigrationRecord:
    """Stop the migration's job runs and its driver, and give up every table that is not final.

    Raises LeaseHeldError when its driver does not let go; cancelling again goes on from there.
    """
    options = MigrationOptions.from_record(record.settings["options"])
    async with open_checkpoints(settings) as store, open_world(settings, options) as world:
        await asyncio.to_thread(store.request, record.id, Request.CANCEL)
        await put_control(world.objects, options, record.id, Request.CANCEL)
        await _end_all_runs(store, record.id, world, options, tell)
        await _driver_gone(store, record.id, tell)
        await _end_all_runs(store, record.id, world, options, tell)  # it may have started one last run
        await asyncio.to_thread(give_up_tables, store, record.id, holder(settings))
        cancelled = await asyncio.to_thread(store.set_status, record.id, MigrationStatus.CANCELLED)
        tables = await asyncio.to_thread(store.tables, record.id)
        result = summarize(cancelled, tables, world.clock.now())
        await keep_report(result, world.objects, options, settings.directory / "reports")
        return cancelled


async def _end_all_runs(
    store: CheckpointStore, migration_id: str, world: World, options: MigrationOptions, tell: Tell
) -> None:
    for table in await asyncio.to_thread(store.tables, migration_id):
        # By its name, not by evidence: a driver that died may have created it without noting so.
        await end_runs(world, job_name(migration_id, table.table), options.poll_seconds, tell)


async def _driver_gone(store: CheckpointStore, migration_id: str, tell: Tell) -> None:
    waited = 0.0
    while leases := await _live(store, migration_id):
        if waited == 0.0:
            tell(f"waiting for {_driver(leases[0])} to let go")
        if waited > _CANCEL_SECONDS:
            raise LeaseHeldError(
                f"The migration {migration_id} is still driven by {_driver(leases[0])}.",
                remedy="Its job runs are stopped. End that process, then cancel again.",
                migration_id=migration_id,
            )
        await asyncio.sleep(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


async def _live(store: CheckpointStore, migration_id: str) -> list[Lease]:
    leases = await asyncio.to_thread(store.leases, migration_id)
    return [lease for lease in leases if not is_gone(lease.owner)]


def _who(leases: list[Lease], migration_id: str) -> str:
    if leases:
        return f"asked {_driver(leases[0])}; chunks that are being loaded are finished first"
    return f"no process drives {migration_id}; a job run that lives ends after the chunk that it is at"


def _driver(lease: Lease) -> str:
    return f"pid {lease.owner.pid} on {lease.owner.host}"
