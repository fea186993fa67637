"""How a migration begins, and how one that was interrupted is opened again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.loader_package import build_loader_package
from core.checkpoints import CheckpointStore, MigrationRecord, MigrationStatus, TableCheckpoint, as_json
from core.compile import CompiledTable
from core.contract import Contract, contract_hash
from core.contract.model import Contract as ContractModel
from core.control import take_back_control
from core.errors import (
    LeaseHeldError,
    LeaseLostError,
    SettingsError,
    StateError,
    StoppedByRequestError,
    TableferryError,
)
from core.leases import Holder, Lease, Start, lease_held
from core.loader_package import LoaderPackage
from core.options import MigrationOptions
from core.planning import plan_tables
from core.ports import Progress, World
from core.readiness import Readiness, check_readiness
from core.resumable import require_not_cancelled
from core.source_schema import SourceSchema
from core.stop import Stop
from flows.migration_id import new_migration_id
from flows.observer import observer
from flows.prefect_task import in_task


@dataclass(frozen=True)
class Migration:
    """Everything that moving the tables of one migration needs."""

    record: MigrationRecord
    schema: SourceSchema
    tables: Sequence[CompiledTable]
    options: MigrationOptions
    world: World
    store: CheckpointStore
    package: LoaderPackage
    holder: Holder
    left_alone: dict[str, TableferryError] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def database(self) -> str:
        return self.schema.database

    def note(self, table: str, error: TableferryError) -> None:
        """Tell the observer, and keep what no checkpoint says: that another process drives the table."""
        if isinstance(error, LeaseHeldError | LeaseLostError):
            self.left_alone[table] = error
            observer().progress(Progress(table, f"left alone: {error.message}"))
        elif isinstance(error, StoppedByRequestError):
            observer().progress(Progress(table, error.message))
        else:
            observer().progress(Progress(table, f"failed: {error.message}"))


async def begin_migration(
    contract: Contract,
    options: MigrationOptions,
    world: World,
    store: CheckpointStore,
    migration_id: str | None,
    start: Start,
) -> Migration:
    """Check the servers, plan every table, and record the migration; until then nothing is created anywhere.

    Raises NotReadyError, ContractError, StateError (the id exists, or one of the same subject is unfinished).
    """
    now = world.clock.now()
    readiness, schema, tables = await _ready_and_planned(contract, options, world, now)
    record = MigrationRecord(
        id=migration_id or new_migration_id(),
        contract_hash=contract_hash(contract),
        contract=contract.model_dump(by_alias=True, mode="json"),
        settings={
            "options": options.to_record(),
            "source": {"engine": schema.engine, "version": schema.version, "database": schema.database},
            "source_address": source_address(readiness),
            "imitation": any(s.status.details.get("imitation", False) for s in readiness.servers),
        },
        status=MigrationStatus.RUNNING,
        created_at=now,
        updated_at=now,
        subject=subject(contract_hash(contract), source_address(readiness), options.target.table_prefix),
    )
    await asyncio.to_thread(store.create_migration, record, [t.name for t in tables], start)
    return Migration(record, schema, tables, options, world, store, build_loader_package(), start)


def subject(contract: str, address: Mapping[str, Any], table_prefix: str) -> str:
    """The same text for migrations that would write the same items to the same tables."""
    return hashlib.sha256(json.dumps([contract, address, table_prefix], sort_keys=True).encode()).hexdigest()


async def reopen_migration(
    record: MigrationRecord, options: MigrationOptions, world: World, store: CheckpointStore, holder: Holder
) -> Migration:
    """Compile the recorded contract again, check that it still means what the checkpoints say, record the options.

    Raises StateError when the source's schema changed so that a view would differ, LeaseHeldError when the options
    changed while another process drives one of the tables.
    """
    require_not_cancelled(record)
    contract = ContractModel.model_validate(record.contract)
    readiness, schema, tables = await _ready_and_planned(contract, options, world, record.created_at, resumed=True)
    _require_same_source(record, readiness)
    checkpoints = await asyncio.to_thread(store.tables, record.id)
    _require_same_views(tables, checkpoints)
    if (chosen := as_json(options.to_record())) != record.settings["options"]:
        await asyncio.to_thread(_require_undriven, store, record.id, holder)
        changed = record.settings | {"options": chosen}
        await asyncio.to_thread(store.set_settings, record.id, changed)
    if not await asyncio.to_thread(driven_by_others, store, record.id, holder):
        await take_back_control(world.objects, options, record.id)
        await asyncio.to_thread(store.request, record.id, None)
    record = await asyncio.to_thread(store.set_status, record.id, MigrationStatus.RUNNING)
    return Migration(record, schema, tables, options, world, store, build_loader_package(), holder)


def _require_undriven(store: CheckpointStore, migration_id: str, holder: Holder) -> None:
    for lease in driven_by_others(store, migration_id, holder):
        raise lease_held(lease)


def driven_by_others(store: CheckpointStore, migration_id: str, holder: Holder) -> list[Lease]:
    """The leases that other living processes hold of the migration's tables."""
    leases = store.leases(migration_id)
    return [lease for lease in leases if lease.owner != holder.owner and not holder.is_gone(lease.owner)]


async def _ready_and_planned(
    contract: Contract, options: MigrationOptions, world: World, moment: datetime, *, resumed: bool = False
) -> tuple[Readiness, SourceSchema, list[CompiledTable]]:
    names = [options.target.table_prefix + t.table for t in contract.tables]
    readiness = await in_task("check", lambda: check_readiness(world, options, names))
    readiness.require()
    schema, tables = await in_task(
        "plan", lambda: plan_tables(contract, world, options, moment=moment, resumed=resumed)
    )
    return readiness, schema, tables


def source_address(readiness: Readiness) -> dict[str, Any]:
    """Where the rows come from, without a user or a password."""
    details = next(s.status.details for s in readiness.servers if s.status.server == "mysql")
    return {name: details.get(name) for name in ("host", "port", "database")}


def _require_same_source(record: MigrationRecord, readiness: Readiness) -> None:
    begun, now = record.settings["source_address"], source_address(readiness)
    if begun != now:
        raise SettingsError(
            f"Migration {record.id} was begun on {begun['host']}:{begun['port']}/{begun['database']}, but the settings "
            f"name {now['host']}:{now['port']}/{now['database']}.",
            remedy="Resume it with the settings that it was begun with.",
            begun=begun,
            now=now,
        )


def _require_same_views(tables: Sequence[CompiledTable], checkpoints: Sequence[TableCheckpoint]) -> None:
    hashes = {t.name: t.view.definition_hash for t in tables}
    for checkpoint in checkpoints:
        made = checkpoint.evidence.get("view_definition_hash")
        if made is not None and made != hashes[checkpoint.table]:
            raise StateError(
                f"The source schema changed since {checkpoint.table} was begun: its view would be another one now.",
                remedy="Start a new migration with `tableferry run`.",
                table=checkpoint.table,
            )
