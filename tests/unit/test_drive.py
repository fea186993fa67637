"""A table is driven to `validated` whatever dies on the way; fakes of whole ports, one process after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import core.drive
from core.checkpoints import MigrationRecord, MigrationStatus, TransitionStatus
from core.drive import TableDriver
from core.errors import ErrorCode, InternalError, PermissionDeniedError, TableferryError
from core.lifecycle import TRANSITIONS, TableState, Trigger
from core.loader_package import LoaderPackage
from core.options import MigrationOptions
from core.ports import Progress
from core.steps import STEPS, TableRun
from tests.fake_services import ProcessKilled
from tests.fake_world import FakeWorld, make_world
from tests.fakes import InMemoryCheckpoints
from tests.unit.schemas import SHOP, attribute, compiled

WAY = [t for t in STEPS if t is not Trigger.RESTART_LOAD]
FALLEN_FROM = {t["trigger"]: t["source"] for t in reversed(TRANSITIONS)}  # the way itself comes first
ROWS = [(str(n), f"note {n}") for n in range(1, 8)]
TABLE = compiled(attribute("id", "N", "id"), attribute("note", "S", "note"))
OPTIONS = MigrationOptions(
    bucket="bucket", glue_role_arn="arn:aws:iam::1:role/r", rows_per_chunk=3, validation="sample"
)
PACKAGE = LoaderPackage(b"zip", "0" * 64, "loader.zip", "loader.py", b"script", "pymysql==1")


class Stage:
    """A world and a store that outlive processes; `process` is one process that drives the table."""

    def __init__(self) -> None:
        self.world: FakeWorld = make_world(SHOP, ROWS, ("id", "note"))
        self.store = InMemoryCheckpoints()
        self.told: list[Progress] = []
        now = datetime(2026, 1, 1, tzinfo=UTC)
        self.store.create_migration(
            MigrationRecord("m1", "hash", {}, {}, MigrationStatus.RUNNING, now, now), [TABLE.name]
        )

    @property
    def checkpoint(self) -> Any:
        return self.store.table("m1", TABLE.name)

    def process(self) -> None:
        asyncio.run(self._drive())

    def until_done(self, most: int = 4) -> None:
        """Processes one after another, as an operator who resumes; `most` is how often he would."""
        for _ in range(most):
            try:
                self.process()
            except TableferryError:
                continue
            return

    async def _drive(self) -> None:
        run = TableRun("m1", "shop", TABLE, OPTIONS, self.world.world, PACKAGE, self.told.append)
        driver = TableDriver(run, self.store)
        trigger = await driver.pick_up()
        while trigger is not None:
            trigger = await driver.advance(trigger)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def step_replaced(
    monkeypatch: pytest.MonkeyPatch, trigger: Trigger, before: Callable[[], None], after: Callable[[], None]
) -> None:
    async def disturbed(run: TableRun, intent: Any, evidence: Any) -> dict[str, Any]:
        before()
        found = await STEPS[trigger](run, intent, evidence)
        after()
        return found

    monkeypatch.setattr(core.drive, "STEPS", {**STEPS, trigger: disturbed})


def once(error: BaseException) -> Callable[[], None]:
    left = [error]

    def raise_it() -> None:
        if left:
            raise left.pop()

    return raise_it


def nothing() -> None: ...


def assert_as_undisturbed(stage: Stage, runs: int = 1) -> None:
    """The same target, and each effect made once."""
    assert stage.checkpoint.state is TableState.VALIDATED
    assert stage.checkpoint.evidence["validation"]["passed"] is True
    assert len(stage.world.targets.items["Orders"]) == len(ROWS)
    made = {name: stage.world.effects.count(name) for name in ("view", "table", "job", "run")}
    assert made == {"view": 1, "table": 1, "job": 1, "run": runs}
    assert stage.world.jobs.overlaps == 0
    assert stage.world.jobs.live == []


def test_the_way_makes_every_transition_once(stage: Stage) -> None:
    stage.process()
    assert_as_undisturbed(stage)
    history = stage.store.transitions("m1", TABLE.name)
    assert [t.trigger for t in history] == WAY
    assert {t.status for t in history} == {TransitionStatus.COMMITTED}


def test_a_validated_table_is_left_alone(stage: Stage) -> None:
    stage.process()
    log = list(stage.world.effects.log)
    stage.process()
    assert stage.world.effects.log == log


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("trigger", list(STEPS), ids=str)
def test_a_process_killed_around_any_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, trigger: Trigger, point: str
) -> None:
    """Also with a first run that dies, which is the only way to `restart_load`."""
    dies = trigger is Trigger.RESTART_LOAD
    if dies:
        stage.world.jobs.ends = ["FAILED"]
    kill = once(ProcessKilled())
    step_replaced(monkeypatch, trigger, *((kill, nothing) if point == "before" else (nothing, kill)))
    with pytest.raises(ProcessKilled):
        stage.until_done()
    stage.until_done()
    assert_as_undisturbed(stage, runs=2 if dies else 1)


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("effect", ["view", "table", "secret", "job", "run"])
def test_a_process_killed_around_any_effect(stage: Stage, effect: str, point: str) -> None:
    stage.world.effects.kill = (point, effect)
    with pytest.raises(ProcessKilled):
        stage.process()
    stage.process()
    assert_as_undisturbed(stage)


def test_every_effect_of_the_way_is_among_those_killed(stage: Stage) -> None:
    stage.process()
    assert set(stage.world.effects.log) == {"view", "table", "secret", "job", "run"}


@pytest.mark.parametrize("trigger", list(STEPS), ids=str)
def test_a_failed_table_is_retried_from_where_it_fell(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, trigger: Trigger
) -> None:
    dies = trigger is Trigger.RESTART_LOAD
    if dies:
        stage.world.jobs.ends = ["FAILED"]
        stage.until_done(1)
    step_replaced(monkeypatch, trigger, once(PermissionDeniedError("no", remedy="ask")), nothing)
    with pytest.raises(PermissionDeniedError):
        stage.process()
    assert stage.checkpoint.state is TableState.FAILED
    assert stage.checkpoint.failed_from is FALLEN_FROM[trigger]
    assert stage.checkpoint.error["code"] == ErrorCode.PERMISSION_DENIED
    assert stage.store.pending("m1", TABLE.name) is None
    stage.process()
    assert_as_undisturbed(stage, runs=2 if dies else 1)


def test_a_defect_marks_the_table_and_keeps_the_cause_out_of_the_checkpoint(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    step_replaced(monkeypatch, Trigger.CREATE_JOB, once(ValueError("password hunter2")), nothing)
    with pytest.raises(InternalError, match="ValueError") as caught:
        stage.process()
    assert isinstance(caught.value.__cause__, ValueError)
    assert stage.checkpoint.failed_from is TableState.TABLE_CREATED
    assert "hunter2" not in repr(stage.checkpoint)
