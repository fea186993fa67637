"""What each command does, apart from its options; each returns the exit code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.checkpoints import CheckpointStore, MigrationStatus
from core.errors import InputError, StateError
from core.options import MigrationOptions
from core.resumable import record_to_resume
from flows.console import ERRORS, LiveProgress, print_error, print_json, print_report
from flows.contract_file import read_contract_file
from flows.migration_id import new_migration_id
from flows.settings import Settings, load_settings

if TYPE_CHECKING:
    from core.contract import Contract
    from core.readiness import Readiness
    from flows.plan_view import PlannedTable

VALIDATED, FAILED, WRONG_INPUT, REJECTS = 0, 1, 2, 3


def check(contract: Path | None, table_prefix: str | None, *, as_json: bool) -> int:
    """Ask all four servers and show what they said."""
    from flows.render import readiness_table

    settings = load_settings(table_prefix=table_prefix)
    options = settings.migration_options()
    tables = [] if contract is None else [t.table for t in read_contract_file(contract).tables]
    found = asyncio.run(_check(settings, [options.target.table_prefix + t for t in tables]))
    if as_json:
        from dataclasses import asdict

        print_json({"ready": found.ready, "servers": [asdict(s) | {"ready": s.ready} for s in found.servers]})
    else:
        from rich.console import Console

        Console().print(readiness_table(found))
    return VALIDATED if found.ready else WRONG_INPUT


async def _check(settings: Settings, tables: list[str]) -> Readiness:
    from core.readiness import check_readiness
    from flows.wiring import open_world

    options = settings.migration_options()
    async with open_world(settings, options) as world:
        return await check_readiness(world, options, tables)


def plan(contract: Path, table_prefix: str | None, *, as_json: bool) -> int:
    """Compile the contract against the live schema and show what a run would make; changes nothing."""
    from flows.plan_view import plan_document, print_plan

    settings = load_settings(table_prefix=table_prefix)
    parsed = read_contract_file(contract)
    document = asyncio.run(_plan(settings, parsed))
    if as_json:
        print_json(plan_document(document))
    else:
        print_plan(document)
    return VALIDATED


async def _plan(settings: Settings, contract: Contract) -> list[PlannedTable]:
    from core.planning import expected_rows, plan_tables
    from flows.plan_view import PlannedTable
    from flows.wiring import open_world

    options = settings.migration_options()
    async with open_world(settings, options) as world:
        _, tables = await plan_tables(contract, world, options, moment=world.clock.now())
        return [PlannedTable(t, await expected_rows(world.source, t)) for t in tables]


def schema() -> int:
    """Print the contract's JSON Schema."""
    from core.contract.json_schema import json_schema

    print_json(json_schema())
    return VALIDATED


def run(
    contract: Path, table_prefix: str | None, changes: Mapping[str, Any], *, new: bool = False, as_json: bool
) -> int:
    """Run the `migrate` flow in this process. The contract and the settings are read before Prefect is imported.

    `changes` are options of the command that go before the settings of the same name, unless they are None. `new`:
    although one of the same contract is unfinished.
    """
    read_contract_file(contract)
    load_settings(table_prefix=table_prefix, **changes).migration_options()
    quiet_prefect()
    from flows.migrate_database import migrate

    return watch(
        lambda: migrate(
            contract=str(contract.absolute()),
            migration_id=new_migration_id(),
            table_prefix=table_prefix,
            **changes,
            new=new,
            return_state=True,
        ),
        as_json=as_json,
    )


def resume(migration_id: str | None, changes: Mapping[str, Any], *, as_json: bool) -> int:
    """Run the `resume` flow in this process; `changes` go before the options that the migration has recorded."""
    record = with_store(load_settings(), lambda store: record_to_resume(store, migration_id))
    MigrationOptions.from_record(record.settings["options"]).with_changes(changes)
    if record.status is MigrationStatus.SUCCEEDED:
        ERRORS.print(f"{record.id} is validated: there is nothing to resume. Its report:", markup=False)
        return _report(record.id, as_json=as_json)
    quiet_prefect()
    from flows.migrate_database import resume as resume_flow

    return watch(lambda: resume_flow(migration_id=migration_id, **changes, return_state=True), as_json=as_json)


def watch(
    flow: Callable[[], Awaitable[Any]], *, as_json: bool, show: Callable[[LiveProgress], int] | None = None
) -> int:
    """Run a flow in this process with its progress shown, print its report, and return the exit code.

    `show` prints something else than the report, and says the exit code, when the flow came to a result.
    """
    from flows.observer import OBSERVER

    with LiveProgress() as live:
        OBSERVER.set(live)
        state = asyncio.run(_awaited(flow))
    if live.error is not None:
        print_error(live.error, as_json=as_json)
        return WRONG_INPUT if isinstance(live.error, InputError) else FAILED
    if live.result is None:
        raise StateError(f"The flow ended {state.name} without a result.", remedy="Look at its log, then resume.")
    if show is not None:
        code = show(live)
        return live.result.exit_code if live.result.stopped else code
    if as_json:
        print_json(live.result.model_dump(mode="json"))
    else:
        print_report(live.result.to_markdown())
    return live.result.exit_code


async def _awaited(flow: Callable[[], Awaitable[Any]]) -> Any:
    return await flow()


def status(migration_id: str | None, *, as_json: bool) -> int:
    """Show the migrations, or one migration's tables."""
    from flows.render import migration_document, migrations_table, tables_table
    from flows.render_circuits import circuit_documents, with_circuits

    def shown(store: CheckpointStore) -> tuple[dict[str, Any], Any]:
        if migration_id is None:
            records = store.list_migrations(50)
            return {"migrations": [migration_document(r) for r in records]}, migrations_table(records)
        record, tables = store.migration(migration_id), store.tables(migration_id)
        circuits = store.circuits(migration_id)
        chunks, leases = store.chunk_counts(migration_id), store.leases(migration_id)
        document = migration_document(record, tables, chunks, leases) | {"circuits": circuit_documents(circuits)}
        return document, with_circuits(tables_table(record, tables, chunks), circuits)

    document, table = with_store(load_settings(), shown)
    if as_json:
        print_json(document)
    else:
        from rich.console import Console

        Console().print(table)
    return VALIDATED


def report(migration_id: str | None, *, as_json: bool) -> int:
    """Print the report of a migration, finished or not, from its checkpoints."""
    _report(migration_id, as_json=as_json)
    return VALIDATED


def _report(migration_id: str | None, *, as_json: bool) -> int:
    """Print it, and return the exit code that its run would have."""
    from datetime import UTC, datetime

    from core.summary import summarize

    def summary(store: CheckpointStore) -> Any:
        record = store.newest() if migration_id is None else store.migration(migration_id)
        if record is None:
            raise StateError("There is no migration to report on.", remedy="Start one with `tableferry run`.")
        return summarize(record, store.tables(record.id), datetime.now(UTC), chunks=store.chunk_counts(record.id))

    result = with_store(load_settings(), summary)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_report(result.to_markdown())
    return int(result.exit_code)


def with_store(settings: Settings, use: Callable[[CheckpointStore], Any]) -> Any:
    """Open the checkpoint store for one use."""
    from adapters.checkpoints import open_store

    store = open_store(settings.store_url)
    try:
        return use(store)
    finally:
        store.close()


def quiet_prefect() -> None:
    """A local run needs no server of its own accord: Prefect starts one; these are its defaults unless set."""
    for name, value in {
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",  # 20, the default, is too short for a cold start
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",  # failures are in the report; Prefect would say each of them three times
    }.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        ERRORS.print("starting Prefect (set PREFECT_API_URL to use a running server)", style="dim")
