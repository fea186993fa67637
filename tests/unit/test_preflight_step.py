"""The preflight of a table inside start_load: which tier, what refuses the table, what a death leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import ErrorCode, InternalError, JobFailedError, PreflightFailedError, ValidationFailedError
from core.items.collisions import MAX_KEYS
from core.lifecycle import TableState
from tests.fake_jobs import chunk_result
from tests.fake_services import ProcessKilled
from tests.unit import test_drive
from tests.unit.schemas import attribute, column, compiled, item_of, schema, table
from tests.unit.test_drive import OPTIONS, ROWS, Stage

BY_NOTE = compiled(attribute("id", "N", "id"), attribute("note", "S", "note"), pk="note")
AS_NUMBER = compiled(attribute("id", "N", "id"), attribute("note", "N", "note"))
NOT_A_NUMBER = {"reason": "not_a_number", "attribute": "note", "message": "m", "count": 2, "rows": [{"id": "3"}]}
SHARED = {
    "reason": "key_collision",
    "attribute": "",
    "message": "m",
    "count": 4,
    "keys": 2,
    "groups": [{"count": 2, "rows": [{"row": {"id": "1"}}, {"row": {"id": "2"}}]}],
}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def of(stage: Stage, monkeypatch: pytest.MonkeyPatch, made: Any, **options: Any) -> None:
    """The stage's table and options from now on; the rows are numbers where the table wants numbers."""
    monkeypatch.setattr(test_drive, "TABLE", made)
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, **options))
    columns = tuple(c.name for c in item_of(made).columns)
    stage.world.source.view_columns = columns
    cells = [{"id": id_, "note": id_ if made is AS_NUMBER else note} for id_, note in ROWS]
    stage.world.source.rows[:] = [tuple(row[c] for c in columns) for row in cells]


def evidence(stage: Stage) -> Any:
    return stage.checkpoint.evidence["preflight"]


def tasks(stage: Stage) -> list[str]:
    return [run.arguments.get("--task", "load") for _, run in stage.world.jobs.history]


def test_a_table_that_the_schema_proves_is_not_looked_at(stage: Stage) -> None:
    stage.process()
    assert (evidence(stage)["tier"], evidence(stage)["because"], evidence(stage)["findings"]) == ("schema", [], [])
    assert tasks(stage) == ["load"]


def test_keys_are_asked_in_sql(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, BY_NOTE)
    stage.process()
    assert evidence(stage)["tier"] == "sql"
    told = [p.activity for p in stage.told if p.activity.startswith("preflight")]
    assert told == [
        "preflight (SQL, question 1 of 2: the keys)",
        "preflight (SQL, question 2 of 2: keys that rows share)",
    ]
    assert evidence(stage)["because"] == [
        *("note: key_null", "note: key_empty"),
        "no unique index keeps the keys apart",
    ]
    assert tasks(stage) == ["load"]


def test_texts_as_numbers_are_looked_at_by_a_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, AS_NUMBER)
    stage.process()
    assert evidence(stage)["tier"] == "run"
    assert evidence(stage)["because"] == ["attribute note: N of text is known only when it is converted"]
    assert tasks(stage) == ["preflight", "load"]
    assert stage.world.jobs.history[0][1].arguments["--distinct-keys"] == "true"


def test_a_preflight_by_a_run_tells_how_far_it_is(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, AS_NUMBER)
    stage.process()
    told = [(p.activity, p.rows_done, p.rows_total) for p in stage.told if p.activity.startswith("preflight")]
    assert told == [("preflight (running)", 1, len(ROWS)), ("preflight (succeeded)", 1, len(ROWS))]


def test_a_finding_refuses_the_table_before_anything_is_written_until_it_is_repaired(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    of(stage, monkeypatch, AS_NUMBER)
    stage.world.jobs.found = [NOT_A_NUMBER]
    with pytest.raises(PreflightFailedError, match=r"not_a_number of 'note': 2 rows \(id='3', ...\)") as caught:
        stage.process()
    assert "--rejects keep" in str(caught.value)
    assert stage.checkpoint.failed_from is TableState.JOB_CREATED
    assert stage.checkpoint.error["code"] == ErrorCode.PREFLIGHT_FAILED
    assert stage.checkpoint.error["facts"]["preflight"]["findings"] == [NOT_A_NUMBER]
    assert stage.world.targets.items["Orders"] == {}
    stage.world.jobs.found = []
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    assert tasks(stage) == ["preflight", "preflight", "load"]


def test_kept_findings_are_evidence_and_the_load_is_told_of_shared_keys(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    of(stage, monkeypatch, AS_NUMBER, rejects="keep", on_collision="first")
    stage.world.jobs.found = [NOT_A_NUMBER, SHARED]
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    found = evidence(stage)
    assert found["findings"] == [NOT_A_NUMBER, SHARED]
    looked, loaded = (run.arguments for _, run in stage.world.jobs.history)
    assert looked["--on-collision"] == "first"
    assert loaded["--collisions"] == found["collisions_key"]
    assert found["collisions_key"].endswith(f"Orders/preflight/{looked['--run-token']}/collisions")


def test_what_sql_finds_refuses_the_table_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, BY_NOTE)
    stage.world.source.problems = [("1", "5"), ("2", "1")]
    with pytest.raises(PreflightFailedError, match=r"key_null of 'note': 5 rows .*; key_empty of 'note': 1 row"):
        stage.process()
    assert tasks(stage) == []


def test_rows_that_share_a_key_are_named_as_groups(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, BY_NOTE)
    stage.world.source.collisions = [("AB", "2", "7", "19")]
    with pytest.raises(PreflightFailedError, match="key_collision: 19 rows with 7 keys"):
        stage.process()
    assert stage.world.effects.log == ["view", "table", "secret", "job"]


def test_shared_keys_that_are_kept_are_looked_at_by_a_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, BY_NOTE, rejects="keep")
    stage.world.source.collisions = [("AB", "2", "1", "2")]
    stage.world.jobs.found = [SHARED]
    stage.process()
    assert evidence(stage)["tier"] == "run"
    assert evidence(stage)["because"][-1] == "rows share keys, and the loader must know which"


def test_suspicious_rows_are_looked_at_by_a_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    source = schema(table("orders", column("id"), column("note", "longtext")))
    made = compiled(attribute("id", "N", "id"), attribute("note", "S", "note"), source=source)
    stage.world.source.schema = source
    of(stage, monkeypatch, made)
    stage.world.source.problems = [("0", "3")]
    stage.process()
    assert (evidence(stage)["tier"], tasks(stage)) == ("run", ["preflight", "load"])
    assert evidence(stage)["because"] == ["an item may pass 400 KB", "some rows need a closer look"]


def test_more_shared_keys_than_the_loader_takes_are_refused_even_when_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    of(stage, monkeypatch, AS_NUMBER, rejects="keep")
    stage.world.jobs.found = [SHARED | {"keys": MAX_KEYS + 1}]
    with pytest.raises(PreflightFailedError, match="more than 250,000"):
        stage.process()
    stage.world.jobs.found = [SHARED | {"keys": MAX_KEYS}]
    stage.process()


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_process_killed_around_a_preflights_run(stage: Stage, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """The run that a dead process started is adopted: it is the one with the intent's token."""
    of(stage, monkeypatch, AS_NUMBER)
    stage.world.effects.kill = (point, "run")
    with pytest.raises(ProcessKilled):
        stage.process()
    stage.process()
    assert tasks(stage) == ["preflight", "load"]
    assert stage.world.jobs.overlaps == 0


def test_a_preflight_that_was_given_up_is_ended_before_another_begins(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    of(stage, monkeypatch, AS_NUMBER)
    stage.world.jobs.lose_reply = InternalError("an answer that nobody understands")
    with pytest.raises(InternalError):
        stage.process()
    stage.process()
    assert tasks(stage) == ["preflight", "preflight", "load"]
    assert [run.state for _, run in stage.world.jobs.history] == ["STOPPED", "SUCCEEDED", "SUCCEEDED"]
    assert stage.world.jobs.overlaps == 0


@pytest.mark.parametrize(("hours", "same"), [(1, True), (7, False)])
def test_a_preflight_that_dies_fails_the_table_and_is_gone_on_with(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, hours: int, same: bool
) -> None:
    """Unless its rows were looked at so long ago that they are to be looked at again."""
    of(stage, monkeypatch, AS_NUMBER)
    stage.world.jobs.looks = ["FAILED"]
    with pytest.raises(JobFailedError, match="FAILED"):
        stage.process()
    stage.world.clock.moment += timedelta(hours=hours)
    stage.process()
    assert tasks(stage) == ["preflight", "preflight", "load"]
    first, second = (run.arguments["--survey"] for _, run in stage.world.jobs.history[:2])
    assert (first == second) == same
    assert second == (first if same else stage.world.jobs.history[1][1].arguments["--run-token"])


def test_a_preflight_that_was_finished_is_not_gone_on_with(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its findings were repaired since, or nobody would ask again."""
    of(stage, monkeypatch, AS_NUMBER)
    stage.world.jobs.found = [NOT_A_NUMBER]
    with pytest.raises(PreflightFailedError):
        stage.process()
    stage.world.jobs.found = []
    stage.process()
    first, second = (run.arguments["--survey"] for _, run in stage.world.jobs.history[:2])
    assert first != second


def test_a_load_that_is_replaced_keeps_its_preflight(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    of(stage, monkeypatch, AS_NUMBER, rejects="keep")
    stage.world.jobs.found = [SHARED]
    stage.world.jobs.ends = ["FAILED"]
    with pytest.raises(JobFailedError):
        stage.process()
    stage.process()
    assert tasks(stage) == ["preflight", "load", "load"]
    first, second = (run.arguments["--collisions"] for _, run in stage.world.jobs.history[1:])
    assert first == second


def test_rows_that_break_while_they_are_loaded_fail_the_table_unless_rejects_are_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected = {"items_written": 2, "rejects": 1, "rejects_by_reason": {"not_json": 1}}

    def last_row_broke(plan: Any, number: int, rows: int) -> bytes:
        return chunk_result(plan, number, rows, **(rejected if number == 0 else {}))

    monkeypatch.setattr("tests.fake_jobs.chunk_result", last_row_broke)
    with pytest.raises(ValidationFailedError, match=r"1 rows of Orders became rejects .*not_json: 1"):
        stage.process()
    assert stage.checkpoint.failed_from is TableState.LOADING
    with pytest.raises(ValidationFailedError, match="became rejects"):
        stage.process()
    assert tasks(stage) == ["load"]
    del stage.world.targets.items["Orders"][next(iter(stage.world.targets.items["Orders"]))]
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, rejects="keep", sample_items=0))
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
