"""The end of every run: the result from the checkpoints, as JSON and Markdown, locally, in S3 and in Prefect."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from prefect.artifacts import acreate_markdown_artifact

from core.checkpoints import MigrationRecord, MigrationStatus, Request
from core.options import MigrationOptions
from core.outages import patient
from core.ports import ObjectStore, Progress
from core.report import MigrationResult
from core.summary import summarize
from flows.begin import Migration, driven_by_others
from flows.observer import observer
from flows.prefect_task import in_task


async def publish_report(migration: Migration, directory: Path) -> MigrationResult:
    """Record how the migration ended, and leave its report under `directory`, in the bucket and as an artifact."""
    return await in_task("report", lambda: _publish(migration, directory))


async def _publish(migration: Migration, directory: Path) -> MigrationResult:
    checkpoints = await asyncio.to_thread(migration.store.tables, migration.id)
    chunks = await asyncio.to_thread(migration.store.chunk_counts, migration.id)
    result = summarize(_ended(migration), checkpoints, migration.world.clock.now(), migration.left_alone, chunks)
    if await asyncio.to_thread(driven_by_others, migration.store, migration.id, migration.holder):
        return result  # whoever is last reports on the whole
    if migration.stop.request is not Request.CANCEL:  # whoever cancels it says so when everything has stopped
        await asyncio.to_thread(migration.store.set_status, migration.id, result.status)
    await keep_report(result, migration.world.objects, migration.options, directory)
    await acreate_markdown_artifact(key="migration-report", markdown=result.to_markdown())
    return result


def _ended(migration: Migration) -> MigrationRecord:
    statuses = {Request.PAUSE: MigrationStatus.PAUSED, Request.CANCEL: MigrationStatus.CANCELLED}
    request = migration.stop.request
    return migration.record if request is None else replace(migration.record, status=statuses[request])


async def keep_report(
    result: MigrationResult, objects: ObjectStore, options: MigrationOptions, directory: Path
) -> None:
    """Leave the report under `directory` and in the bucket."""
    await asyncio.to_thread(write_report, result, directory)
    prefix = f"{options.key_prefix}migrations/{result.migration_id}/"
    with patient(lambda why: observer().progress(Progress("report", why))):
        await objects.put(f"{prefix}report.json", result.to_json().encode(), "application/json")
        await objects.put(f"{prefix}report.md", result.to_markdown().encode(), "text/markdown")


def write_report(result: MigrationResult, directory: Path) -> Path:
    """Write both forms to `directory/<migration>/` and return that directory."""
    at = directory / result.migration_id
    at.mkdir(parents=True, exist_ok=True)
    (at / "report.json").write_text(result.to_json())
    (at / "report.md").write_text(result.to_markdown())
    return at
