"""What makes a table validated, and what keeps it from being so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.errors import ConflictError, JobFailedError, ValidationFailedError
from core.lifecycle import TableState, Trigger
from core.steps import TableRun
from core.steps.validation import finish_validation
from tests.fake_jobs import chunk_result
from tests.unit import test_drive
from tests.unit.test_drive import OPTIONS, PACKAGE, ROWS, TABLE, Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def refused(stage: Stage) -> dict[str, Any]:
    with pytest.raises(ValidationFailedError) as caught:
        stage.process()
    assert stage.checkpoint.failed_from is TableState.VALIDATING
    return dict(caught.value.facts["validation"])


def damaged(stage: Stage, monkeypatch: pytest.MonkeyPatch, damage: Any) -> None:
    """Damage the target after the load and before the validation."""
    test_drive.step_replaced(monkeypatch, Trigger.START_VALIDATION, test_drive.nothing, damage)


def test_a_missing_item_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_one() -> None:
        del stage.world.targets.items["Orders"][next(iter(stage.world.targets.items["Orders"]))]

    damaged(stage, monkeypatch, lose_one)
    found = refused(stage)
    assert (found["rows_in_view"], found["items_in_target"], found["passed"]) == (7, 6, False)
    assert found["mismatches"][0]["actual"] == "missing"


def test_a_changed_value_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def change() -> None:
        next(iter(stage.world.targets.items["Orders"].values()))["note"] = {"S": "other"}

    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, rows_per_chunk=100))
    damaged(stage, monkeypatch, change)
    (mismatch,) = refused(stage)["mismatches"]
    assert (mismatch["attribute"], mismatch["actual"]) == ("note", "{'S': 'other'}")


def test_a_row_that_came_after_the_load_is_found(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged(stage, monkeypatch, lambda: stage.world.source.rows.append(("99", "late")))
    assert "8 rows in the view, but 7 items written" in refused(stage)["message"]


FULLY = replace(OPTIONS, validation="full")


def test_after_a_repair_the_items_are_those_that_were_found_right(stage: Stage) -> None:
    """A row that came after the load was written by the repair, which the load's own counts do not know."""
    stage.process()
    stage.world.source.rows.append(("99", "late"))
    stage.world.targets.put("Orders", ["id"], {"id": {"N": "99"}, "note": {"S": "late"}})
    options = replace(OPTIONS, validation="counts")
    run = TableRun("m1", "shop", TABLE, options, stage.world.world, PACKAGE, lambda progress: None)
    loaded = stage.checkpoint.evidence
    with pytest.raises(ValidationFailedError, match="8 rows in the view, but 7 items written"):
        asyncio.run(finish_validation(run, {}, loaded))
    repaired = {**loaded, "repair": {"validation": "v-1"}}
    found = asyncio.run(finish_validation(replace(run, options=FULLY), {"run_token": "t"}, repaired))
    repaired |= found
    for _ in range(2):
        again = asyncio.run(finish_validation(run, {}, repaired))
        assert again["validation"]["passed"]
        repaired |= again
    with pytest.raises(ValidationFailedError):  # the load's own figures are newer
        asyncio.run(finish_validation(run, {}, {**repaired, "load_finished_at": "later"}))


def test_without_samples_only_the_counts_are_compared(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, sample_items=0))
    stage.process()
    assert stage.checkpoint.evidence["validation"]["sampled"] == 0


@pytest.mark.parametrize("wanted", [1, 7, 100, 10_000])
def test_at_most_as_many_items_are_sampled_as_were_asked_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, wanted: int
) -> None:
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, sample_items=wanted, rows_per_chunk=100))
    stage.process()
    assert stage.checkpoint.evidence["validation"]["sampled"] == min(wanted, len(ROWS))


def test_an_empty_table_is_validated(stage: Stage) -> None:
    stage.world.source.rows.clear()
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    assert stage.checkpoint.evidence["chunks"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [({"items_written": 2}, "rows are unaccounted for"), ({"view_hash": "other"}, "belongs to another definition")],
)
def test_a_chunk_that_does_not_account_for_its_rows_fails_the_load(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(
        "tests.fake_jobs.chunk_result", lambda plan, number, rows: chunk_result(plan, number, rows, **change)
    )
    with pytest.raises(JobFailedError, match=message):
        stage.process()


def test_a_view_that_somebody_else_made_is_left_alone(stage: Stage) -> None:
    stage.world.source.foreign_view = True
    with pytest.raises(ConflictError, match="was not made by tableferry"):
        stage.process()
    assert stage.world.effects.log == []


def test_a_table_that_holds_items_is_not_loaded_into_unless_asked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.world.targets.tables["Orders"] = test_drive.TABLE.target.to_wire()
    stage.world.targets.items["Orders"] = {"old": {"id": {"N": "0"}}}
    with pytest.raises(ConflictError, match="holds items already"):
        stage.process()
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, into_nonempty=True))
    stage.process()
    assert len(stage.world.targets.items["Orders"]) == len(ROWS) + 1
