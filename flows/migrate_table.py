"""Every table at once, each step a task; a table that fails leaves the others running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from core.compile import CompiledTable
from core.drive import TableDriver
from core.errors import TableferryError
from core.heartbeat import leased
from core.lifecycle import Trigger
from core.outages import patient
from core.ports import OnProgress, Progress
from core.steps import TableRun
from flows.begin import Migration
from flows.circuit_notes import circuits_noted
from flows.observer import observer
from flows.prefect_task import in_task
from flows.stopping import stoppable


async def migrate_tables(migration: Migration) -> None:
    """Move every table as far as it goes; what became of each is in the checkpoint store."""
    await each_table(migration, lambda table: migrate_table(migration, table))


async def each_table(
    migration: Migration,
    move: Callable[[CompiledTable], Awaitable[None]],
    wanted: Callable[[CompiledTable], bool] = lambda table: True,
) -> None:
    """Move the wanted tables, as many at the same time as the options say."""
    gate = asyncio.Semaphore(migration.options.parallel_tables)

    async def within(table: CompiledTable) -> None:
        async with gate:
            await move(table)

    async with stoppable(migration), circuits_noted(migration.world, migration.store, migration.id):
        await asyncio.gather(*(within(table) for table in _largest_first(migration) if wanted(table)))


def _largest_first(migration: Migration) -> list[CompiledTable]:
    """The largest table takes longest, so a run that begins with it ends soonest."""

    def rows(table: CompiledTable) -> int:
        sources = [migration.schema.table(entity.source_table) for entity in table.entities]
        return sum(source.approximate_rows or 0 for source in sources if source is not None)

    return sorted(migration.tables, key=rows, reverse=True)


async def migrate_table(migration: Migration, table: CompiledTable) -> None:
    """Drive one table from wherever it stands to `validated`, or to `failed`."""
    try:
        async with table_driver(migration, table) as driver:
            await drive(driver, await driver.pick_up())
    except TableferryError as error:
        # Unless it was only stopped, the table is marked as failed with this, which the report shows; others go on.
        migration.note(table.name, error)


@asynccontextmanager
async def table_driver(migration: Migration, table: CompiledTable) -> AsyncIterator[TableDriver]:
    """What moves this table while this process holds its lease, told to the flow's observer. Raises LeaseHeldError.

    What it calls waits for servers that are away.
    """
    async with leased(migration.store, migration.id, table.name, migration.holder) as beat:

        def on_progress(progress: Progress) -> None:
            beat.require()
            observer().progress(progress)

        with patient(lambda why: on_progress(Progress(table.name, why))):
            yield _driver(migration, table, on_progress, beat.lease.fence)


def _driver(migration: Migration, table: CompiledTable, on_progress: OnProgress, fence: int) -> TableDriver:
    run = TableRun(
        migration_id=migration.id,
        database=migration.database,
        table=table,
        options=migration.options,
        world=migration.world,
        package=migration.package,
        on_progress=on_progress,
        stop=migration.stop,
    )
    return TableDriver(run=run, store=migration.store, fence=fence)


async def drive(driver: TableDriver, trigger: Trigger | None, intent: Mapping[str, Any] = {}) -> None:
    """Make one transition after the other, each a task, until the table is final; `intent` is for the first one."""
    while trigger is not None:
        trigger = await _advance(driver, trigger, intent)
        intent = {}
    observer().progress(Progress(driver.run.table.name, "validated"))


async def _advance(driver: TableDriver, trigger: Trigger, intent: Mapping[str, Any]) -> Trigger | None:
    name = f"{driver.run.table.name}: {trigger.value}"
    return await in_task(trigger.value, lambda: driver.advance(trigger, intent), name)
