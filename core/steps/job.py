"""create_job: loader and load plan are in S3, the credentials where the loader may read them, the job in Glue."""

from __future__ import annotations

from typing import Any, Final

from core.compile import ENTITY_COLUMN, CompiledEntity
from core.errors import ConflictError, StateError
from core.items.plan import Chunk, LoadPlan
from core.ports import JobDefinition
from core.steps.position import JOB_CREATED_AT, source_position
from core.steps.table_run import Evidence, TableRun

EXISTING: Final = "--existing"  # whether an item that holds a row's key is overwritten or kept


async def create_job(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Upload the loader and the plan, and create the Glue job. Raises ConflictError when a job of this name differs."""
    run.report("planning chunks")
    chunks = await _chunks(run, evidence)
    plan = _load_plan(run, chunks)
    run.report("creating job")
    objects, options, package = run.world.objects, run.options, run.package
    directory = f"{options.key_prefix}loader/"
    await objects.put(directory + package.zip_name, package.zip_bytes, "application/zip")
    await objects.put(directory + package.script_name, package.script_bytes, "text/x-python")
    await objects.put(f"{run.prefix}plan.json", plan.to_json().encode(), "application/json")
    credentials, secret_arn = await _credentials(run)
    root = f"s3://{objects.bucket}/"
    job = JobDefinition(
        name=run.job_name,
        role_arn=options.glue_role_arn,
        script_location=root + directory + package.script_name,
        default_arguments={
            "--extra-py-files": root + directory + package.zip_name,
            "--additional-python-modules": package.modules,
            "--plan": f"{root}{run.prefix}plan.json",
            "--writers": str(options.writers),
            EXISTING: "keep" if keeps_others(run, evidence) else "overwrite",
            **credentials,
        },
        timeout_minutes=options.job_timeout_minutes,
        max_retries=options.job_max_retries,
        max_capacity=options.job_max_capacity,
        connections=options.connections,
        description=f"tableferry loads {run.table.target.table_name} (migration {run.migration_id})",
        tags=run.tags,
    )
    created = await _created(run, job)
    return {
        "job_name": job.name,
        "job_created": created,
        "loader_sha256": package.sha256,
        "secret_arn": secret_arn,
        JOB_CREATED_AT: await source_position(run),
        "chunks": len(chunks),
        "rows_planned": sum(c.rows for c in chunks) if all(e.chunk_columns for e in run.table.entities) else None,
    }


def is_beside_others(run: TableRun, evidence: Evidence) -> bool:
    """Whether the load found a table that may have held items, which it did not write."""
    return run.options.into_nonempty and not evidence.get("table_created")


def keeps_others(run: TableRun, evidence: Evidence) -> bool:
    """Whether such items must not be written over."""
    return is_beside_others(run, evidence) and not run.options.overwrite


async def _created(run: TableRun, job: JobDefinition) -> bool:
    """Create the job, in place of one that differs and never ran: another version began this very step."""
    jobs = run.world.jobs
    try:
        return await jobs.create_job(job)
    except ConflictError as error:
        if runs := await jobs.runs(job.name):
            raise ConflictError(
                f"The Glue job {job.name} differs from what this tableferry would create, and has run "
                f"{len(runs)} times.",
                remedy=f"Go back to the version and the settings that made it, then `tableferry resume "
                f"{run.migration_id}`; or start another migration with `tableferry run --new`.",
                **error.facts,
            ) from error
    await jobs.delete_job(job.name)
    return await jobs.create_job(job)


async def _chunks(run: TableRun, evidence: Evidence) -> list[Chunk]:
    """The chunks that the table was planned into once; results are stored by their numbers, so these must stay."""
    planned = [record.chunk for record in await run.ledger.planned()]
    if not planned and "job_name" in evidence:
        planned = list((await load_plan(run)).chunks)  # of a migration from before chunks were kept
    found = planned or await _plan_chunks(run)
    await run.ledger.plan(found)
    return found


async def load_plan(run: TableRun) -> LoadPlan:
    """The plan that the job was created with. Raises StateError when another version made it."""
    try:
        return LoadPlan.from_json((await run.world.objects.get(f"{run.prefix}plan.json")).decode())
    except ValueError as error:
        raise StateError(
            f"The load plan of {run.table.name} was written by another version of tableferry: {error}.",
            remedy="Finish this migration with that version, or start another with `tableferry run --new`.",
            table=run.table.name,
        ) from error


async def _plan_chunks(run: TableRun) -> list[Chunk]:
    """Key ranges that cover each source without gap or overlap: the first and the last one are open to the outside."""
    chunks: list[Chunk] = []
    for item, entity in enumerate(run.table.entities):
        chunks += await _plan_entity(run, entity, item, len(chunks))
    return chunks


async def _plan_entity(run: TableRun, entity: CompiledEntity, item: int, first: int) -> list[Chunk]:
    if not entity.chunk_columns:
        return [Chunk(first, None, None, 0, item)]
    bounds = await run.world.source.plan_chunks(
        entity.source_table,
        entity.chunk_columns,
        run.options.rows_per_chunk,
        lambda rows: run.going_on("planning chunks", rows),
    )
    uppers = [b.upper for b in bounds[:-1]]
    ends = zip([None, *uppers], [*uppers, None], strict=True)
    rows = [b.rows for b in bounds] or [0]
    return [
        Chunk(first + n, lower, upper, count, item)
        for n, ((lower, upper), count) in enumerate(zip(ends, rows, strict=True))
    ]


def _load_plan(run: TableRun, chunks: list[Chunk]) -> LoadPlan:
    table = run.table
    return LoadPlan(
        migration=run.migration_id,
        table=table.name,
        target_table=table.target.table_name,
        database=run.database,
        view=table.view.name,
        view_hash=table.view.definition_hash,
        items=tuple(e.item for e in table.entities),
        entity_column=ENTITY_COLUMN if len(table.entities) > 1 else None,
        chunks=tuple(chunks),
        prefix=run.prefix,
    )


async def _credentials(run: TableRun) -> tuple[dict[str, str], str | None]:
    """The argument that tells the loader where the credentials are; they themselves are never an argument."""
    options = run.options
    if options.secret_arn is not None:
        return {"--secret-arn": options.secret_arn}, options.secret_arn
    if options.connections:
        return {"--connection-name": options.connections[0]}, None
    arn = await run.world.source.publish_secret(f"tableferry/{run.migration_id}", run.tags)
    return {"--secret-arn": arn}, arn
