"""Processes that are killed or that race each other over one checkpoint database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from alembic.runtime.migration import MigrationContext

from adapters.checkpoints import open_store
from adapters.checkpoints.engine import checkpoint_url, open_engine
from core.checkpoints import TransitionStatus
from core.lifecycle import TableState, Trigger
from tests.ports.checkpoint_worker import GOAL
from tests.ports.test_checkpoint_database import HEAD, new_migration


@contextmanager
def worker(action: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that imported everything and waits for a line before it opens the store."""
    command = [sys.executable, "-m", "tests.ports.checkpoint_worker", action, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.crash
@pytest.mark.parametrize(("action", "last_word"), [("begin", "begun"), ("commit", "written, not committed")])
def test_a_process_killed_between_begin_and_commit_leaves_its_intent_and_the_old_state(
    database_url: str, action: str, last_word: str
) -> None:
    new_migration(database_url, ("a",), TableState.JOB_CREATED)
    with worker(action, database_url) as process:
        go(process)
        assert said(process) == last_word
        process.kill()
        assert process.wait() < 0
    store = open_store(database_url)
    table, again = store.table("m1", "a"), store.begin("m1", "a", Trigger.START_LOAD, {"run": "a new intent"})
    assert (table.state, table.evidence) == (TableState.JOB_CREATED, {})
    assert again.intent == {"run": "the old intent"}
    assert store.commit(again, {"run": "found"}).state is TableState.LOADING
    store.close()


@pytest.mark.crash
def test_processes_that_work_on_the_same_tables_commit_every_transition_exactly_once(database_url: str) -> None:
    tables = tuple(f"t{number}" for number in range(4))
    new_migration(database_url, tables, TableState.PENDING)
    with ExitStack() as stack:
        racers = [stack.enter_context(worker("race", database_url)) for _ in range(3)]
        for process in racers:
            go(process)
        assert [said(process) for process in racers] == ["done"] * 3
    store = open_store(database_url)
    for table in tables:
        history = store.transitions("m1", table)
        assert [r.status for r in history] == [TransitionStatus.COMMITTED] * 6
        assert len({r.trigger for r in history}) == 6
        row = store.table("m1", table)
        assert (row.state, row.version) == (GOAL, 7)
        assert row.evidence == {r.trigger.value: r.evidence[r.trigger.value] for r in history}
    store.close()


@pytest.mark.crash
def test_processes_that_start_at_once_create_one_database(database_url: str) -> None:
    with ExitStack() as stack:
        starters = [stack.enter_context(worker("open", database_url)) for _ in range(4)]
        for process in starters:
            go(process)
        assert [said(process) for process in starters] == ["done"] * 4
    engine = open_engine(checkpoint_url(database_url))
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_heads() == (HEAD,)
    engine.dispose()
