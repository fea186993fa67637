"""A migration that loads for long enough to be stopped."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_survival import NUMBERS, ROWS, results

ROWS_PER_CHUNK = 10
MARKS = [getattr(pytest.mark, name) for name in ("once", "server", "aws", "prefect", "shared_servers", "crash")]


def many_small_chunks(ferry: Ferry, database: Database) -> str:
    """A contract of one table of very many small chunks."""
    database.execute("CREATE TABLE numbers (id INT PRIMARY KEY, body VARCHAR(200))")
    values = ", ".join(f"({n}, 'row {n}')" for n in range(ROWS))
    database.execute(f"INSERT INTO numbers VALUES {values}")
    ferry.environment |= {"TABLEFERRY_ROWS_PER_CHUNK": str(ROWS_PER_CHUNK), "TABLEFERRY_WRITERS": "1"}
    return ferry.contract(NUMBERS)


def started(ferry: Ferry, *command: str) -> subprocess.Popen[str]:
    """A process of the command once it has loaded some chunks more than there were."""
    before = len(results(ferry))
    process = ferry.start(*command, "--output", "json")
    wait_until(lambda: len(results(ferry)) > before + 3 or process.poll() is not None, "the next chunks")
    assert process.poll() is None, process.communicate()
    return process


def ended(process: subprocess.Popen[str], code: int) -> tuple[dict[str, Any], str]:
    """Its one document, and what it said beside that."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
    return json.loads(out), err


def job_runs(ferry: Ferry, migration: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = ferry.client("glue").get_job_runs(JobName=f"tableferry-{migration}-Numbers")["JobRuns"]
    return [run for run in runs if run["Arguments"].get("--task", "load") == "load"]
