"""Runs a piece of work as a Prefect task; the value and the error go around Prefect, which keeps a message only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from core.errors import StoppedByRequestError, TableferryError

T = TypeVar("T")


async def in_task(name: str, work: Callable[[], Awaitable[T]], run_name: str | None = None) -> T:
    """Do `work` as a task of the running flow and return its value.

    Never cached and never persisted: our checkpoints are the truth, and a value may hold rows. An error of ours
    becomes a failed task without a traceback, and is raised here again.
    """
    done: list[T] = []
    errors: list[TableferryError] = []

    @task(name=name, task_run_name=run_name or name, cache_policy=NO_CACHE, persist_result=False, log_prints=False)
    async def run() -> State:
        try:
            done.append(await work())
        except TableferryError as error:
            errors.append(error)
            if isinstance(error, StoppedByRequestError):
                return Cancelled(message=error.message)
            return Failed(message=error.message)
        return Completed(message="done")

    running: Any = run(return_state=True)  # Prefect types this as a state of a state
    state: State = await running
    if errors:
        raise errors[0]
    if not done:  # cancelled, crashed, or a defect: Prefect holds the exception
        await state.aresult()
    return done[0]
