"""A table that is asked to stop keeps its state, and goes on from there; fakes of whole ports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from core.checkpoints import Request
from core.drive import TableDriver
from core.errors import StoppedByRequestError
from core.items.control import MARK, stopped_key
from core.lifecycle import UNDER_WAY, TableState, Trigger
from core.ports import JobRun
from core.steps import TableRun
from core.stop import Stop
from tests.fake_jobs import FakeJobs
from tests.unit.test_drive import OPTIONS, PACKAGE, TABLE, WAY, Stage, assert_as_undisturbed


@pytest.fixture
def stage() -> Stage:
    return Stage()


def drive(stage: Stage, stop: Stop, before: Callable[[Trigger], None] = lambda trigger: None, **options: Any) -> None:
    """One process that shares `stop`; `before` sees every trigger."""

    async def process() -> None:
        run = TableRun(
            *("m1", "shop", TABLE, replace(OPTIONS, **options), stage.world.world, PACKAGE),
            on_progress=lambda progress: None,
            stop=stop,
        )
        driver = TableDriver(run, stage.store)
        trigger = await driver.pick_up()
        while trigger is not None:
            before(trigger)
            trigger = await driver.advance(trigger)

    asyncio.run(process())


def ending_early(stage: Stage, task: str) -> Callable[[str, str], Awaitable[JobRun]]:
    """Glue whose next run of this task ends early and well, as the loader does when it is asked to."""
    jobs, look = stage.world.jobs, stage.world.jobs.run
    done: list[str] = []

    async def looked(job: str, run_id: str) -> JobRun:
        found = next(run for _, run in jobs.history if run.run_id == run_id)
        if done or found.arguments.get("--task", "load") != task:
            return await look(job, run_id)
        done.append(run_id)
        if task == "load":
            await look(job, run_id)  # its first chunk
        plan = next(key for key in stage.world.objects.objects if key.endswith("plan.json"))
        key = stopped_key(plan.removesuffix("plan.json"), found.arguments[MARK])
        stage.world.objects.objects[key] = json.dumps({"request": "pause"}).encode()
        jobs.end(run_id, "SUCCEEDED")
        return replace(found, state="SUCCEEDED")

    return looked


@pytest.mark.parametrize("at", WAY, ids=str)
@pytest.mark.parametrize("request_", list(Request), ids=str)
def test_a_table_stops_before_any_transition_and_goes_on_from_there(
    stage: Stage, at: Trigger, request_: Request
) -> None:
    stop = Stop()
    with pytest.raises(StoppedByRequestError):
        drive(stage, stop, lambda trigger: stop.ask(request_) if trigger is at else None)
    assert stage.checkpoint.state in UNDER_WAY
    assert stage.checkpoint.error is None
    stage.process()
    assert_as_undisturbed(stage)


@pytest.mark.parametrize(("task", "state"), [("load", TableState.LOADING), ("validate", TableState.VALIDATING)])
def test_a_run_that_ended_early_is_replaced_and_never_taken_for_a_whole_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, task: str, state: TableState
) -> None:
    monkeypatch.setattr(stage.world.jobs, "run", ending_early(stage, task))
    with pytest.raises(StoppedByRequestError):
        drive(stage, Stop(), validation="full")
    assert (stage.checkpoint.state, stage.checkpoint.error) == (state, None)
    drive(stage, Stop(), validation="full")
    assert stage.checkpoint.state is TableState.VALIDATED
    assert len(stage.world.targets.items["Orders"]) == 7
    tasks = [run.arguments.get("--task", "load") for _, run in stage.world.jobs.history]
    assert tasks.count(task) == 2


def test_a_cancelled_run_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, look = Stop(), FakeJobs.run

    async def cancelled_meanwhile(self: FakeJobs, job: str, run_id: str) -> JobRun:
        stop.ask(Request.CANCEL)
        self.end(run_id, "STOPPED")
        return await look(self, job, run_id)

    monkeypatch.setattr(FakeJobs, "run", cancelled_meanwhile)
    with pytest.raises(StoppedByRequestError, match="cancelled"):
        drive(stage, stop)
    assert (stage.checkpoint.state, stage.checkpoint.error) == (TableState.LOADING, None)


def test_a_cancellation_goes_before_a_pause(stage: Stage) -> None:
    stop = Stop()
    stop.ask(Request.CANCEL)
    stop.ask(Request.PAUSE)
    assert stop.request is Request.CANCEL
