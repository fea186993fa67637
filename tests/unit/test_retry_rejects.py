"""A table whose rejected rows are loaded again, whatever dies on the way; fakes of whole ports."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.drive import TableDriver
from core.errors import JobFailedError, PermissionDeniedError, StateError
from core.lifecycle import TableState, Trigger
from core.steps import TableRun
from core.steps.retry_rejects import RETRY_REJECTS, TASK
from tests.fake_jobs import chunk_result
from tests.fake_services import ProcessKilled
from tests.unit import test_drive
from tests.unit.test_drive import OPTIONS, PACKAGE, ROWS, TABLE, Stage, nothing, once, step_replaced


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A validated table; its last row became a reject."""
    kept = replace(OPTIONS, rejects="keep", sample_items=0)
    monkeypatch.setattr(test_drive, "OPTIONS", kept)
    stage = Stage()
    rows = stage.world.jobs.rows

    def with_a_reject(plan: Any, number: int, count: int) -> bytes:
        if number < len(plan.chunks) - 1:
            return chunk_result(plan, number, count)
        items = stage.world.targets.items["Orders"]
        del items[next(reversed(items))]
        one = {"items_written": count - 1, "rejects": 1, "rejects_by_reason": {"not_a_number": 1}}
        return chunk_result(plan, number, count, **one)

    with monkeypatch.context() as patched:
        patched.setattr("tests.fake_jobs.chunk_result", with_a_reject)
        stage.process()
    assert stage.checkpoint.evidence["load"]["rejects"] == 1
    assert len(rows) == len(ROWS)
    return stage


def retry(stage: Stage) -> None:
    """One process that was asked to load the rejected rows again."""

    async def drive() -> None:
        run = TableRun("m1", "shop", TABLE, test_drive.OPTIONS, stage.world.world, PACKAGE, lambda progress: None)
        driver = TableDriver(run, stage.store)
        trigger, intent = await driver.pick_up_rejects(), {TASK: RETRY_REJECTS}
        while trigger is not None:
            trigger, intent = await driver.advance(trigger, intent), {}

    asyncio.run(drive())


def repaired(stage: Stage) -> None:
    """What the retry's run would do: the last row is an item now."""
    plan_key = next(k for k in stage.world.objects.objects if k.endswith("plan.json"))
    from core.items.item import ItemConverter
    from core.items.plan import LoadPlan

    plan = LoadPlan.from_json(stage.world.objects.objects[plan_key].decode())
    row = stage.world.source.rows[-1]
    stage.world.targets.put("Orders", ["id"], ItemConverter(plan.item).convert(row))
    last = plan.chunks[-1].number
    stage.world.objects.objects[plan.result_key(last)] = chunk_result(plan, last, 1)


def retries(stage: Stage) -> list[str]:
    return [run.run_id for _, run in stage.world.jobs.history if run.arguments.get("--task") == RETRY_REJECTS]


def test_a_validated_table_is_loaded_validated_and_counted_again(stage: Stage) -> None:
    repaired(stage)
    retry(stage)
    assert stage.checkpoint.state is TableState.VALIDATED
    evidence = stage.checkpoint.evidence
    assert (evidence["load"]["rejects"], evidence["rejects_before_retry"]) == (0, 1)
    assert evidence["validation"]["items_in_target"] == len(ROWS)
    assert retries(stage) == [evidence["run_id"]]
    assert [t.trigger for t in stage.store.transitions("m1", TABLE.name)][-4:] == [
        Trigger.RESTART_LOAD,
        Trigger.FINISH_LOAD,
        Trigger.START_VALIDATION,
        Trigger.FINISH_VALIDATION,
    ]
    retry(stage)
    assert len(retries(stage)) == 1, "there is nothing left to retry"


@pytest.mark.parametrize("goes_on_with", ["retry", "resume"])
@pytest.mark.parametrize("point", ["before", "after"])
def test_a_retry_that_was_killed_around_its_start_goes_on_once(stage: Stage, point: str, goes_on_with: str) -> None:
    repaired(stage)
    stage.world.effects.kill = (point, "run")
    with pytest.raises(ProcessKilled):
        retry(stage)
    assert stage.checkpoint.state is TableState.VALIDATED
    (retry if goes_on_with == "retry" else Stage.process)(stage)
    assert len(retries(stage)) == 1
    assert stage.checkpoint.state is TableState.VALIDATED
    assert stage.checkpoint.evidence["load"]["rejects"] == 0


def test_a_retry_that_was_killed_while_it_was_watched_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    repaired(stage)
    step_replaced(monkeypatch, Trigger.FINISH_LOAD, once(ProcessKilled()), nothing)
    with pytest.raises(ProcessKilled):
        retry(stage)
    assert stage.checkpoint.state is TableState.LOADING
    retry(stage)
    assert (len(retries(stage)), stage.checkpoint.state) == (1, TableState.VALIDATED)


def test_a_retry_whose_run_died_is_made_again_as_a_retry(stage: Stage) -> None:
    repaired(stage)
    stage.world.jobs.ends = ["FAILED"]
    with pytest.raises(JobFailedError):
        retry(stage)
    assert stage.checkpoint.failed_from is TableState.LOADING
    stage.process()
    assert (len(retries(stage)), stage.checkpoint.state) == (2, TableState.VALIDATED)


def test_a_retry_that_cannot_start_leaves_the_table_validated(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    step_replaced(monkeypatch, Trigger.RESTART_LOAD, once(PermissionDeniedError("no")), nothing)
    with pytest.raises(PermissionDeniedError):
        retry(stage)
    assert stage.checkpoint.state is TableState.VALIDATED
    assert stage.store.pending("m1", TABLE.name) is None
    assert stage.checkpoint.evidence["validation"]["passed"]


def test_a_table_that_was_never_loaded_is_refused() -> None:
    with pytest.raises(StateError, match="never loaded"):
        retry(Stage())
