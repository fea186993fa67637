"""Real processes that want the same table, or the same migration: one has it, and who is dead or stale does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from adapters.checkpoints import open_store
from core.checkpoints import CheckpointStore
from core.lifecycle import TableState
from tests.ports.test_checkpoint_database import new_migration
from tests.ports.test_checkpoint_processes import go, said

pytestmark = pytest.mark.crash

LONG = "600"


@contextmanager
def worker(action: str, url: str, seconds: str = LONG) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.ports.lease_worker", action, url, seconds]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


@pytest.fixture
def looker(database_url: str) -> Iterator[CheckpointStore]:
    """The store as the test looks at it; migration m1 has the table a."""
    new_migration(database_url, ("a",), TableState.PENDING)
    store = open_store(database_url)
    yield store
    store.close()


def test_of_two_that_want_one_table_one_drives_it(database_url: str, looker: CheckpointStore) -> None:
    with ExitStack() as stack:
        racers = [stack.enter_context(worker("drive", database_url)) for _ in range(2)]
        for process in racers:
            go(process)
        answers = {said(process): process for process in racers}
        winner = answers["driving 1"]
        (refusal,) = answers.keys() - {"driving 1"}
        assert refusal.startswith(f"lease_held: a is driven by another process: pid {winner.pid} on "), refusal
        go(winner)
        assert said(winner) == "committed"
        winner.wait(30)
    table = looker.table("m1", "a")
    assert (table.state, table.evidence) == (TableState.VIEW_CREATED, {"by": winner.pid})
    assert looker.leases("m1") == [], "released at the end"


def test_the_table_of_a_killed_owner_is_taken_over_at_once(database_url: str, looker: CheckpointStore) -> None:
    with worker("drive", database_url) as victim, worker("drive", database_url) as heir:
        go(victim)
        assert said(victim) == "driving 1"
        victim.kill()
        victim.wait(30)
        assert [lease.owner.pid for lease in looker.leases("m1")] == [victim.pid], "it has long to go"
        go(heir)
        assert said(heir) == "driving 2"
        go(heir)
        assert said(heir) == "committed"


def test_an_owner_that_slept_past_its_lease_changes_nothing(database_url: str, looker: CheckpointStore) -> None:
    with worker("drive", database_url, "1.5") as sleeper, worker("drive", database_url) as heir:
        go(sleeper)
        assert said(sleeper) == "driving 1"
        os.kill(sleeper.pid, signal.SIGSTOP)
        wait_for_expiry(looker)
        go(heir)
        assert said(heir) == "driving 2"
        os.kill(sleeper.pid, signal.SIGCONT)
        go(sleeper)
        assert said(sleeper).startswith("lease_lost: This process no longer drives a")
        assert looker.table("m1", "a").state is TableState.PENDING
        go(heir)
        assert said(heir) == "committed"
    assert looker.table("m1", "a").evidence == {"by": heir.pid}


def test_a_living_owner_keeps_its_lease_past_its_first_life(database_url: str, looker: CheckpointStore) -> None:
    with worker("drive", database_url, "1.5") as owner, worker("drive", database_url) as other:
        go(owner)
        assert said(owner) == "driving 1"
        [first] = looker.leases("m1")
        wait_until_renewed(looker, first.expires_at.timestamp() + 1)
        go(other)
        assert said(other).startswith("lease_held")


def wait_for_expiry(store: CheckpointStore) -> None:
    deadline = time.monotonic() + 30
    while store.leases("m1"):
        assert time.monotonic() < deadline, "the lease did not expire"
        time.sleep(0.05)


def wait_until_renewed(store: CheckpointStore, moment: float) -> None:
    deadline = time.monotonic() + 30
    while not any(lease.expires_at.timestamp() > moment for lease in store.leases("m1")):
        assert time.monotonic() < deadline, "the lease was not renewed"
        time.sleep(0.05)


def test_of_two_that_start_at_once_one_has_a_migration(database_url: str) -> None:
    open_store(database_url).close()
    with ExitStack() as stack:
        starters = [stack.enter_context(worker("start", database_url)) for _ in range(3)]
        for process in starters:
            go(process)
        answers = sorted(said(process) for process in starters)
        store = open_store(database_url)
        (record,) = store.list_migrations(9)
        assert answers[2] == f"started {record.id}"
        refusal = f"lease_held: Migration {record.id} moves the same tables already; pid {record.id} on "
        assert [answer.startswith(refusal) for answer in answers[:2]] == [True, True], answers
        store.close()
