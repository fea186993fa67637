"""A report says what checkpoints hold: of migrations that ended, that fell, and that are under way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.checkpoints import MigrationRecord, MigrationStatus, TableCheckpoint
from core.errors import StateError
from core.lifecycle import TableState
from core.resumable import record_to_resume
from core.summary import migration_status, summarize
from tests.fakes import InMemoryCheckpoints
from tests.unit.test_drive import OPTIONS, ROWS, Stage

S = TableState
NOW = datetime(2026, 1, 3, tzinfo=UTC)


def record(id_: str, status: MigrationStatus = MigrationStatus.RUNNING) -> MigrationRecord:
    settings = {
        "options": OPTIONS.to_record(),
        "source": {"engine": "mysql", "version": "8.4.0", "database": "shop"},
        "imitation": False,
    }
    return MigrationRecord(id_, "hash", {"tables": []}, settings, status, NOW, NOW)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([S.VALIDATED, S.VALIDATED], MigrationStatus.SUCCEEDED),
        ([S.VALIDATED, S.FAILED], MigrationStatus.PARTIAL),
        ([S.VALIDATED, S.CANCELLED], MigrationStatus.PARTIAL),
        ([S.FAILED, S.CANCELLED], MigrationStatus.FAILED),
        ([S.CANCELLED], MigrationStatus.CANCELLED),
        *(
            ([S.FAILED, state], MigrationStatus.RUNNING)
            for state in S
            if state not in {S.VALIDATED, S.FAILED, S.CANCELLED}
        ),
    ],
)
def test_how_the_whole_stands(states: list[TableState], status: MigrationStatus) -> None:
    failed = {S.FAILED: S.LOADING}
    tables = [TableCheckpoint("m", str(n), s, failed.get(s)) for n, s in enumerate(states)]
    assert migration_status(tables) is status


def test_a_finished_table_is_reported_with_its_figures() -> None:
    stage = Stage()
    stage.process()
    counts = stage.store.chunk_counts("m1")
    result = summarize(record("m1"), [stage.checkpoint], NOW + timedelta(seconds=5), chunks=counts)
    assert (result.jobs[0].chunks_done, result.jobs[0].chunks_planned) == (3, 3)
    assert (result.status, result.exit_code, result.metrics.records) == (MigrationStatus.SUCCEEDED, 0, len(ROWS))
    assert (result.jobs[0].run_id, result.jobs[0].attempts) == ("jr_1", 1)
    assert (result.validation[0].passed, result.problems, result.next_steps) == (True, [], [])


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_table_that_stopped_anywhere_can_be_reported(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.world.jobs.ends = ["FAILED"]
    original = InMemoryCheckpoints.commit
    done: list[int] = []

    def commit(store: InMemoryCheckpoints, *args: object) -> TableCheckpoint:
        done.append(1)
        if len(done) > steps:
            raise asyncio.CancelledError
        return original(store, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(InMemoryCheckpoints, "commit", commit)
    for _ in range(2):
        try:
            stage.until_done(1)
        except asyncio.CancelledError:
            break
    result = summarize(record("m1"), [stage.checkpoint], NOW)
    assert result.to_markdown()
    assert len(result.problems) == (stage.checkpoint.state is S.FAILED)


def test_a_resume_takes_the_migration_named_or_the_newest_unfinished() -> None:
    store = InMemoryCheckpoints()
    with pytest.raises(StateError, match="no unfinished migration"):
        record_to_resume(store, None)
    for id_, status in (
        ("a", MigrationStatus.RUNNING),
        ("b", MigrationStatus.FAILED),
        ("c", MigrationStatus.SUCCEEDED),
    ):
        store.create_migration(record(id_, status), ["t"])
    assert record_to_resume(store, None).id == "b"
    assert record_to_resume(store, "c").id == "c"
    with pytest.raises(StateError):
        record_to_resume(store, "nowhere")
