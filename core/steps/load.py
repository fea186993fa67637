"""start_load, restart_load, finish_load: one job run loads the table, watched until it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile
from typing import Any

from core.errors import ConflictError, JobFailedError, NotFoundError, ValidationFailedError
from core.items.plan import LoadPlan
from core.options import KEEP
from core.ports import JobRun
from core.steps.job import create_job, load_plan
from core.steps.job_run import LOAD, RUN_TOKEN, ended_early, runs_of, start_run, watch
from core.steps.own_view import require_own_view
from core.steps.position import JOB_CREATED_AT, LOAD_BEGAN_AT, LOAD_ENDED_AT, source_position
from core.steps.preflight import load_arguments, preflight
from core.steps.results import LoadTotals, total
from core.steps.table_run import Evidence, TableRun
from core.steps.target import has_results, require_target

_RESULTS_AT_ONCE = 8
_KEPT = ("rows_read", "items_written", "rejects")  # of a chunk's result, in its record


async def start_load(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Start a job run, unless one lives, or one with this intent's token succeeded before it was noted."""
    run.report("starting job run")
    job, token = str(evidence["job_name"]), str(intent["run_token"])
    found, restored = await _runs_or_new_job(run, job, evidence)
    await require_own_view(run)
    usable = _usable([r for r in found if not await ended_early(run, r)], token)
    if usable is None:
        restored |= await require_target(run, {**evidence, **restored})
    if not found and not await has_results(run):
        await _require_empty(run)
    began_at = await _began_at(run, evidence, before_any_run=not found)
    looked = evidence.get("preflight") or await preflight(run, job, token if usable is None else _token_of(usable))
    arguments = {RUN_TOKEN: token, **load_arguments(looked)}
    run_id = await start_run(run, job, arguments) if usable is None else usable.run_id
    before = evidence.get("run_ids", [])
    dead = [r.run_id for r in reversed(found) if r.is_dead and r.run_id not in before]
    run_ids = [*(i for i in before if i != run_id), *dead, run_id]
    return {
        **restored,
        "run_id": run_id,
        "run_ids": run_ids,
        "preflight": looked,
        "load_started_at": run.world.clock.now().isoformat(),
        LOAD_BEGAN_AT: began_at,
    }


async def _runs_or_new_job(run: TableRun, job: str, evidence: Evidence) -> tuple[list[JobRun], dict[str, Any]]:
    """The job's loads; of a job that somebody deleted none, and it is created again by the same plan."""
    if await run.world.jobs.exists(job):
        return await runs_of(run, job, LOAD), {}
    return [], await create_job(run, {}, evidence)


async def _began_at(run: TableRun, evidence: Evidence, *, before_any_run: bool) -> Any:
    """The source's position before the first row was read; a run that nobody noted began after the job was made."""
    if before_any_run:
        return await source_position(run)
    return evidence.get(LOAD_BEGAN_AT) or evidence.get(JOB_CREATED_AT)


async def _require_empty(run: TableRun) -> None:
    """Long after the table was created, somebody else may have filled it."""
    table = run.table.target.table_name
    if run.options.into_nonempty or await run.world.targets.is_empty(table):
        return
    raise ConflictError(
        f"The table {table} holds items that this migration did not write.",
        remedy="If another migration filled it, leave this one; else empty the table, then resume.",
        table=table,
    )


def _usable(runs: Sequence[JobRun], token: str) -> JobRun | None:
    """A run that lives, whoever started it (the job is this table's own), else this intent's own that succeeded."""
    finished = (r for r in runs if not r.is_dead and r.arguments.get(RUN_TOKEN) == token)
    return next((r for r in (*(r for r in runs if not r.is_over), *finished)), None)


def _token_of(run: JobRun) -> str:
    return run.arguments.get(RUN_TOKEN, "")


async def finish_load(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Watch the run until it is over, then add up its chunks. Raises JobFailedError with the end of its log."""
    plan = await load_plan(run)
    finished = await _watch(run, plan, str(evidence["job_name"]), str(evidence["run_id"]))
    totals = await read_totals(run, plan)
    await require_own_view(run)
    _require_wanted(run, totals)
    return {
        "load": totals.to_record(),
        "run_state": finished.state,
        "run_attempt": finished.attempt,
        "run_seconds": finished.execution_seconds,
        "load_finished_at": run.world.clock.now().isoformat(),
        LOAD_ENDED_AT: await source_position(run),
    }


def _require_wanted(run: TableRun, totals: LoadTotals) -> None:
    """Rows that broke after the preflight are in no table; whoever refuses rejects must not see it validated."""
    if totals.rejects == 0 or run.options.rejects == KEEP:
        return
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in sorted((totals.rejects_by_reason or {}).items()))
    raise ValidationFailedError(
        f"{totals.rejects:,} rows of {run.table.name} became rejects while it was loaded ({reasons}); the preflight "
        "had not found them.",
        remedy=f"They stand in s3://{run.options.bucket}/{run.prefix}rejects/. Repair them at the source and load them "
        f"with `tableferry retry-rejects {run.migration_id}`, or keep them aside with "
        f"`tableferry resume {run.migration_id} --rejects keep`.",
        load=totals.to_record(),
    )


async def _watch(run: TableRun, plan: LoadPlan, job: str, run_id: str) -> JobRun:
    rows = {plan.result_key(c.number): c.rows for c in plan.chunks}
    numbers = {plan.result_key(c.number): c.number for c in plan.chunks}
    rows_total = sum(rows.values()) or None
    records = await run.ledger.planned() or await run.ledger.plan(plan.chunks)
    known = {record.chunk.number for record in records if record.done_at is not None}
    done: set[str] = set()

    async def report(found: JobRun) -> None:
        done.update(await run.world.objects.keys(f"{plan.prefix}results/", _last_without_gap(numbers, done)))
        seen = {numbers[key] for key in done if key in numbers} - known
        if seen:
            await run.ledger.mark_done(dict.fromkeys(sorted(seen)))
            known.update(seen)
        run.report(f"loading ({found.state.lower()})", sum(rows.get(k, 0) for k in done), rows_total)

    return await watch(run, job, run_id, report)


def _last_without_gap(keys: Iterable[str], done: AbstractSet[str]) -> str:
    """The last of the keys, which are in order, up to which every chunk is done; later ones can come in any order."""
    return next(reversed(list(takewhile(done.__contains__, keys))), "")


async def read_totals(run: TableRun, plan: LoadPlan) -> LoadTotals:
    """The sum of the chunks' results. Raises JobFailedError when one is missing or does not account for its rows."""
    gate = asyncio.Semaphore(_RESULTS_AT_ONCE)

    async def result(number: int) -> dict[str, Any]:
        async with gate:
            try:
                found: dict[str, Any] = json.loads(await run.world.objects.get(plan.result_key(number)))
            except NotFoundError as error:
                raise JobFailedError(
                    f"The run succeeded, but chunk {number} left no result.",
                    remedy="Resume: the chunk is loaded again.",
                    chunk=number,
                ) from error
            return found

    results = await asyncio.gather(*(result(c.number) for c in plan.chunks))
    totals = total(plan, results)
    await run.ledger.mark_done({r["chunk"]: {name: r[name] for name in _KEPT} for r in results})
    return totals
