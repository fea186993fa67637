"""The runs of the Glue endpoint: one directory each, with what ran, what it wrote, and its record.

Guarantees:
- A change of a run is on disk, whole, before anybody can see it.
- A run that has ended never changes again.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from adapters.local.glue_requests import Json
from adapters.local.processes import Daemon, write_private


class RunState(StrEnum):
    """Glue's own states that occur here."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"

    @property
    def is_final(self) -> bool:
        return self not in (RunState.STARTING, RunState.RUNNING, RunState.STOPPING)


@dataclass(frozen=True)
class Run:
    """One attempt at a job; `job` is the definition at its start, `settings` the rest of StartJobRun's request.

    Times are seconds since the epoch.
    """

    id: str
    job: Json
    settings: Json
    started_on: float
    modified_on: float
    state: RunState = RunState.STARTING
    attempt: int = 0
    previous_id: str | None = None
    running_since: float | None = None
    completed_on: float | None = None
    error_message: str | None = None
    process: Daemon | None = None

    @property
    def arguments(self) -> Mapping[str, str]:
        """What the script is called with: defaults, then the run's, then what nobody may override."""
        fixed = self.job.get("NonOverridableArguments") or {}
        return {**(self.job.get("DefaultArguments") or {}), **(self.settings.get("Arguments") or {}), **fixed}

    @property
    def timeout_minutes(self) -> int:
        # 48 hours is Glue's default for Python shell jobs.
        return int(self.settings.get("Timeout") or self.job.get("Timeout") or 2_880)

    @property
    def execution_seconds(self) -> int:
        if self.running_since is None:
            return 0
        return int((self.completed_on or time.time()) - self.running_since)


def new_run_id() -> str:
    """`jr_` and 64 hexadecimal digits, as Glue's are."""
    return f"jr_{secrets.token_hex(32)}"


class RunStore:
    """All runs, newest last; safe to use from several threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.RLock()
        read = (_read(record) for record in directory.glob("*/run.json"))
        self._runs = {run.id: run for run in sorted(read, key=lambda run: run.started_on)}

    def directory_of(self, run: Run) -> Path:
        """Where the run's script, output and record are."""
        return self._directory / run.id

    def add(self, run: Run) -> None:
        with self._lock:
            self._save(run)

    def get(self, run_id: str) -> Run | None:
        with self._lock:
            return self._runs.get(run_id)

    def current(self, run: Run) -> Run:
        """The run as it is now."""
        with self._lock:
            return self._runs[run.id]

    def change(self, run: Run, *, unless: RunState | None = None, **changes: Any) -> Run:
        """Change a run, unless it has ended or is in that state; answers what it is now."""
        with self._lock:
            now = self._runs[run.id]
            if not now.state.is_final and now.state != unless:
                self._save(replace(now, modified_on=time.time(), **changes))
            return self._runs[run.id]

    def of_job(self, job: Json) -> list[Run]:
        """Runs of this job, newest first; not those of an earlier job of its name."""
        with self._lock:
            runs = [run for run in self._runs.values() if _same_job(run.job, job)]
        return runs[::-1]

    def unfinished(self) -> list[Run]:
        with self._lock:
            return [run for run in self._runs.values() if not run.state.is_final]

    def _save(self, run: Run) -> None:
        write_private(self.directory_of(run) / "run.json", json.dumps(asdict(run)))
        self._runs[run.id] = run


def _same_job(one: Json, other: Json) -> bool:
    return bool(one["Name"] == other["Name"] and one["CreatedOn"] == other["CreatedOn"])


def _read(record: Path) -> Run:
    stored = json.loads(record.read_text())
    process = Daemon(**stored.pop("process")) if stored.get("process") else stored.pop("process")
    return Run(**{**stored, "state": RunState(stored["state"]), "process": process})
