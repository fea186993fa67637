"""One run of a table's job: started once for one intent, adopted when it lives, watched until it is over."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from core.checkpoints import Request
from core.errors import ConflictError, JobFailedError, NotFoundError, TableferryError
from core.items.control import MARK, stopped_key
from core.outages import UNKNOWN_OUTCOME
from core.ports import JobRun
from core.steps.table_run import TableRun
from core.stop import stopped

RUN_TOKEN: Final = "--run-token"  # noqa: S105 - a name, not a secret
TASK: Final = "--task"
LOAD: Final = "load"  # what a run without a --task does

OnLook = Callable[[JobRun], Awaitable[None]]

_STARTS = 3
LOG_LINES = 20
_LOOKS_FOR_RETRY = 30  # Glue starts a retry within seconds; after these many looks there is none


async def runs_of(run: TableRun, job: str, task: str) -> list[JobRun]:
    """The job's runs that do this task, newest first."""
    return [found for found in await run.world.jobs.runs(job) if found.arguments.get(TASK, LOAD) == task]


async def start_task(run: TableRun, job: str, task: str, token: str, arguments: Mapping[str, str] = {}) -> str:
    """The id of the run that does `task` for this token: one that a killed process started, else a new one.

    A run with the token that died, or ended because it was asked to, is replaced.
    """
    for found in await runs_of(run, job, task):
        if found.arguments.get(RUN_TOKEN) == token and not found.is_dead and not await ended_early(run, found):
            return found.run_id
    return await start_run(run, job, {TASK: task, RUN_TOKEN: token, **arguments})


async def start_run(run: TableRun, job: str, arguments: Mapping[str, str]) -> str:
    """Start a run that leaves its sign when it ends because it was asked to; returns its id.

    Where the answer was lost, the run is looked for by that mark before another is asked for.
    """
    marked = {**arguments, MARK: uuid.uuid4().hex}
    lost: TableferryError | None = None
    for _ in range(_STARTS):
        run.stop.require_going_on(run.table.name)
        try:
            return await run.world.jobs.start_run(job, marked)
        except UNKNOWN_OUTCOME as error:
            lost = error
        except ConflictError:  # a run is going on: after a lost answer that may be ours, listed by now
            if lost is None:
                raise
        for found in await run.world.jobs.runs(job):
            if found.arguments.get(MARK) == marked[MARK]:
                return found.run_id
    raise lost or AssertionError("unreachable: every round returns, raises or loses its answer")


async def ended_early(run: TableRun, found: JobRun) -> bool:
    """Whether the run ended well, but only because it was asked to: it left work undone."""
    mark = found.arguments.get(MARK)
    if mark is None or not found.is_over or found.is_dead:
        return False
    key = stopped_key(run.prefix, mark)
    return await run.world.objects.first(key) == key


def progress_told(run: TableRun, key: str, activity: str) -> OnLook:
    """What `watch` calls at each look: reports what the run itself says under this S3 key, else only the activity."""

    async def report(found: JobRun) -> None:
        said = await run.document(key) or {}
        doing = f"{said.get('activity', activity)} ({found.state.lower()})"
        run.report(doing, int(said.get("done", 0)), said.get("total"))

    return report


async def watch(run: TableRun, job: str, run_id: str, on_look: OnLook) -> JobRun:
    """Look at the run until it succeeded, or its Glue retry did; `on_look` reports progress at each look.

    Raises JobFailedError with the end of its log when it died, StoppedByRequestError when it ended because it was
    asked to. A pause waits for that; a cancellation does not, whoever asked for it ends the run.
    """
    while True:
        found = await run.world.jobs.run(job, run_id)
        await on_look(found)
        if run.stop.request is Request.CANCEL:
            raise stopped(run.table.name, Request.CANCEL)
        if found.is_dead:
            run_id = await _retry_of(run, job, found)
            continue
        if found.is_over:
            if await ended_early(run, found):
                raise stopped(run.table.name, run.stop.request or Request.PAUSE)
            return found
        await run.world.clock.sleep(run.options.poll_seconds)


async def _retry_of(run: TableRun, job: str, dead: JobRun) -> str:
    """The run that Glue itself makes of a failed one, where it was told to; else raises JobFailedError."""
    if dead.state == "FAILED" and dead.attempt < run.options.job_max_retries:
        for _ in range(_LOOKS_FOR_RETRY):
            later = [r for r in await run.world.jobs.runs(job) if r.attempt > dead.attempt and _same_task(r, dead)]
            if later:
                return later[0].run_id
            await run.world.clock.sleep(run.options.poll_seconds)
    raise await _job_failed(run, job, dead)


def _same_task(run: JobRun, other: JobRun) -> bool:
    return run.arguments.get(TASK, LOAD) == other.arguments.get(TASK, LOAD)


async def _job_failed(run: TableRun, job: str, found: JobRun) -> JobFailedError:
    try:
        log = await run.world.jobs.logs(job, found.run_id, LOG_LINES)
    except NotFoundError:
        log = []  # a run that never began has no log stream
    return JobFailedError(
        f"Run {found.run_id} of job {job} ended {found.state}: {found.error_message or 'no reason given'}.",
        remedy="Repair the cause, then `tableferry resume` goes on with what is missing.",
        job=job,
        run_id=found.run_id,
        run_state=found.state,
        log_tail=log,
    )
