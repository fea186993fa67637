"""A full validation as the orchestrator sees it: one run for one intent, adopted, gone on with, and believed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import JobFailedError, ValidationFailedError
from core.lifecycle import TableState
from core.options import MigrationOptions
from core.steps import TableRun
from core.steps.full_validation import DIFFERENCES, MovedRejects, compare_everything
from core.steps.unfinished import unfinished_or_new
from core.steps.validation_remedy import remedy_of_differences
from tests.unit import test_drive
from tests.unit.test_drive import OPTIONS, ROWS, Stage
from tests.unit.test_validation import damaged


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, validation="full"))
    return Stage()


def validations(stage: Stage) -> list[str]:
    """The ids under which runs validated, oldest first."""
    runs = [run.arguments for _, run in stage.world.jobs.history]
    return [arguments["--validation"] for arguments in runs if arguments.get("--task") == "validate"]


def test_everything_is_compared_by_a_run_of_its_own(stage: Stage) -> None:
    stage.process()
    found = stage.checkpoint.evidence["validation"]
    assert (found["mode"], found["passed"], found["compared"], found["missing"]) == ("full", True, len(ROWS), 0)
    assert validations(stage) == [found["validation_id"]]


def test_what_it_finds_fails_the_table(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def damage() -> None:
        items = stage.world.targets.items["Orders"]
        del items[next(iter(items))]
        next(iter(items.values()))["note"] = {"S": "other"}

    damaged(stage, monkeypatch, damage)
    with pytest.raises(
        ValidationFailedError, match=r"1 items are missing; 1 items differ.*tableferry repair"
    ) as caught:
        stage.process()
    found = caught.value.facts["validation"]
    assert (found["missing"], found["differing"], found["passed"]) == (1, 1, False)
    assert stage.checkpoint.failed_from is TableState.VALIDATING


def test_a_validation_that_died_is_gone_on_with_under_its_id(stage: Stage) -> None:
    stage.world.jobs.looks = ["SUCCEEDED", "FAILED"]
    with pytest.raises(JobFailedError):
        stage.process()
    stage.process()
    first, second = validations(stage)
    assert first == second
    assert stage.checkpoint.state is TableState.VALIDATED


def test_one_that_died_before_another_load_is_begun_anew(stage: Stage) -> None:
    """What it stored is of a table that is another one now."""
    run = TableRun("m1", "shop", test_drive.TABLE, test_drive.OPTIONS, stage.world.world, test_drive.PACKAGE, print)
    ids = []
    for token, of in (("a", "run-1"), ("b", "run-1"), ("c", "run-2"), ("d", "run-2"), ("d", "run-3")):
        found = unfinished_or_new(run, "validation", token, goes_on_for=timedelta(hours=1), of=of)
        ids.append(asyncio.run(found))
    assert ids == ["a", "a", "c", "c", "c"]


@pytest.mark.parametrize("changed", [{"run_id": "r2"}, {"load_finished_at": "later"}, {"repair": {"validation": "v"}}])
def test_a_load_a_retry_and_a_repair_make_another_table_of_it(stage: Stage, changed: dict[str, Any]) -> None:
    stage.process()
    run = TableRun("m1", "shop", test_drive.TABLE, test_drive.OPTIONS, stage.world.world, test_drive.PACKAGE, print)
    stage.world.jobs.looks = ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    evidence = stage.checkpoint.evidence
    with pytest.raises(JobFailedError):
        asyncio.run(compare_everything(run, "t1", evidence))
    for token, of in (("t2", evidence), ("t3", {**evidence, **changed})):
        asyncio.run(compare_everything(run, token, of))
        if token == "t2":
            del stage.world.objects.objects[f"{run.prefix}validation/t1/result.json"]
    assert validations(stage)[-3:] == ["t1", "t1", "t3"]


def test_one_that_died_long_ago_is_begun_anew(stage: Stage) -> None:
    stage.world.jobs.looks = ["SUCCEEDED", "FAILED"]
    with pytest.raises(JobFailedError):
        stage.process()
    stage.world.clock.moment += timedelta(hours=25)
    stage.process()
    first, second = validations(stage)
    assert first != second
    latest = next(v for k, v in stage.world.objects.objects.items() if k.endswith("validation/latest.json"))
    assert json.loads(latest)["id"] == second


@pytest.mark.parametrize(
    ("mode", "rows", "chosen"),
    [("auto", 10, "full"), ("auto", 11, "sample"), ("counts", 1, "counts"), ("full", 10**9, "full")],
)
def test_auto_is_full_up_to_a_number_of_rows(mode: str, rows: int, chosen: str) -> None:
    options = MigrationOptions(bucket="b", glue_role_arn="r", validation=mode, full_validation_rows=10)
    assert options.validation_of(rows) == chosen


def test_counts_alone_compare_no_item(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, validation="counts"))
    stage.process()
    found = stage.checkpoint.evidence["validation"]
    assert (found["mode"], found["sampled"]) == ("counts", 0)


@pytest.mark.parametrize("rejects", ["refuse", "keep"])
def test_a_row_that_became_a_reject_fails_the_table(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, rejects: str
) -> None:
    """It is neither an item nor a reject that the load named, whatever is done with rejects."""
    monkeypatch.setattr(test_drive, "OPTIONS", replace(test_drive.OPTIONS, rejects=rejects))
    stage.world.jobs.compared = {"rejects": 1, "rejects_by_reason": {"not_a_number": 1}, "rejects_since_load": 1}
    with pytest.raises(ValidationFailedError, match=r"1 rows became rejects since the load.*Mend the rows"):
        stage.process()
    assert stage.checkpoint.failed_from is TableState.VALIDATING


def test_rejects_are_held_against_the_loads() -> None:
    load = {"rejects": 3}
    assert MovedRejects.of({"rejects": 3, "rejects_since_load": 0}, load) == MovedRejects(0, 0)
    assert MovedRejects.of({"rejects": 3, "rejects_since_load": 1}, load) == MovedRejects(1, 1)
    assert MovedRejects.of({"rejects": 1, "rejects_since_load": 0}, load) == MovedRejects(0, 2)
    assert MovedRejects.of({"rejects": 5}, load) == MovedRejects(2, 0)
    assert MovedRejects(0, 2).problems == ["2 rejects of the load are none now"]


NOTHING = {**dict.fromkeys(DIFFERENCES, 0), "repairable": 0, "claims": 0, "indexes": []}


@pytest.mark.parametrize(
    ("found", "moved", "modes", "said"),
    [
        ({"missing": 1, "repairable": 1}, (0, 0), {}, ["repair m1` writes missing"]),
        (
            {"differing": 1, "repairable": 1},
            (0, 0),
            {"others": True, "keeps": True},
            ["repair m1` writes missing", "--overwrite"],
        ),
        ({"extra": 2}, (0, 0), {}, ["repair m1 --delete-extra` deletes"]),
        ({"extra": 2, "missing": 1, "repairable": 1}, (0, 0), {"others": True}, ["repair m1` writes missing"]),
        ({"taken": 1, "claims": 1}, (0, 0), {}, ["repair m1` writes", "rejected rows over the items"]),
        ({"taken": 1}, (0, 0), {}, ["Mend rejected rows", "keys of their own", "delete these items by hand"]),
        ({"taken": 1, "colliding": 1}, (0, 0), {"others": True}, ["keys of their own"]),
        ({"missing": 1, "colliding": 1, "repairable": 1}, (0, 0), {}, ["keys of their own", "repair m1` writes"]),
        ({}, (0, 2), {}, ["`tableferry retry-rejects m1` accounts"]),
        (
            {"missing": 1, "repairable": 1},
            (0, 1),
            {},
            ["repair m1` writes missing", "Then `tableferry retry-rejects m1`"],
        ),
        ({"extra": 1, "taken": 1}, (1, 0), {}, ["Mend the rows"]),
        ({"indexes": [{"in_index": 1}]}, (0, 0), {}, ["looks again"]),
        ({"indexes": [{"in_index": None}], "extra": 1}, (0, 0), {}, ["--delete-extra`", "Create the index"]),
    ],
)
def test_each_difference_is_answered_by_the_command_that_mends_it(
    found: dict[str, Any], moved: tuple[int, int], modes: dict[str, bool], said: list[str]
) -> None:
    modes = {"others": False, "keeps": False, **modes}
    text = remedy_of_differences("m1", {**NOTHING, **found}, MovedRejects(*moved), **modes)
    places = [text.index(part) for part in said]
    assert places == sorted(places)
    commands = {
        "repair m1`",
        "--delete-extra`",
        "--overwrite",
        "retry-rejects",
        "Mend",
        "looks again",
        "Create the",
        "keys of",
        "by hand",
    }
    assert {c for c in commands if c in text} == {c for c in commands if any(c in part for part in said)}
