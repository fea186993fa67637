"""A checkpoint store whose disk is full, or that takes no connections: who waits, for how long, and what it holds."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from adapters.checkpoints import open_store
from adapters.checkpoints.patient import PatientStore
from core.checkpoints import CheckpointStore
from core.errors import OutageError, UnavailableError
from core.lifecycle import TableState, Trigger
from core.outages import OutagePolicy, patient
from tests.ports.conftest import SQL
from tests.ports.postgres import PostgresServer
from tests.ports.test_checkpoint_store import new

BIG = {"note": "x" * 200_000}  # more than the disk has left
POLICY = OutagePolicy(longest_pause_seconds=0.3, patience_seconds=30)


@dataclass(frozen=True)
class Outage:
    """A store, and how it goes away and comes back."""

    store: CheckpointStore
    begin: Callable[[], None]
    end: Callable[[], None]


@pytest.fixture(params=SQL)
def outage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outage]:
    if request.param == "sqlite":
        yield from full_disk(tmp_path / "checkpoints.db")
    else:
        yield from closed_database(request.getfixturevalue("postgres"))


def full_disk(file: Path) -> Iterator[Outage]:
    """No file of this process may grow: the same to SQLite as a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    opened = open_store(f"sqlite:///{file}")
    new(opened)
    size = max(path.stat().st_size for path in file.parent.iterdir())

    def end() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    try:
        yield Outage(opened, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1])), end)
    finally:
        end()
        opened.close()
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def closed_database(postgres: PostgresServer) -> Iterator[Outage]:
    """PostgreSQL cuts every connection to the database, and takes no new one."""
    url = postgres.new_database()
    name = url.rsplit("/", maxsplit=1)[1]
    opened = open_store(url)
    new(opened)

    def allow(verdict: str) -> None:
        with postgres.connect() as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {verdict}".encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    yield Outage(opened, lambda: allow("false"), lambda: allow("true"))
    opened.close()
    allow("true")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM transition").fetchone() is not None


def test_a_table_that_is_moved_waits_for_its_store_and_goes_on(outage: Outage) -> None:
    store = PatientStore(outage.store, POLICY).as_store()
    told: list[str] = []

    def tell(why: str) -> None:
        told.append(why)
        if len(told) == 3:
            outage.end()

    outage.begin()
    with patient(tell):
        pending = store.begin("m1", "a", Trigger.CREATE_VIEW, BIG)
        after = store.commit(pending, BIG)
    assert len(told) == 3
    assert told[0].startswith("waiting for the checkpoint store: The checkpoint store did not answer: ")
    assert after.state is TableState.VIEW_CREATED
    assert outage.store.table("m1", "a") == after
    assert len(outage.store.transitions("m1", "a")) == 1


def test_a_store_that_stays_away_is_given_up_and_holds_what_it_held(outage: Outage) -> None:
    policy = OutagePolicy(longest_pause_seconds=0.1, patience_seconds=0.5)
    store = PatientStore(outage.store, policy).as_store()
    outage.begin()
    told: list[str] = []
    with patient(told.append):
        with pytest.raises(OutageError, match=r"The checkpoint store has been away since .* UTC: "):
            store.begin("m1", "a", Trigger.CREATE_VIEW, BIG)
        waits = len(told)
        with pytest.raises(OutageError):  # another table that needs it now waits no second time
            store.begin("m1", "b", Trigger.CREATE_VIEW, BIG)
    assert len(told) == waits
    outage.end()
    assert outage.store.pending("m1", "a") is None
    with patient(told.append):
        assert store.begin("m1", "a", Trigger.CREATE_VIEW, BIG).intent == BIG
    assert len(told) == waits


def test_who_is_told_nothing_does_not_wait(outage: Outage) -> None:
    store = PatientStore(outage.store, POLICY).as_store()
    outage.begin()
    with pytest.raises(UnavailableError) as away:
        store.begin("m1", "a", Trigger.CREATE_VIEW, BIG)
    assert not isinstance(away.value, OutageError)


def test_closing_ends_every_wait(outage: Outage) -> None:
    waiting = PatientStore(outage.store, POLICY)
    outage.begin()
    with patient(lambda why: waiting.close()), pytest.raises(OutageError):
        waiting.as_store().begin("m1", "a", Trigger.CREATE_VIEW, BIG)
