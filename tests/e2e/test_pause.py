"""Pause and Ctrl-C of a migration that loads, by the command, against real servers."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.stopped_loads import MARKS, ROWS_PER_CHUNK, ended, job_runs, many_small_chunks, started
from tests.e2e.test_survival import ROWS, results

pytestmark = MARKS


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    return many_small_chunks(ferry, database)


def stamps(ferry: Ferry) -> dict[str, str]:
    """When each chunk's result was written; a chunk that is loaded again is written again."""
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    return {k: json.loads(s3.get_object(Bucket=bucket, Key=k)["Body"].read())["run_token"] for k in results(ferry)}


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
