"""What becomes of a run of the local Glue endpoint."""

from __future__ import annotations

import json
import re

import pytest

from adapters.local.processes import start_time, wait_for
from tests.local.conftest import Workbench

SLEEP = "import time; print('up', flush=True); time.sleep(300)"


def test_two_scripts_of_the_same_name_do_not_meet(bench: Workbench) -> None:
    three = {"MaxConcurrentRuns": 3}
    script = "import os; print('{}', os.getcwd())"
    jobs = {word: bench.job(script.format(word), ExecutionProperty=three) for word in ("one", "two")}
    runs = {word: [bench.start(job) for _ in range(3)] for word, job in jobs.items()}
    directories = set()
    for word, run_ids in runs.items():
        for run_id in run_ids:
            assert bench.ended(jobs[word], run_id)["JobRunState"] == "SUCCEEDED"
            [line] = bench.printed(run_id)
            assert line.startswith(f"{word} ")
            directories.add(line)
    assert len(directories) == 6


def test_output_and_errors_are_in_cloudwatch_and_the_last_error_line_is_the_message(bench: Workbench) -> None:
    run = bench.result(
        """
        import sys
        for number in range(25_000): print('line', number)
        print('', file=sys.stdout); print('ümlaut', file=sys.stdout)
        print('careful', file=sys.stderr)
        raise ValueError('the cause')
        """
    )
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ValueError: the cause"
    assert run["LogGroupName"] == "/aws-glue/python-jobs"
    shipped = (bench.directory(run["Id"]) / "shipped.json").read_text()
    assert json.loads(shipped)["output"] == (bench.directory(run["Id"]) / "stdout").stat().st_size
    assert bench.printed(run["Id"], kind="error")[0] == "careful"
    assert bench.printed(run["Id"])[0] == "line 0"


def test_what_a_run_prints_can_be_read_while_it_runs(bench: Workbench) -> None:
    job = bench.job(SLEEP)
    run_id = bench.start(job)
    bench.reaches(job, run_id, "RUNNING")
    assert bench.prints(run_id, "up")
    assert bench.state(job, run_id) == "RUNNING"
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])


def test_a_missing_script_fails_the_run_with_its_place(bench: Workbench) -> None:
    definition = bench.definition()
    definition["Command"]["ScriptLocation"] = "s3://tableferry-local/not/there.py"
    job = bench.glue.create_job(**definition)["Name"]
    run = bench.ended(job, bench.start(job))
    assert run["JobRunState"] == "FAILED"
    assert "s3://tableferry-local/not/there.py" in run["ErrorMessage"]


def test_an_exit_without_words_fails_the_run_with_its_code(bench: Workbench) -> None:
    run = bench.result("raise SystemExit(7)")
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "Command failed with exit code 7.")


def test_stop_kills_the_script_and_its_grandchildren(bench: Workbench) -> None:
    job = bench.job(
        """
        import os, pathlib, subprocess, time
        child = subprocess.Popen(['/bin/sh', '-c', 'sleep 300 & echo $! > grandchild; wait'])
        while not pathlib.Path('grandchild').exists() or not pathlib.Path('grandchild').read_text(): time.sleep(0.02)
        pathlib.Path('pids').write_text(f"{os.getpid()} {child.pid} {pathlib.Path('grandchild').read_text()}")
        time.sleep(300)
        """
    )
    run_id = bench.start(job)
    pids_file = bench.directory(run_id) / "pids"
    assert wait_for(lambda: pids_file.exists() and len(pids_file.read_text().split()) == 3, seconds=30)
    pids = [int(word) for word in pids_file.read_text().split()]
    assert all(start_time(pid) for pid in pids)
    answer = bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id, "jr_unknown"])
    assert [run["JobRunId"] for run in answer["SuccessfulSubmissions"]] == [run_id]
    assert [error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]] == ["EntityNotFoundException"]
    assert bench.ended(job, run_id)["JobRunState"] == "STOPPED"
    assert wait_for(lambda: not any(start_time(pid) for pid in pids), seconds=5)
    again = bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    assert again["Errors"][0]["ErrorDetail"]["ErrorCode"] == "InvalidInputException"


def test_a_run_that_is_stopped_while_it_starts_never_fails(bench: Workbench) -> None:
    job = bench.job(SLEEP, DefaultArguments={"--additional-python-modules": "toolz==0.11.2"}, MaxRetries=1)
    run_id = bench.start(job)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    assert bench.ended(job, run_id)["JobRunState"] == "STOPPED"
    assert len(bench.glue.get_job_runs(JobName=job)["JobRuns"]) == 1


def test_what_a_script_leaves_running_ends_with_it_and_does_not_hold_it(bench: Workbench) -> None:
    run = bench.result("import subprocess; print(subprocess.Popen(['sleep', '300']).pid)")
    assert run["JobRunState"] == "SUCCEEDED"
    assert wait_for(lambda: not start_time(int(bench.printed(run["Id"])[0])), seconds=5)


def test_a_run_beyond_the_limit_of_concurrent_runs_is_refused(bench: Workbench) -> None:
    job = bench.job(SLEEP, ExecutionProperty={"MaxConcurrentRuns": 2})
    first, second = bench.start(job), bench.start(job)
    with pytest.raises(bench.glue.exceptions.ConcurrentRunsExceededException):
        bench.start(job)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[first])
    assert bench.ended(job, first)["JobRunState"] == "STOPPED"
    third = bench.start(job)
    bench.glue.batch_stop_job_run(JobName=job, JobRunIds=[second, third])
    assert {bench.ended(job, run_id)["JobRunState"] for run_id in (second, third)} == {"STOPPED"}


def test_a_failed_run_is_tried_again_under_an_id_of_its_own(bench: Workbench) -> None:
    job = bench.job("raise SystemExit('no')", MaxRetries=2)
    run_id = bench.start(job)
    assert wait_for(lambda: len(bench.glue.get_job_runs(JobName=job)["JobRuns"]) == 3, seconds=60)
    bench.ended(job, f"{run_id}_attempt_2")
    runs = bench.glue.get_job_runs(JobName=job)["JobRuns"]
    assert [run["Id"] for run in runs] == [f"{run_id}_attempt_2", f"{run_id}_attempt_1", run_id]
    assert [run["Attempt"] for run in runs] == [2, 1, 0]
    assert runs[0]["PreviousRunId"] == f"{run_id}_attempt_1"
    assert {run["ErrorMessage"] for run in runs} == {"no"}


def test_runs_are_listed_newest_first_in_pages(bench: Workbench) -> None:
    job = bench.job(ExecutionProperty={"MaxConcurrentRuns": 3})
    started = [bench.start(job) for _ in range(3)]
    assert all(re.fullmatch("jr_[0-9a-f]{64}", run_id) for run_id in started)
    first = bench.glue.get_job_runs(JobName=job, MaxResults=2)
    rest = bench.glue.get_job_runs(JobName=job, MaxResults=2, NextToken=first["NextToken"])
    assert [run["Id"] for run in first["JobRuns"] + rest["JobRuns"]] == started[::-1]
    assert "NextToken" not in rest
    assert {bench.ended(job, run_id)["JobRunState"] for run_id in started} == {"SUCCEEDED"}


def test_a_run_that_takes_too_long_is_killed_and_not_tried_again(own_bench: Workbench) -> None:
    job = own_bench.job(SLEEP, MaxRetries=1, Timeout=2880)
    run_id = own_bench.start(job, Timeout=1)
    run = own_bench.ended(job, run_id)
    assert (run["JobRunState"], run["Timeout"]) == ("TIMEOUT", 1)
    assert len(own_bench.glue.get_job_runs(JobName=job)["JobRuns"]) == 1
