"""From the start of `tableferry resume` to its first new write, for a table of which 490 of 500 chunks are loaded.

`make bench-resume` runs it; the seconds are those of the machine, with the local imitation of Glue.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.crash.stage import LONGEST, Stage
from tests.crash.victims import job_runs, kill_tree
from tests.e2e.conftest import wait_until

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.crash]

TABLE, CHUNKS, DONE = "Resumed", 500, 490


def test_time_to_the_first_new_write(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the time goes, as a table; the load then ends right, and loads nothing twice."""
    job = _killed_near_the_end(stage)
    done = len(set(stage.chunks_done(TABLE)))
    assert DONE <= done < CHUNKS
    trace = stage.ferry.home / "resume-trace"
    stage.proxy.watched, stage.proxy.seen_at = b"BatchWriteItem", None
    began = time.time()
    process = stage.start("resume", stage.migration, trace=str(trace))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, (out, err)
    first_write = stage.proxy.seen_at
    assert first_write is not None
    _, last = sorted(job_runs(stage.glue, job), key=lambda run: float(run["started_on"]))[:2]
    marks = _marks(trace.read_text().splitlines())
    steps = {
        "Python, Prefect, four MCP servers, check, plan, lease": marks["restart_load loading>loading begun"],
        "what is there already": marks["restart_load before jobs.start_run 1"],
        "the run is asked for": marks["restart_load after jobs.start_run 1"],
        "Glue starts the process": float(last["running_since"]),
        "loader: imports, plan, results, first chunk read": first_write,
    }
    with capsys.disabled():
        _print(f"\n{done} of {CHUNKS} chunks done")
        at = began
        for step, until in steps.items():
            _print(f"{until - at:8.2f} s  {step}")
            at = until
        _print(f"{first_write - began:8.2f} s  from start to first new write")
    stage.expect("resume", "job run", stage.migration, {TABLE: LONGEST}, {}, (2,))


def _killed_near_the_end(stage: Stage) -> str:
    """Kill orchestrator and run once 490 chunks are loaded; returns the job's name."""
    process = stage.start("run", stage.contract({TABLE: LONGEST}))
    try:
        wait_until(lambda: bool(stage.migrations()), "the migration")
        job = f"tableferry-{stage.migration}-{TABLE}"
        # The log is read often: a chunk takes some ten milliseconds.
        wait_until(lambda: any(_lines(stage, run) for run in job_runs(stage.glue, job)), "the first chunk")
        (run,) = [run for run in job_runs(stage.glue, job) if _lines(stage, run)]
        deadline = time.monotonic() + 300
        while _lines(stage, run) < DONE + 1 and time.monotonic() < deadline:
            time.sleep(0.002)
        os.killpg(run["process"]["pid"], signal.SIGKILL)
    finally:
        kill_tree(process.pid)
        process.communicate()
    wait_until(lambda: all(r["state"] == "FAILED" for r in job_runs(stage.glue, job)), "the run's end")
    return job


def _lines(stage: Stage, run: dict[str, Any]) -> int:
    """Lines that a run printed: one as it began, one for each chunk."""
    log = stage.glue / "runs" / run["id"] / "stdout"
    return log.read_bytes().count(b'"event": "chunk"') + 1 if log.exists() and run["process"] else 0


def _marks(lines: list[str]) -> dict[str, float]:
    """When each moment was first passed."""
    found: dict[str, float] = {}
    for line in lines:
        moment, _, point = line.split("\t")
        found.setdefault(point, float(moment))
    return found


def _print(text: str) -> None:
    print(text)  # noqa: T201 - figures for whoever ran it
