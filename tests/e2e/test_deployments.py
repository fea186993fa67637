"""`prefect.yaml` on a real Prefect server: `prefect deploy --all`, a process worker, and both flows run by it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_refusals import SMALL

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect]

ROOT = Path(__file__).resolve().parent.parent.parent
POOL = "tableferry"


def prefect(ferry: Ferry, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Prefect's own command in the checkout."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=ferry.environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture
def worker(ferry: Ferry, tmp_path: Path) -> Iterator[None]:
    """The work pool of prefect.yaml and a process worker for it; the worker's environment holds the settings."""
    made = prefect(ferry, "work-pool", "create", POOL, "--type", "process", "--overwrite")
    assert made.returncode == 0, made.stderr
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=ferry.environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            # How long Prefect's worker takes to leave on its own is not what is tested.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)


def test_a_worker_runs_both_deployments(ferry: Ferry, database: Database, worker: None) -> None:
    """Deployed, run to the end, and, after a failure was repaired, resumed: all by the worker."""
    database.execute("CREATE TABLE small (id INT PRIMARY KEY); INSERT INTO small VALUES (1)")
    database.execute("CREATE VIEW ddb_small_view AS SELECT 1 AS mine")
    deployed = prefect(ferry, "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr

    failed = prefect(
        ferry, "deployment", "run", "migrate/migrate", "--param", f"contract={ferry.contract(SMALL)}", "--watch"
    )
    assert failed.returncode == 1, failed.stdout + failed.stderr
    (migration,) = ferry.result("status")["migrations"]
    assert migration["status"] == "failed"

    database.execute("DROP VIEW ddb_small_view")
    resumed = prefect(ferry, "deployment", "run", "resume/resume", "--watch")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert ferry.items("Small") == [{"id": {"N": "1"}}]
    wait_until(lambda: ferry.result("status")["migrations"][0]["status"] == "succeeded", "the migration's end")
