"""Runs of load jobs: start, look, list, stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.shapes import time_text
from core.errors import ConflictError

_OVER = frozenset({"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})


class StartAnswer(BaseModel):
    """The run that was started."""

    run_id: str


class JobRun(BaseModel):
    """A run as Glue knows it; `state` is Glue's own word."""

    run_id: str
    state: str
    started_at: str | None
    completed_at: str | None
    execution_seconds: int | None
    error_message: str | None
    attempt: int
    arguments: dict[str, str]


class JobRuns(BaseModel):
    """Runs, the newest first."""

    runs: list[JobRun]


class StopAnswer(BaseModel):
    """The run and its state after it was told to stop; STOPPING takes Glue a while."""

    run_id: str
    state: str


def start_run(clients: AwsClients, job: str, arguments: Mapping[str, str]) -> StartAnswer:
    """Start a run. A lost answer leaves a run behind: look at the runs before starting another."""
    with aws_call(_where(job)):
        return StartAnswer(run_id=clients.glue.start_job_run(JobName=job, Arguments=arguments)["JobRunId"])


def get_run(clients: AwsClients, job: str, run_id: str) -> JobRun:
    """The run. Raises NotFoundError."""
    with aws_call(f"run {run_id} of {_where(job)}"):
        return _run(clients.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])


def list_runs(clients: AwsClients, job: str, max_results: int) -> JobRuns:
    """The newest runs."""
    found: list[Any] = []
    with aws_call(_where(job)):
        # An endpoint may list the oldest first, so all pages are read before the newest are taken.
        for page in clients.glue.get_paginator("get_job_runs").paginate(
            JobName=job, PaginationConfig={"PageSize": 200}
        ):
            found += page["JobRuns"]
    newest = sorted(found, key=lambda run: (run.get("StartedOn") is not None, run.get("StartedOn")), reverse=True)
    return JobRuns(runs=[_run(run) for run in newest[:max_results]])


def stop_run(clients: AwsClients, job: str, run_id: str) -> StopAnswer:
    """Tell a run to stop; one that is over already is no error. Raises NotFoundError, ConflictError."""
    before = get_run(clients, job, run_id)
    if before.state in _OVER:
        return StopAnswer(run_id=run_id, state=before.state)
    with aws_call(f"run {run_id} of {_where(job)}"):
        answer: Any = clients.glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
    after = get_run(clients, job, run_id)
    refused = answer.get("Errors") or []
    if refused and after.state not in _OVER and after.state != "STOPPING":
        detail = refused[0].get("ErrorDetail") or {}
        raise ConflictError(
            f"Glue would not stop run {run_id} of {_where(job)}: {detail.get('ErrorMessage', 'no reason given')}.",
            remedy="Look at the run, then try again.",
            differences=[],
            state=after.state,
        )
    return StopAnswer(run_id=run_id, state=after.state)


def _run(run: Mapping[str, Any]) -> JobRun:
    return JobRun(
        run_id=run["Id"],
        state=run["JobRunState"],
        started_at=time_text(run.get("StartedOn")),
        completed_at=time_text(run.get("CompletedOn")),
        execution_seconds=run.get("ExecutionTime"),
        error_message=run.get("ErrorMessage") or None,
        attempt=run.get("Attempt", 0),
        arguments=run.get("Arguments") or {},
    )


def _where(job: str) -> str:
    return f"Glue job {job}"
