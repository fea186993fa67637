"""Somebody else's run replaces the view, fills the table, or the items are fewer than were written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import ConflictError, ValidationFailedError
from core.lifecycle import TableState, Trigger
from tests.unit import test_drive
from tests.unit.test_drive import OPTIONS, ROWS, Stage, nothing, step_replaced


@pytest.fixture
def stage() -> Stage:
    return Stage()


def replace_view(stage: Stage) -> None:
    """Another contract's run makes the view anew."""
    stage.world.source.views = dict.fromkeys(stage.world.source.views, "0" * 64)


@pytest.mark.parametrize("after", [Trigger.CREATE_JOB, Trigger.START_LOAD, Trigger.FINISH_LOAD])
def test_a_replaced_view_is_never_trusted(stage: Stage, monkeypatch: pytest.MonkeyPatch, after: Trigger) -> None:
    step_replaced(monkeypatch, after, nothing, lambda: replace_view(stage))
    with pytest.raises(ConflictError, match="no longer the one"):
        stage.process()
    assert stage.checkpoint.state is TableState.FAILED
    with pytest.raises(ConflictError, match="no longer the one"):
        stage.process()


def test_a_table_that_was_filled_before_the_first_run_is_left_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill() -> None:
        stage.world.targets.items["Orders"] = {"theirs": {"id": {"N": "1"}, "note": {"S": "new"}}}

    step_replaced(monkeypatch, Trigger.CREATE_JOB, nothing, fill)
    with pytest.raises(ConflictError, match="did not write"):
        stage.process()
    assert stage.world.jobs.history == [] or not stage.world.jobs.live
    assert stage.world.targets.items["Orders"]["theirs"]["note"] == {"S": "new"}


@pytest.mark.parametrize(
    ("others", "options", "existing"),
    [
        (False, {}, "overwrite"),
        (False, {"into_nonempty": True}, "overwrite"),
        (True, {"into_nonempty": True}, "keep"),
        (True, {"into_nonempty": True, "overwrite": True}, "overwrite"),
    ],
)
def test_the_loader_looks_before_it_writes_where_others_may_have_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, others: bool, options: dict[str, bool], existing: str
) -> None:
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, sample_items=0, **options))  # type: ignore[arg-type]
    if others:
        stage.world.targets.tables["Orders"] = test_drive.TABLE.target.to_wire()
        stage.world.targets.items["Orders"] = {"theirs": {"id": {"N": "0"}}}
    stage.process()
    (job,) = stage.world.jobs.jobs.values()
    assert job.default_arguments["--existing"] == existing


def test_fewer_items_than_were_written_are_a_loss_even_beside_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal keys overwrite each other; that other items are allowed in the table does not hide it."""
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, into_nonempty=True, sample_items=0))

    def overwrite() -> None:
        items = stage.world.targets.items["Orders"]
        del items[next(iter(items))]

    step_replaced(monkeypatch, Trigger.START_VALIDATION, nothing, overwrite)
    with pytest.raises(ValidationFailedError, match=f"{len(ROWS) - 1} items in the table, but {len(ROWS)} written"):
        stage.process()
