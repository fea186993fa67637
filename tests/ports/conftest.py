"""The checkpoint stores under test: the fake, SQLite, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.checkpoints import open_store
from core.checkpoints import CheckpointStore
from tests.fakes import InMemoryCheckpoints
from tests.ports.postgres import PostgresServer, find_programs, private_postgres

SQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with private_postgres(find_programs()) as server:
        yield server


@pytest.fixture(params=SQL)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a checkpoint database that does not exist yet (SQLite) or is empty (PostgreSQL)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/checkpoints.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(params=["memory", *SQL])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CheckpointStore]:
    if request.param == "memory":
        yield InMemoryCheckpoints()
        return
    url = f"sqlite:///{tmp_path}/checkpoints.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    opened = open_store(url)
    yield opened
    opened.close()
