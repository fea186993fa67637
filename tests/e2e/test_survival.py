"""SIGKILL of the whole process tree while a table loads, then `tableferry resume`: the same items, everything once."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.crash]

ROWS = 10_000
NUMBERS: dict[str, Any] = {
    "table": "Numbers",
    "type": "single-entity",
    "source_table": "numbers",
    "pk": "id",
    "attributes": [plain("id", "N"), plain("body", "S")],
}


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    """A table of many small chunks, so that there is a middle to be killed in."""
    database.execute("CREATE TABLE numbers (id INT PRIMARY KEY, body VARCHAR(200))")
    values = ", ".join(f"({n}, 'row {n}')" for n in range(ROWS))
    database.execute(f"INSERT INTO numbers VALUES {values}")
    ferry.environment |= {"TABLEFERRY_ROWS_PER_CHUNK": "50", "TABLEFERRY_WRITERS": "1"}
    return ferry.contract(NUMBERS)


def kill_while_loading(ferry: Ferry, contract: str) -> str:
    """Start a run and SIGKILL its whole process tree once some chunks are done; returns the migration's id."""
    process = ferry.start("run", contract)
    wait_until(lambda: len(results(ferry)) >= 5 or process.poll() is not None, "the first chunks")
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert no_process_of(process), "something of the killed tree still runs"
    (listed,) = ferry.result("status")["migrations"]
    assert listed["status"] == "running"
    return str(listed["migration_id"])


def no_process_of(process: subprocess.Popen[str]) -> bool:
    """Whether the killed process group is empty."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def results(ferry: Ferry) -> list[str]:
    """The chunks that are done; this test's objects have a prefix of their own."""
    pages = ferry.client("s3").get_paginator("list_objects_v2")
    prefix = ferry.environment["TABLEFERRY_KEY_PREFIX"]
    found = pages.paginate(Bucket=ferry.environment["TABLEFERRY_BUCKET"], Prefix=f"{prefix}migrations/")
    return [o["Key"] for page in found for o in page.get("Contents", []) if "/Numbers/results/" in o["Key"]]


def expect_everything_once(ferry: Ferry, database: Database, migration: str, runs: int) -> None:
    """The target equals an undisturbed run's, and views, tables and jobs exist once."""
    assert {int(i["id"]["N"]): i["body"]["S"] for i in ferry.items("Numbers")} == {n: f"row {n}" for n in range(ROWS)}
    views = database.query("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    assert views == [("ddb_numbers_view",)]
    tables = ferry.client("dynamodb").list_tables()["TableNames"]
    assert [t for t in tables if t.startswith(ferry.prefix)] == [f"{ferry.prefix}Numbers"]
    glue = ferry.client("glue")
    names = [j["Name"] for j in glue.get_jobs()["Jobs"] if migration in j["Name"]]
    assert names == [f"tableferry-{migration}-Numbers"]
    found = glue.get_job_runs(JobName=names[0])["JobRuns"]
    assert len([run for run in found if run["Arguments"].get("--task", "load") == "load"]) == runs


def test_a_live_job_run_is_adopted(ferry: Ferry, database: Database, contract: str) -> None:
    """Glue goes on without its orchestrator; the resume watches that run instead of starting another.

    The wrong shell at three in the morning, whose settings name another database, is refused first, and harms nothing.
    """
    migration = kill_while_loading(ferry, contract)
    other = database.url.replace(f"/{database.name}", "/information_schema")
    refused = ferry.result("resume", migration, code=2, TABLEFERRY_MYSQL_URL=other)
    assert refused["error"]["code"] in {"settings", "not_ready"}

    result = ferry.result("resume")
    assert result["migration_id"] == migration
    expect_everything_once(ferry, database, migration, runs=1)


def test_a_dead_job_run_is_replaced(ferry: Ferry, database: Database, contract: str) -> None:
    """The job is stopped too; the resume starts another run, which loads only the chunks that are missing."""
    migration = kill_while_loading(ferry, contract)
    glue, job = ferry.client("glue"), f"tableferry-{migration}-Numbers"
    (run,) = glue.get_job_runs(JobName=job)["JobRuns"]
    glue.batch_stop_job_run(JobName=job, JobRunIds=[run["Id"]])
    wait_until(lambda: run_state(glue, job, run["Id"]) == "STOPPED", "the job run's stop")
    done = set(results(ferry))
    assert 0 < len(done) < ROWS / 50
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    stamps = {k: s3.head_object(Bucket=bucket, Key=k)["LastModified"] for k in done}

    ferry.result("resume", migration)
    expect_everything_once(ferry, database, migration, runs=2)
    assert {k: s3.head_object(Bucket=bucket, Key=k)["LastModified"] for k in done} == stamps


def run_state(glue: Any, job: str, run: str) -> str:
    """Glue's own word for where a run stands."""
    return str(glue.get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"])


def test_a_failed_table_is_resumed_after_repair(ferry: Ferry, database: Database, contract: str) -> None:
    """A foreign view in the way fails that table alone; without it, resume ends well, at the first moment."""
    database.execute("CREATE TABLE other (id INT PRIMARY KEY); INSERT INTO other VALUES (1)")
    database.execute("CREATE VIEW ddb_other_view AS SELECT 1 AS mine")
    now = {"name": "now", "type": "S", "calculation": {"type": "date-math", "expression": "NOW(6)"}}
    other = {**NUMBERS, "table": "Other", "source_table": "other", "attributes": [plain("id", "N"), now]}
    failed = ferry.result("run", ferry.contract(NUMBERS, other, {**other, "table": "Third"}), code=1)
    assert failed["status"] == "partial", failed["problems"]
    assert {t["table"]: t["state"] for t in failed["tables"]} == {
        "Numbers": "validated",
        "Other": "failed",
        "Third": "validated",
    }
    assert "ddb_other_view" in failed["problems"][0]["error"]
    assert database.query("SELECT mine FROM ddb_other_view")[0] == (1,)

    database.execute("DROP VIEW ddb_other_view")
    assert ferry.result("resume")["status"] == "succeeded"
    (item,) = ferry.items("Other")
    assert item["id"] == {"N": "1"}
    assert [item] == ferry.items("Third")
