"""Pause, Ctrl-C, cancel and cleanup of a migration that loads, by the command, against real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_survival import NUMBERS, ROWS, results

pytestmark = [
    pytest.mark.once,
    pytest.mark.server,
    pytest.mark.aws,
    pytest.mark.prefect,
    pytest.mark.shared_servers,
    pytest.mark.crash,
]

ROWS_PER_CHUNK = 10


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    """A table of very many small chunks, which takes long enough to be stopped several times."""
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


def stamps(ferry: Ferry) -> dict[str, str]:
    """When each chunk's result was written; a chunk that is loaded again is written again."""
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    return {k: json.loads(s3.get_object(Bucket=bucket, Key=k)["Body"].read())["run_token"] for k in results(ferry)}


def job_runs(ferry: Ferry, migration: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = ferry.client("glue").get_job_runs(JobName=f"tableferry-{migration}-Numbers")["JobRuns"]
    return [run for run in runs if run["Arguments"].get("--task", "load") == "load"]


def expect_paused(ferry: Ferry, migration: str) -> dict[str, str]:
    """The whole is paused and its table is still loading; returns the chunks that are done."""
    (listed,) = ferry.result("status")["migrations"]
    assert (listed["migration_id"], listed["status"]) == (migration, "paused")
    (table,) = ferry.result("status", migration)["tables"]
    assert (table["state"], table["error"]) == ("loading", None)
    assert {run["JobRunState"] for run in job_runs(ferry, migration)} == {"SUCCEEDED"}
    done = stamps(ferry)
    assert 0 < len(done) < ROWS / ROWS_PER_CHUNK
    return done


def test_a_load_is_paused_three_ways_and_ends_as_if_it_had_not_been(
    ferry: Ferry, database: Database, contract: str
) -> None:
    running = started(ferry, "run", contract)
    paused = ferry.result("pause")
    migration = paused["migration_id"]
    assert paused["status"] == "paused"
    report, _ = ended(running, 4)
    assert (report["status"], report["tables"][0]["state"]) == ("paused", "loading")
    done = expect_paused(ferry, migration)

    running = started(ferry, "resume")
    os.kill(running.pid, signal.SIGINT)
    _, said = ended(running, 4)
    assert "Pausing" in said
    assert "Ctrl-C again leaves at once" in said
    more = expect_paused(ferry, migration)
    assert done.items() <= more.items()

    running = started(ferry, "resume")
    os.kill(running.pid, signal.SIGTERM)
    wait_until(lambda: ferry.result("status", migration)["tables"][0]["state"] == "loading", "the first signal")
    os.kill(running.pid, signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode in (130, 4)  # 4: the clean pause was quicker than the second signal

    assert ferry.result("resume")["status"] == "succeeded"
    assert more.items() <= stamps(ferry).items()
    assert {int(i["id"]["N"]): i["body"]["S"] for i in ferry.items("Numbers")} == {n: f"row {n}" for n in range(ROWS)}


def test_a_cancelled_migration_is_final_and_cleaned_up(ferry: Ferry, database: Database, contract: str) -> None:
    database.execute("CREATE VIEW ddb_mine_view AS SELECT 1 AS mine")
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    root = ferry.environment["TABLEFERRY_KEY_PREFIX"]
    s3.put_object(Bucket=bucket, Key=f"{root}mine", Body=b"mine")
    running = started(ferry, "run", contract)
    migration = ferry.result("status")["migrations"][0]["migration_id"]
    assert ferry.result("cleanup", migration, "--yes", code=2)["error"]["code"] == "lease_held"

    cancelled = ferry.result("cancel", migration)
    assert (cancelled["status"], cancelled["tables"][0]["state"]) == ("cancelled", "cancelled")
    report, _ = ended(running, 4)
    assert (report["status"], report["problems"]) == ("cancelled", [])
    assert {run["JobRunState"] for run in job_runs(ferry, migration)} <= {"STOPPED", "SUCCEEDED"}
    assert ferry.result("resume", migration, code=2)["error"]["code"] == "state"

    plan = ferry.result("cleanup", migration, code=2)
    assert (plan["agreed"], plan["removed"]) == (False, [])
    assert {"Glue job", "view", "secret", "S3 objects"} <= {thing["kind"] for thing in plan["remove"]}
    done = ferry.result("cleanup", migration, "--yes", "--drop-tables", "--disable-deletion-protection")
    assert [thing["kind"] for thing in done["removed"]][-1] == "target table"

    views = database.query("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    assert views == [("ddb_mine_view",)]
    tables = ferry.client("dynamodb").list_tables()["TableNames"]
    assert [t for t in tables if t.startswith(ferry.prefix)] == []
    assert not [j for j in ferry.client("glue").get_jobs()["Jobs"] if migration in j["Name"]]
    secrets = ferry.client("secretsmanager").list_secrets()["SecretList"]
    assert not [s for s in secrets if migration in s["Name"]]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=root)["Contents"]]
    assert {k.removeprefix(root) for k in keys} == {
        "mine",
        f"migrations/{migration}/report.json",
        f"migrations/{migration}/report.md",
    }
    assert ferry.result("cleanup", migration, "--yes", "--drop-tables")["removed"] == []
