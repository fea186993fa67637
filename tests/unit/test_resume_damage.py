"""What somebody deleted or changed between a death and its resume: made again, or refused with what to do."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.chunk_records import ChunkCount
from core.errors import ConflictError, JobFailedError, PermissionDeniedError, StateError
from core.ledger import StoredLedger
from core.lifecycle import TableState, Trigger
from core.ports import JobRun, Progress
from core.steps import TableRun
from core.steps.job import load_plan
from core.steps.load import _watch
from tests.fake_jobs import chunk_result
from tests.fake_services import ProcessKilled
from tests.unit.test_drive import OPTIONS, PACKAGE, ROWS, TABLE, Stage, assert_as_undisturbed, nothing, once
from tests.unit.test_drive import step_replaced as replace_step

JOB = f"tableferry-m1-{TABLE.name}"
TARGET = TABLE.target.table_name
PREFIX = OPTIONS.prefix_of("m1", TABLE.name)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def killed_before(stage: Stage, monkeypatch: pytest.MonkeyPatch, trigger: Trigger) -> None:
    with monkeypatch.context() as patched:
        replace_step(patched, trigger, once(ProcessKilled()), nothing)
        with pytest.raises(ProcessKilled):
            stage.process()


def half_loaded(stage: Stage) -> None:
    """One chunk of three is loaded, its run is dead."""
    stage.world.jobs.ends = ["FAILED"]
    with pytest.raises(JobFailedError):
        stage.process()
    assert stage.store.chunk_counts("m1")[TABLE.name] == ChunkCount(1, 3, 3, 7)


def items(stage: Stage) -> int:
    return len(stage.world.targets.items[TARGET])


def test_a_job_that_was_deleted_before_its_first_run_is_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_before(stage, monkeypatch, Trigger.START_LOAD)
    del stage.world.jobs.jobs[JOB]
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    assert items(stage) == len(ROWS)


def test_a_job_that_was_deleted_in_the_middle_is_made_again_by_the_same_plan(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_loaded(stage)
    planned = [record.chunk for record in stage.store.chunks("m1", TABLE.name)]
    stage.world.jobs.jobs.clear()
    stage.world.jobs.history.clear()
    monkeypatch.setattr(stage.world.source, "plan_chunks", None)
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    assert [record.chunk for record in stage.store.chunks("m1", TABLE.name)] == planned
    assert items(stage) == len(ROWS)


def test_a_table_that_was_deleted_before_anything_was_loaded_is_made_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_before(stage, monkeypatch, Trigger.START_LOAD)
    del stage.world.targets.tables[TARGET], stage.world.targets.items[TARGET]
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    assert items(stage) == len(ROWS)


def test_a_table_that_was_deleted_after_a_part_was_loaded_is_refused_with_what_to_do(stage: Stage) -> None:
    half_loaded(stage)
    del stage.world.targets.tables[TARGET], stage.world.targets.items[TARGET]
    with pytest.raises(StateError, match=r"was deleted after a part of its items .* run --new"):
        stage.process()
    assert stage.checkpoint.error["code"] == "state"
    assert TARGET not in stage.world.targets.tables
    assert stage.world.jobs.live == []


def test_a_job_of_another_version_that_never_ran_is_replaced(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """create_job's effect happened, its commit did not; then tableferry was upgraded."""
    stage.world.effects.kill = ("after", "job")
    with pytest.raises(ProcessKilled):
        stage.process()
    made = stage.world.jobs.jobs[JOB]
    stage.world.jobs.jobs[JOB] = replace(made, script_location="s3://bucket/an-older-loader.py")
    stage.process()
    assert stage.world.jobs.jobs[JOB] == made
    assert stage.checkpoint.state is TableState.VALIDATED


def test_a_job_of_another_version_that_has_run_is_refused(stage: Stage) -> None:
    stage.world.effects.kill = ("after", "job")
    with pytest.raises(ProcessKilled):
        stage.process()
    stage.world.jobs.jobs[JOB] = replace(stage.world.jobs.jobs[JOB], script_location="s3://bucket/older.py")
    stage.world.jobs.history.append((JOB, JobRun("jr_0", "FAILED", {})))
    with pytest.raises(ConflictError, match=r"has run 1 times\. Go back to the version"):
        stage.process()
    assert JOB in stage.world.jobs.jobs


def test_a_plan_of_another_version_is_refused(stage: Stage) -> None:
    half_loaded(stage)
    plan = stage.world.objects.objects[f"{PREFIX}plan.json"]
    stage.world.objects.objects[f"{PREFIX}plan.json"] = plan.replace(b'"format":2', b'"format":1')
    stage.world.jobs.ends = []
    with pytest.raises(StateError, match="written by another version"):
        stage.process()


def test_an_error_while_a_table_is_picked_up_is_in_its_checkpoint(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_before(stage, monkeypatch, Trigger.FINISH_LOAD)

    async def refuse(job: str, run_id: str) -> JobRun:
        raise PermissionDeniedError("you may not look at runs", remedy="ask for glue:GetJobRun")

    with monkeypatch.context() as patched:
        patched.setattr(stage.world.jobs, "run", refuse)
        with pytest.raises(PermissionDeniedError):
            stage.process()
    assert (stage.checkpoint.state, stage.checkpoint.error["code"]) == (TableState.FAILED, "permission_denied")
    stage.process()
    assert_as_undisturbed(stage)


def test_chunks_are_planned_once_whatever_a_resume_would_plan(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.world.effects.kill = ("before", "job")
    with pytest.raises(ProcessKilled):
        stage.process()
    planned = stage.store.chunks("m1", TABLE.name)
    assert [record.chunk.rows for record in planned] == [3, 3, 1]
    monkeypatch.setattr(stage.world.source, "plan_chunks", None)
    stage.process()
    assert_as_undisturbed(stage)
    assert [r.chunk for r in stage.store.chunks("m1", TABLE.name)] == [r.chunk for r in planned]


def test_every_chunk_of_a_loaded_table_is_done_with_its_counts(stage: Stage) -> None:
    stage.process()
    records = stage.store.chunks("m1", TABLE.name)
    assert [record.result for record in records] == [
        {"rows_read": rows, "items_written": rows, "rejects": 0} for rows in (3, 3, 1)
    ]
    assert all(record.done_at is not None for record in records)


def test_chunks_that_are_done_out_of_order_are_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed run fills the gaps that lie before the last finished chunk."""
    killed_before(stage, monkeypatch, Trigger.FINISH_LOAD)
    seen: list[Progress] = []
    ledger = StoredLedger(stage.store, "m1", TABLE.name)
    run = TableRun("m1", "shop", TABLE, OPTIONS, stage.world.world, PACKAGE, seen.append, ledger=ledger)

    async def watch() -> None:
        plan = await load_plan(run)
        stage.world.objects.objects[plan.result_key(2)] = chunk_result(plan, 2, 1)
        await _watch(run, plan, JOB, stage.checkpoint.evidence["run_id"])

    asyncio.run(watch())
    assert [progress.rows_done for progress in seen] == [4, 7]
    assert stage.store.chunk_counts("m1")[TABLE.name] == ChunkCount(3, 3, 7, 7)
