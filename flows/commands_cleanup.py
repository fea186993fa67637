"""What `cleanup` does, apart from its options."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.checkpoints import UNFINISHED, CheckpointStore, MigrationRecord, TableCheckpoint
from core.errors import SettingsError, StateError
from core.options import MigrationOptions
from flows.commands import VALIDATED, WRONG_INPUT, with_store
from flows.console import ERRORS, print_json, printable
from flows.settings import Settings, load_settings

if TYPE_CHECKING:
    from core.cleanup import CleanupPlan, Others, Removable
    from core.ports import World


@dataclass(frozen=True)
class Wishes:
    """What the command was told; `yes`: nobody is to be asked."""

    drop_tables: bool = False
    unprotect: bool = False
    yes: bool = False


@dataclass(frozen=True)
class _Subject:
    record: MigrationRecord
    tables: list[TableCheckpoint]
    others: Others


def cleanup(migration_id: str, wishes: Wishes, *, as_json: bool) -> int:
    """Show what would be removed, ask, and remove it. Exit code 2: nobody agreed, and nothing was removed."""
    if wishes.unprotect and not wishes.drop_tables:
        raise SettingsError("--disable-deletion-protection is about target tables.", remedy="Add --drop-tables.")
    settings = load_settings()
    subject = with_store(settings, lambda store: _subject(store, migration_id))
    return asyncio.run(_clean(settings, subject, wishes, as_json=as_json))


async def _clean(settings: Settings, subject: _Subject, wishes: Wishes, *, as_json: bool) -> int:
    from core.cleanup import inventory, remove
    from flows.wiring import open_world

    record = subject.record
    removed: list[Removable] = []

    def done(thing: Removable) -> None:
        removed.append(thing)
        ERRORS.print(printable(f"removed {thing.kind.value} {thing.name}"), markup=False, soft_wrap=True)

    async with open_world(settings, MigrationOptions.from_record(record.settings["options"])) as world:
        await _require_same_source(record, world)
        plan = await inventory(
            record,
            subject.tables,
            subject.others,
            world,
            drop_tables=wishes.drop_tables,
            unprotect=wishes.unprotect,
        )
        if not as_json:
            _print(plan)
        agreed = not plan.remove or wishes.yes or _agreed(plan, as_json=as_json)
        if agreed:
            await remove(plan, world, done)
            with_store(settings, lambda store: _note(store, record.id))
    if as_json:
        print_json(plan.to_record() | {"agreed": agreed, "removed": [thing.to_record() for thing in removed]})
    return VALIDATED if agreed else WRONG_INPUT


def _subject(store: CheckpointStore, migration_id: str) -> _Subject:
    from adapters.this_process import is_gone
    from core.leases import lease_held
    from core.other_writers import MOST_MIGRATIONS

    record = store.migration(migration_id)
    if driven := [lease for lease in store.leases(record.id) if not is_gone(lease.owner)]:
        raise lease_held(driven[0])
    if record.status in UNFINISHED:
        raise StateError(
            f"Migration {record.id} is {record.status.value}: a resume needs what a cleanup would remove.",
            remedy=f"`tableferry resume {record.id}` finishes it, `tableferry cancel {record.id}` gives it up.",
            status=record.status.value,
        )
    others = [(r, store.tables(r.id)) for r in store.list_migrations(MOST_MIGRATIONS) if r.id != record.id]
    return _Subject(record, store.tables(record.id), others)


def _note(store: CheckpointStore, migration_id: str) -> None:
    from datetime import UTC, datetime

    from core.cleanup.inventory import CLEANED_UP

    settings = store.migration(migration_id).settings
    store.set_settings(migration_id, settings | {CLEANED_UP: datetime.now(UTC).isoformat(timespec="seconds")})


async def _require_same_source(record: MigrationRecord, world: World) -> None:
    """A view of the same name in another database is another view."""
    details = (await world.source.status()).details
    begun = record.settings["source_address"]
    now = {name: details.get(name) for name in begun}
    if begun != now:
        raise SettingsError(
            f"Migration {record.id} was begun on {begun['host']}:{begun['port']}/{begun['database']}, but the settings "
            f"name {now['host']}:{now['port']}/{now['database']}.",
            remedy="Clean it up with the settings that it was begun with.",
            begun=begun,
            now=now,
        )


def _agreed(plan: CleanupPlan, *, as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        ERRORS.print("Nothing was removed: add --yes.", markup=False)
        return False
    import typer

    return typer.confirm(f"Remove these {len(plan.remove)}? It cannot be undone.", err=True)


def _print(plan: CleanupPlan) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for title, things in (("To be removed", plan.remove), ("Kept", plan.keep)):
        table = Table(title=f"{title} of {plan.migration_id}", title_justify="left")
        for heading in ("what", "name", "why" if things is plan.keep else "detail"):
            table.add_column(heading, overflow="fold")
        for thing in things:
            document: dict[str, Any] = thing.to_record()
            table.add_row(*(Text(printable(str(document[key]))) for key in document))
        if things:
            console.print(table)
    if not plan.remove:
        console.print("There is nothing to remove.")
