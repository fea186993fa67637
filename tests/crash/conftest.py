"""Servers of the crash tests: one SQL server, one emulator behind a proxy that can be cut, one Prefect server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest
from rich.console import Console
from rich.table import Table

from adapters.local.emulator import REGION, Emulator
from adapters.local.glue import Glue
from adapters.local.provisioning import provision
from adapters.local.runtime import RuntimeState
from tests.conftest import fresh_database
from tests.crash.control import control
from tests.crash.cut_proxy import CutProxy, cut_proxy
from tests.crash.stage import DIRTY, ROWS, ROWS_PER_CHUNK, SMALL, Stage
from tests.e2e.conftest import ferry_over, prefect_environment

__all__ = ["prefect_environment"]

OUTCOMES: list[tuple[str, str, str, str]] = []


@pytest.fixture(scope="session")
def stage(
    server_url: str, prefect_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Everything that crash tests share."""
    directory = tmp_path_factory.mktemp("crash")
    root = urlsplit(server_url)
    connection: pymysql.Connection[Any] = pymysql.connect(
        host=root.hostname,
        port=root.port or 3306,
        user=root.username or "root",
        password=root.password or "",
        autocommit=True,
    )
    with (
        connection,
        control() as ears,
        cuttable_runtime(directory) as (runtime, proxy),
        fresh_database(server_url) as database,
    ):
        for source, rows in ROWS.items():
            amount = "VARCHAR(20)" if source == DIRTY else "INT"
            database.execute(f"CREATE TABLE {source} (id INT PRIMARY KEY, body VARCHAR(50), amount {amount})")
            values = ", ".join(f"({n}, 'row {n}', {n})" for n in range(rows))
            database.execute(f"INSERT INTO {source} VALUES {values}")
        ferry = ferry_over(database, runtime, prefect_environment, directory)
        ferry.environment |= {
            "TABLEFERRY_ROWS_PER_CHUNK": str(ROWS_PER_CHUNK),
            "TABLEFERRY_WRITERS": "1",
            "TABLEFERRY_PARALLEL_TABLES": "64",
            # Small tables are validated by a run of their own, the others by a sample, which is cheap.
            "TABLEFERRY_FULL_VALIDATION_ROWS": str(ROWS[SMALL]),
        }
        yield Stage(ferry, database, connection, directory / "glue", proxy, ears, OUTCOMES)


@contextmanager
def cuttable_runtime(directory: Path) -> Iterator[tuple[RuntimeState, CutProxy]]:
    """The local runtime with a proxy before its emulator, for the MCP servers and for job runs."""
    emulator = Emulator(directory / "emulator")
    upstream = urlsplit(emulator.start())
    try:
        with cut_proxy(upstream.hostname or "", upstream.port or 0) as proxy:
            glue = Glue(directory / "glue", proxy.url)
            try:
                environment = {
                    "AWS_ENDPOINT_URL": proxy.url,
                    "AWS_ENDPOINT_URL_GLUE": glue.start(),
                    "AWS_REGION": REGION,
                    "AWS_DEFAULT_REGION": REGION,
                    **provision(upstream.geturl(), {}),
                }
                yield RuntimeState(directory, (), environment), proxy
            finally:
                glue.stop()
    finally:
        emulator.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of points and outcomes."""
    if not OUTCOMES:
        return
    table = Table("story", "killed", "point", "outcome", title=f"{len(OUTCOMES)} kill points")
    for row in OUTCOMES:
        table.add_row(*row)
    Console(width=150).print(table)
