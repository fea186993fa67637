"""Calls that must not be repeated blindly, and whose answer was lost: the step looks at the world, and goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.errors import CallTimedOutError, ConflictError, PermissionDeniedError, TableferryError, UnavailableError
from tests.unit.test_drive import Stage, assert_as_undisturbed

Call = Callable[..., Awaitable[Any]]
LOST = [UnavailableError("the server went away"), CallTimedOutError("no answer")]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def losing(call: Call, *outcomes: tuple[bool, TableferryError]) -> Call:
    """The call, whose next answers are errors instead; before each it is told whether the effect happens."""
    left = iter(outcomes)

    async def lossy(*args: Any) -> Any:
        outcome = next(left, None)
        if outcome is None:
            return await call(*args)
        happens, error = outcome
        if happens:
            await call(*args)
        raise error

    return lossy


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize(("service", "tool"), [("source", "execute_ddl"), ("jobs", "start_run")])
def test_an_effect_whose_answer_was_lost_exists_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, service: str, tool: str, happens: bool, lost: TableferryError
) -> None:
    target = getattr(stage.world, service)
    monkeypatch.setattr(target, tool, losing(getattr(target, tool), (happens, lost)))
    stage.process()
    assert_as_undisturbed(stage)


def test_a_run_that_was_listed_late_is_found_when_another_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = stage.world.jobs
    listed = jobs.runs
    refusal = ConflictError("a run of this job is going on")
    monkeypatch.setattr(jobs, "start_run", losing(jobs.start_run, (True, LOST[0]), (False, refusal)))
    looks = iter(range(2))

    async def late(job: str) -> Any:
        return [] if next(looks, None) is not None else await listed(job)

    monkeypatch.setattr(jobs, "runs", late)
    stage.process()
    assert_as_undisturbed(stage)


@pytest.mark.parametrize(("service", "tool"), [("source", "execute_ddl"), ("jobs", "start_run")])
def test_an_answer_that_is_lost_every_time_fails_the_table(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, service: str, tool: str
) -> None:
    target = getattr(stage.world, service)
    with monkeypatch.context() as away:
        away.setattr(target, tool, losing(getattr(target, tool), *[(False, LOST[0])] * 3))
        with pytest.raises(UnavailableError, match="went away"):
            stage.process()
    stage.process()
    assert_as_undisturbed(stage)


@pytest.mark.parametrize(("service", "tool"), [("source", "execute_ddl"), ("jobs", "start_run")])
def test_a_refusal_is_not_asked_for_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, service: str, tool: str
) -> None:
    target = getattr(stage.world, service)
    with monkeypatch.context() as refusing:
        refusing.setattr(target, tool, losing(getattr(target, tool), (False, PermissionDeniedError("no"))))
        with pytest.raises(PermissionDeniedError):
            stage.process()
