"""What an endpoint that ended, asked to or not, leaves behind, and what its successor makes of it."""

from __future__ import annotations

import os
import signal

import boto3
import pytest

from adapters.local.glue import Glue
from adapters.local.glue_runs import RunStore
from adapters.local.processes import is_running, start_time, wait_for
from tests.local.conftest import Workbench

# Ends well as soon as the test says so.
PATIENT = """
import pathlib, time
print('up', flush=True)
while not pathlib.Path('go').exists(): time.sleep(0.02)
print('went', flush=True)
"""


def crash(part: Glue) -> None:
    daemon = part.daemon
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    assert wait_for(lambda: not is_running(daemon), seconds=10)


def leader_of(part: Glue, run_id: str) -> int:
    run = RunStore(part.directory / "runs").get(run_id)
    assert run is not None
    assert run.process is not None
    return run.process.pid


def restarted(part: Glue, bench: Workbench) -> Workbench:
    # The port is the same unless somebody took it meanwhile.
    return Workbench(boto3.client("glue", endpoint_url=part.start()), bench.runtime)


def started(bench: Workbench) -> tuple[str, str]:
    # A "minute" is a second here: 600 of them are enough for every restart.
    job = bench.job(PATIENT, Timeout=600)
    run_id = bench.start(job)
    bench.reaches(job, run_id, "RUNNING")
    return job, run_id


def test_a_run_outlives_a_crash_of_the_endpoint_and_its_end_is_seen(own_glue: Glue, own_bench: Workbench) -> None:
    job, run_id = started(own_bench)
    assert own_bench.prints(run_id, "up")
    crash(own_glue)
    own_bench = restarted(own_glue, own_bench)
    assert own_bench.state(job, run_id) == "RUNNING"
    (own_glue.directory / "runs" / run_id / "go").touch()
    assert own_bench.ended(job, run_id)["JobRunState"] == "SUCCEEDED"
    assert own_bench.printed(run_id) == ["up", "went"]


def test_a_run_that_ended_while_nobody_watched_is_concluded(own_glue: Glue, own_bench: Workbench) -> None:
    job, run_id = started(own_bench)
    pid = leader_of(own_glue, run_id)
    crash(own_glue)
    (own_glue.directory / "runs" / run_id / "go").touch()
    assert wait_for(lambda: not start_time(pid), seconds=10)
    own_bench = restarted(own_glue, own_bench)
    assert own_bench.ended(job, run_id)["JobRunState"] == "SUCCEEDED"


def test_a_run_whose_process_is_gone_is_failed_with_the_reason(own_glue: Glue, own_bench: Workbench) -> None:
    job, run_id = started(own_bench)
    pid = leader_of(own_glue, run_id)
    crash(own_glue)
    os.killpg(pid, signal.SIGKILL)
    assert wait_for(lambda: not start_time(pid), seconds=10)
    own_bench = restarted(own_glue, own_bench)
    run = own_bench.ended(job, run_id)
    assert run["JobRunState"] == "FAILED"
    assert "gone" in run["ErrorMessage"]


def test_jobs_runs_connections_and_tags_outlive_a_stop(own_glue: Glue, own_bench: Workbench) -> None:
    job = own_bench.job(Tags={"a": "b"})
    run_id = own_bench.start(job)
    before = own_bench.ended(job, run_id)
    own_bench.glue.create_connection(
        ConnectionInput={"Name": "c", "ConnectionType": "NETWORK", "ConnectionProperties": {}}
    )
    own_glue.stop()
    glue = restarted(own_glue, own_bench).glue
    assert glue.get_job_run(JobName=job, RunId=run_id)["JobRun"] == before
    assert glue.get_connection(Name="c")["Connection"]["Name"] == "c"
    assert glue.get_tags(ResourceArn=f"arn:aws:glue:us-east-1:000000000000:job/{job}")["Tags"] == {"a": "b"}


@pytest.mark.parametrize("crashed_before", [False, True])
def test_a_stop_leaves_no_process_of_any_run(own_glue: Glue, own_bench: Workbench, crashed_before: bool) -> None:
    job, run_id = started(own_bench)
    pid = leader_of(own_glue, run_id)
    if crashed_before:
        crash(own_glue)
        assert start_time(pid)
    own_glue.stop()
    assert not start_time(pid)
    own_bench = restarted(own_glue, own_bench)
    run = own_bench.ended(job, run_id)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"]
