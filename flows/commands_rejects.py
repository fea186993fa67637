"""What `rejects` and `retry-rejects` do, apart from their options; each returns the exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from core.checkpoints import CheckpointStore, MigrationRecord
from core.errors import StateError
from core.options import MigrationOptions
from flows.commands import VALIDATED, quiet_prefect, watch, with_store
from flows.console import print_json
from flows.settings import Settings, load_settings

if TYPE_CHECKING:
    from core.rejects_reader import RejectedLine


@dataclass(frozen=True)
class Wanted:
    """Which rejects are asked for; `limit` is of the rows that are shown, all are counted."""

    table: str | None = None
    reason: str | None = None
    limit: int = 20


@dataclass
class _Found:
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    shown: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0

    def add(self, line: RejectedLine, limit: int) -> None:
        reasons = self.counts.setdefault(line.table, {})
        reasons[line.reason] = reasons.get(line.reason, 0) + 1
        self.total += 1
        if len(self.shown) < limit:
            self.shown.append(line.document)


def rejects(migration_id: str | None, wanted: Wanted, output_file: Path | None, *, as_json: bool) -> int:
    """Count the rejected rows by table and reason, and show some, or write all to a file as JSON lines."""
    from flows.render import rejected_rows_table, rejects_table

    settings = load_settings()
    record, tables = with_store(settings, lambda store: _chosen(store, migration_id, wanted.table))
    place: Any = nullcontext() if output_file is None else output_file.open("w", encoding="utf-8")
    with place as file:
        found = asyncio.run(_found(settings, record, tables, wanted, file))
    if as_json:
        print_json(_document(record, found, tables))
    else:
        from rich.console import Console

        console = Console()
        console.print(rejects_table(record.id, found.counts))
        if found.shown and output_file is None:
            console.print(rejected_rows_table(found.shown, found.total))
    return VALIDATED


def retry_rejects(migration_id: str | None, table: str | None, *, as_json: bool) -> int:
    """Run the `retry-rejects` flow in this process."""
    record, _ = with_store(load_settings(), lambda store: _chosen(store, migration_id, table))
    quiet_prefect()
    from flows.retry_rejects import retry_rejects as flow

    return watch(lambda: flow(migration_id=record.id, table=table, return_state=True), as_json=as_json)


def _chosen(store: CheckpointStore, migration_id: str | None, table: str | None) -> tuple[MigrationRecord, list[str]]:
    record = store.newest() if migration_id is None else store.migration(migration_id)
    if record is None:
        raise StateError("There is no migration yet.", remedy="Start one with `tableferry run`.")
    if table is not None:
        return record, [store.table(record.id, table).table]
    return record, [t.table for t in store.tables(record.id)]


async def _found(
    settings: Settings, record: MigrationRecord, tables: list[str], wanted: Wanted, file: IO[str] | None
) -> _Found:
    found = _Found()
    async for line in _lines(settings, record, tables):
        if wanted.reason not in (None, line.reason):
            continue
        found.add(line, wanted.limit if file is None else 0)
        if file is not None:
            file.write(json.dumps(line.document, ensure_ascii=False) + "\n")
    return found


async def _lines(settings: Settings, record: MigrationRecord, tables: list[str]) -> AsyncIterator[RejectedLine]:
    from core.rejects_reader import rejected_lines
    from flows.wiring import open_world

    options = MigrationOptions.from_record(record.settings["options"])
    async with open_world(settings, options) as world:
        for table in tables:
            async for line in rejected_lines(world.objects, options.prefix_of(record.id, table), table):
                yield line


def _document(record: MigrationRecord, found: _Found, tables: list[str]) -> dict[str, Any]:
    return {
        "migration_id": record.id,
        "rejects": found.total,
        "tables": {table: found.counts.get(table, {}) for table in tables},
        "rows": found.shown,
        "truncated": len(found.shown) < found.total,
    }
