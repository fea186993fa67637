"""Every table at once, each step a task; a table that fails leaves the others running."""

from __future__ import annotations

import asyncio

from core.compile import CompiledTable
from core.drive import TableDriver
from core.errors import TableferryError
from core.lifecycle import Trigger
from core.ports import Progress
from core.steps import TableRun
from flows.begin import Migration
from flows.observer import observer
from flows.prefect_task import in_task


async def migrate_tables(migration: Migration) -> None:
    """Move every table as far as it goes; what became of each is in the checkpoint store."""
    gate = asyncio.Semaphore(migration.options.parallel_tables)
    await asyncio.gather(*(_within(gate, migration, table) for table in _largest_first(migration)))


def _largest_first(migration: Migration) -> list[CompiledTable]:
    """The largest table takes longest, so a run that begins with it ends soonest."""

    def rows(table: CompiledTable) -> int:
        sources = [migration.schema.table(entity.source_table) for entity in table.entities]
        return sum(source.approximate_rows or 0 for source in sources if source is not None)

    return sorted(migration.tables, key=rows, reverse=True)


async def _within(gate: asyncio.Semaphore, migration: Migration, table: CompiledTable) -> None:
    async with gate:
        await migrate_table(migration, table)


async def migrate_table(migration: Migration, table: CompiledTable) -> None:
    """Drive one table from wherever it stands to `validated`, or to `failed`."""
    watcher = observer()
    driver = TableDriver(
        run=TableRun(
            migration_id=migration.id,
            database=migration.database,
            table=table,
            options=migration.options,
            world=migration.world,
            package=migration.package,
            on_progress=watcher.progress,
        ),
        store=migration.store,
    )
    try:
        trigger = await driver.pick_up()
        while trigger is not None:
            trigger = await _advance(driver, trigger)
        watcher.progress(Progress(table.name, "validated"))
    except TableferryError as error:
        # The table is marked as failed with this error, which the report shows; the others go on.
        watcher.progress(Progress(table.name, f"failed: {error.message}"))


async def _advance(driver: TableDriver, trigger: Trigger) -> Trigger | None:
    return await in_task(trigger.value, lambda: driver.advance(trigger), f"{driver.run.table.name}: {trigger.value}")
