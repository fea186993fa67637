"""Ends every run of a migration's jobs: what a cancellation needs before anything can be given up."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import CallTimedOutError, NotFoundError
from core.ports import JobRun, World

LONGEST_SECONDS = 300.0  # Glue needs seconds to stop a Python shell run; minutes only when something is wrong


async def end_runs(world: World, job: str, poll_seconds: float, tell: Callable[[str], None]) -> int:
    """Stop the job's runs that live and wait until they are over; returns how many there were.

    Raises CallTimedOutError when one does not end in five minutes.
    """
    alive = await _alive(world, job)
    for run in alive:
        tell(f"stopping run {run.run_id} of {job}")
        await world.jobs.stop_run(job, run.run_id)
    deadline = world.clock.now().timestamp() + LONGEST_SECONDS
    while left := await _alive(world, job):
        if world.clock.now().timestamp() > deadline:
            raise CallTimedOutError(
                f"Run {left[0].run_id} of {job} does not stop: it is {left[0].state}.",
                remedy="Look at it in Glue, then cancel again.",
                job=job,
                run_id=left[0].run_id,
            )
        await world.clock.sleep(poll_seconds)
    return len(alive)


async def _alive(world: World, job: str) -> list[JobRun]:
    try:
        return [run for run in await world.jobs.runs(job) if not run.is_over]
    except NotFoundError:
        return []
