"""Job runs that die, live on, or are forgotten while nobody watches them."""

from __future__ import annotations

import pytest

from core.errors import InternalError, JobFailedError
from core.lifecycle import TableState, Trigger
from tests.fake_services import ProcessKilled
from tests.unit.test_drive import Stage, assert_as_undisturbed, nothing, once, step_replaced

DEATHS = ["STOPPED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def watched(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The process died while it watched a run that lives."""
    step_replaced(monkeypatch, Trigger.FINISH_LOAD, once(ProcessKilled()), nothing)
    with pytest.raises(ProcessKilled):
        stage.process()
    assert stage.checkpoint.state is TableState.LOADING
    assert stage.world.jobs.live == ["jr_1"]
    return stage


@pytest.mark.parametrize("state", DEATHS)
def test_a_run_that_dies_fails_the_table_and_is_replaced(stage: Stage, state: str) -> None:
    stage.world.jobs.ends = [state]
    with pytest.raises(JobFailedError, match=state) as caught:
        stage.process()
    assert caught.value.facts["log_tail"] == ["the last line"]
    assert stage.checkpoint.failed_from is TableState.LOADING
    stage.process()
    assert_as_undisturbed(stage, runs=2)
    assert stage.checkpoint.evidence["run_ids"] == ["jr_1", "jr_2"]


@pytest.mark.parametrize("state", DEATHS)
def test_a_run_that_died_unwatched_is_replaced(watched: Stage, state: str) -> None:
    watched.world.jobs.end("jr_1", state)
    watched.process()
    assert_as_undisturbed(watched, runs=2)


def test_a_run_that_lives_on_is_watched_again(watched: Stage) -> None:
    watched.process()
    assert_as_undisturbed(watched)


def test_a_run_that_glue_forgot_is_replaced(watched: Stage) -> None:
    watched.world.jobs.history.clear()
    watched.process()
    assert_as_undisturbed(watched, runs=2)


@pytest.mark.parametrize("state", DEATHS)
def test_a_run_that_died_before_its_start_was_noted_is_replaced_at_once(stage: Stage, state: str) -> None:
    stage.world.effects.kill = ("after", "run")
    with pytest.raises(ProcessKilled):
        stage.process()
    stage.world.jobs.end("jr_1", state)
    stage.process()
    assert_as_undisturbed(stage, runs=2)
    assert stage.checkpoint.evidence["run_ids"] == ["jr_1", "jr_2"]


def test_a_run_whose_start_failed_after_all_is_adopted(stage: Stage) -> None:
    """The failure gave the intent up, and with it the token; the run is still this table's."""
    stage.world.jobs.lose_reply = InternalError("an answer that nobody understands")
    with pytest.raises(InternalError):
        stage.process()
    assert stage.checkpoint.failed_from is TableState.JOB_CREATED
    stage.process()
    assert_as_undisturbed(stage)


def test_a_chunk_that_a_successful_run_left_out_is_loaded_by_another(stage: Stage) -> None:
    stage.world.jobs.leave_out = {1}
    with pytest.raises(JobFailedError, match="chunk 1 left no result"):
        stage.process()
    stage.process()
    assert_as_undisturbed(stage, runs=2)


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_process_killed_while_it_replaces_an_incomplete_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    stage.world.jobs.leave_out = {1}
    with pytest.raises(JobFailedError):
        stage.process()
    kill = once(ProcessKilled())
    step_replaced(monkeypatch, Trigger.RESTART_LOAD, *((kill, nothing) if point == "before" else (nothing, kill)))
    with pytest.raises(ProcessKilled):
        stage.process()
    stage.process()
    assert_as_undisturbed(stage, runs=2)
