"""The source dies in the middle of a run and comes back: the run says that it waits, and ends as if nothing was."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.local.runtime import RuntimeState
from adapters.local.sql_server import SqlServer, connect_as_root
from tests.conftest import Database
from tests.e2e.conftest import Ferry, ferry_over, wait_until
from tests.e2e.test_survival import NUMBERS

pytestmark = [pytest.mark.once, pytest.mark.aws, pytest.mark.prefect, pytest.mark.crash]

ROWS = 300


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlServer]:
    """An SQL server that the test may kill."""
    with SqlServer(tmp_path_factory.mktemp("own-sql-server")) as server:
        yield server


@pytest.fixture
def ferry(own_server: SqlServer, runtime: RuntimeState, prefect_environment: dict[str, str], tmp_path: Path) -> Ferry:
    port, name = urlsplit(own_server.url).port or 0, f"own_{os.getpid()}"
    with connect_as_root(port) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    database = Database(f"{own_server.url}/{name}", name, "root", "", "127.0.0.1", port, "mysql")
    database.execute("CREATE TABLE numbers (id INT PRIMARY KEY, body VARCHAR(200))")
    database.execute(f"INSERT INTO numbers VALUES {', '.join(f'({n}, {n})' for n in range(ROWS))}")
    made = ferry_over(database, runtime, prefect_environment, tmp_path)
    made.environment |= {"TABLEFERRY_OUTAGE_FAILURES": "2", "TABLEFERRY_DELETION_PROTECTION": "false"}
    return made


def circuits(ferry: Ferry) -> dict[str, str]:
    """How the servers' circuits stand, as `status` says."""
    (listed,) = ferry.result("status")["migrations"]
    shown = ferry.result("status", listed["migration_id"])["circuits"]
    return {circuit["server"]: circuit["state"] for circuit in shown}


def test_a_source_that_dies_and_comes_back_only_pauses_the_run(ferry: Ferry, own_server: SqlServer) -> None:
    process = ferry.start("run", ferry.contract(NUMBERS))
    assert process.stderr is not None
    assert any("creating table" in line for line in process.stderr)
    daemon = own_server.daemon
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    wait_until(lambda: circuits(ferry).get("mysql") in ("open", "half_open"), "the circuit's opening")
    assert any("waiting for the mysql server: " in line for line in process.stderr)
    (listed,) = ferry.result("status")["migrations"]
    shown = ferry.run("status", listed["migration_id"])
    assert "The mysql server is away since" in " ".join(shown.stdout.split())
    own_server.start()
    out, _ = process.communicate(timeout=200)
    assert process.returncode == 0, out
    assert len(ferry.items("Numbers")) == ROWS
    assert circuits(ferry)["mysql"] == "closed"


def test_a_source_that_is_not_there_at_the_start_is_one_quick_error(ferry: Ferry, own_server: SqlServer) -> None:
    own_server.stop()
    refused = ferry.result("run", ferry.contract(NUMBERS), code=2)
    assert refused["error"]["code"] == "not_ready"
    assert set(refused["error"]["facts"]["problems"]) == {"mysql"}
    assert ferry.result("status")["migrations"] == []
