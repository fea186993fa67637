"""StartJobRun, GetJobRun and the like of the Glue endpoint."""

from __future__ import annotations

import time
from typing import Any

from adapters.local.glue_connections import Connections
from adapters.local.glue_errors import GlueError, invalid_input, not_found
from adapters.local.glue_jobs import Jobs
from adapters.local.glue_logs import LOG_GROUP
from adapters.local.glue_requests import Json, page, required
from adapters.local.glue_runner import Runner
from adapters.local.glue_runs import Run, RunState, RunStore, new_run_id
from adapters.local.glue_validation import check_arguments, check_run_settings

MOST_RUNS_OF_A_PAGE = 200
_SETTINGS = ("Arguments", "Timeout", "MaxCapacity", "SecurityConfiguration", "NotificationProperty")


class JobRuns:
    """The runs of all jobs; the caller serialises calls."""

    def __init__(self, jobs: Jobs, connections: Connections, store: RunStore, runner: Runner) -> None:
        self._jobs = jobs
        self._connections = connections
        self._store = store
        self._runner = runner

    def start(self, request: Json) -> Json:
        job = self._jobs.find(required(request, "JobName"))
        _check_start(request)
        self._connections.check_exist((job.get("Connections") or {}).get("Connections") or [])
        going = [run for run in self._store.of_job(job) if not run.state.is_final]
        most = int((job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1))
        if len(going) >= most:
            raise GlueError(
                "ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']} (at most {most})."
            )
        settings = {name: request[name] for name in _SETTINGS if name in request}
        now = time.time()
        run = Run(id=new_run_id(), job=job, settings=settings, started_on=now, modified_on=now)
        self._runner.start(run)
        return {"JobRunId": run.id}

    def get(self, request: Json) -> Json:
        return {"JobRun": _shown(self._find(self._job_of(request), required(request, "RunId")))}

    def get_all(self, request: Json) -> Json:
        """Newest first, in pages."""
        runs, more = page(self._store.of_job(self._job_of(request)), request, most=MOST_RUNS_OF_A_PAGE)
        return {"JobRuns": [_shown(run) for run in runs], **more}

    def batch_stop(self, request: Json) -> Json:
        """Every run is answered for on its own: submitted, or with its error."""
        job = self._job_of(request)
        submitted, errors = [], []
        for run_id in request.get("JobRunIds") or []:
            place = {"JobName": job["Name"], "JobRunId": run_id}
            try:
                self._stop(self._find(job, run_id))
                submitted.append(place)
            except GlueError as error:
                errors.append({**place, "ErrorDetail": {"ErrorCode": error.kind, "ErrorMessage": error.message}})
        return {"SuccessfulSubmissions": submitted, "Errors": errors}

    def _stop(self, run: Run) -> None:
        if run.state.is_final or self._store.change(run, state=RunState.STOPPING).state is not RunState.STOPPING:
            raise invalid_input(f"Job run {run.id} is {self._store.current(run).state} already.")

    def _job_of(self, request: Json) -> Json:
        return self._jobs.find(required(request, "JobName"))

    def _find(self, job: Json, run_id: str) -> Run:
        found = next((run for run in self._store.of_job(job) if run.id == run_id), None)
        if found is None:
            raise not_found(f"Job run {run_id} of {job['Name']} not found.")
        return found


def _check_start(request: Json) -> None:
    if "WorkerType" in request or "NumberOfWorkers" in request:
        raise invalid_input("Worker Type is not supported for Job Command pythonshell.")
    if "JobRunId" in request:
        raise invalid_input("tableferry's local imitation of Glue does not run an earlier run (JobRunId) again.")
    check_arguments(request.get("Arguments") or {})
    check_run_settings(request)


def _shown(run: Run) -> Json:
    shown: dict[str, Any] = {
        "Id": run.id,
        "Attempt": run.attempt,
        "PreviousRunId": run.previous_id,
        "JobName": run.job["Name"],
        "JobMode": "SCRIPT",
        "StartedOn": run.started_on,
        "LastModifiedOn": run.modified_on,
        "CompletedOn": run.completed_on,
        "JobRunState": run.state,
        "Arguments": run.settings.get("Arguments") or {},
        "ErrorMessage": run.error_message,
        "PredecessorRuns": [],
        "ExecutionTime": run.execution_seconds,
        "Timeout": run.timeout_minutes,
        "MaxCapacity": run.settings.get("MaxCapacity", run.job.get("MaxCapacity")),
        "LogGroupName": LOG_GROUP,
        "GlueVersion": run.job.get("GlueVersion"),
    }
    return {name: value for name, value in shown.items() if value is not None}
