"""Carries runs out: one thread watches one process, and everything that matters is on disk.

Guarantees:
- A run that was stopped or ran too long is killed with its whole process group before its state says so.
- After a crash of the endpoint a run that goes on is watched again; one whose process is gone becomes FAILED.
- `close` leaves no process of any run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from adapters.local.glue_cloud import Cloud
from adapters.local.glue_errors import GlueError
from adapters.local.glue_launch import Launch
from adapters.local.glue_logs import LogShipper
from adapters.local.glue_runs import Run, RunState, RunStore
from adapters.local.processes import Daemon, is_running, last_line, log_tail, wait_for
from core.errors import TableferryError

LOGGER = logging.getLogger("tableferry.local.glue")

WATCH_EVERY_SECONDS = 0.1
LOGS_SECONDS = 5.0
MOST_MESSAGE_CHARACTERS = 2_000


class Runner:
    """Starts, watches and ends the processes of runs; `minute_seconds` is how long a minute of a Timeout is."""

    def __init__(self, cloud: Cloud, glue_url: str, store: RunStore, *, minute_seconds: float = 60.0) -> None:
        self._cloud = cloud
        self._glue_url = glue_url
        self._store = store
        self._minute_seconds = minute_seconds
        self._launching = threading.Lock()
        self._closed = False

    def start(self, run: Run) -> None:
        """Record a run and begin with it; comes back at once."""
        self._store.add(run)
        threading.Thread(target=self._carry_out, args=(run,), name=run.id, daemon=True).start()

    def take_up_again(self) -> None:
        """After a restart: watch what still runs, and say what became of the rest."""
        for run in self._store.unfinished():
            if run.process is None:
                self._fail(run, "The local Glue endpoint ended while this run was starting.")
            else:
                threading.Thread(target=self._watch, args=(run, run.process), name=run.id, daemon=True).start()

    def close(self) -> None:
        """End every run; each is FAILED with the reason."""
        with self._launching:
            self._closed = True
        for run in self._store.unfinished():
            if run.process is not None:
                kill_group(run.process)
            self._end(run, RunState.FAILED, "The local Glue endpoint was stopped while this run was going.")

    def _carry_out(self, run: Run) -> None:
        try:
            launch = Launch(self._cloud, self._glue_url, run, self._store.directory_of(run))
            with self._launching:
                if self._closed or self._store.current(run).state is not RunState.STARTING:
                    self._end(run, RunState.STOPPED)
                    return
                process = launch.start()
                run = self._store.change(run, process=process, running_since=time.time())
                run = self._store.change(run, unless=RunState.STOPPING, state=RunState.RUNNING)
        except (GlueError, TableferryError, ClientError, BotoCoreError, OSError) as error:
            self._fail(run, str(error))
        except BaseException:
            # A defect of ours must not leave a run that is STARTING for ever; the thread's traceback goes to the log.
            self._end(run, RunState.FAILED, "The local Glue endpoint failed; its log says how.")
            raise
        else:
            self._watch(run, process)

    def _watch(self, run: Run, process: Daemon) -> None:
        directory = self._store.directory_of(run)
        logs = LogShipper(self._cloud, directory, run.id)
        deadline = (run.running_since or run.started_on) + run.timeout_minutes * self._minute_seconds
        killed: RunState | None = None
        while is_running(process):
            if self._store.current(run).state is RunState.STOPPING:
                killed = RunState.STOPPED
            elif time.time() > deadline:
                killed = RunState.TIMEOUT
            if killed:
                kill_group(process)
                break
            time.sleep(WATCH_EVERY_SECONDS)
        logs.finish(seconds=LOGS_SECONDS)
        if not self._closed:
            self._conclude(run, killed, directory)

    def _conclude(self, run: Run, killed: RunState | None, directory: Path) -> None:
        exit_file = directory / "exit"
        if killed is RunState.TIMEOUT:
            self._end(run, killed, "Job run exceeded its timeout.")
        elif killed is not None or self._store.current(run).state is RunState.STOPPING:
            self._end(run, RunState.STOPPED)
        elif not exit_file.exists():
            self._fail(
                run, "The process of this run is gone: it was killed from outside, or the machine was restarted."
            )
        elif (status := int(exit_file.read_text())) == 0:
            self._end(run, RunState.SUCCEEDED)
        else:
            said = log_tail(directory / "stderr", lines=50)
            self._fail(run, last_line(said) if said.strip() else f"Command failed with exit code {status}.")

    def _fail(self, run: Run, message: str) -> None:
        if self._store.current(run).state is RunState.STOPPING:
            self._end(run, RunState.STOPPED)
            return
        ended = self._end(run, RunState.FAILED, message)
        # "Jobs that reach the timeout limit are not restarted", nor are those that were stopped.
        if ended.state is RunState.FAILED and ended.attempt < int(ended.job.get("MaxRetries", 0)) and not self._closed:
            first_id = ended.id.partition("_attempt_")[0]
            attempt, now = ended.attempt + 1, time.time()
            self.start(
                Run(
                    id=f"{first_id}_attempt_{attempt}",
                    job=ended.job,
                    settings=ended.settings,
                    started_on=now,
                    modified_on=now,
                    attempt=attempt,
                    previous_id=ended.id,
                )
            )

    def _end(self, run: Run, state: RunState, message: str | None = None) -> Run:
        shown = message[:MOST_MESSAGE_CHARACTERS] if message else None
        ended = self._store.change(run, state=state, error_message=shown, completed_on=time.time())
        LOGGER.info("run %s of %s: %s", run.id, run.job["Name"], ended.state)
        return ended


def kill_group(process: Daemon) -> None:
    """Kill a run's process group; comes back when its leader is gone. No error when it is gone already."""
    if is_running(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        wait_for(lambda: not is_running(process), seconds=10)


def kill_runs_of(directory: Path) -> None:
    """Kill what an endpoint that crashed left running."""
    for run in RunStore(directory / "runs").unfinished():
        if run.process is not None:
            kill_group(run.process)
