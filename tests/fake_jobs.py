"""Glue in memory: its runs load for real, one chunk a look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import ConflictError, NotFoundError
from core.items.item import ItemConverter
from core.items.plan import Cell, LoadPlan
from core.items.preflight import collisions_key, progress_key, result_key
from core.ports import JobDefinition, JobRun, PermissionReport, ServiceStatus
from tests.fake_services import Effects, FakeObjects, FakeTargets, ready


@dataclass
class FakeJobs:
    """Glue whose runs load for real, one chunk a look; `ends` are the states that coming runs end in.

    A run that ends otherwise than SUCCEEDED dies after its first chunk. `leave_out` chunks get no result, once each.
    `looks` are the states that coming preflights end in. `compared` goes into what full validations find.
    """

    effects: Effects
    objects: FakeObjects
    targets: FakeTargets
    rows: list[tuple[Cell, ...]]
    ends: list[str] = field(default_factory=list)
    leave_out: set[int] = field(default_factory=set)
    found: list[dict[str, Any]] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    compared: dict[str, Any] = field(default_factory=dict)
    lose_reply: BaseException | None = None
    overlaps: int = 0
    jobs: dict[str, JobDefinition] = field(default_factory=dict)
    history: list[tuple[str, JobRun]] = field(default_factory=list)

    async def status(self) -> ServiceStatus:
        return ready("glue")[0]

    async def permissions(
        self, role_arn: str, requirements: Sequence[tuple[str, str]], connections: Sequence[str]
    ) -> PermissionReport:
        return ready("glue")[1]

    async def create_job(self, job: JobDefinition) -> bool:
        if job.name in self.jobs:
            if self.jobs[job.name] != job:
                raise ConflictError(f"{job.name} differs")
            return False
        with self.effects.of("job"):
            self.jobs[job.name] = job
        return True

    async def start_run(self, job: str, arguments: dict[str, str]) -> str:
        if job not in self.jobs:
            raise NotFoundError(f"no job {job}")
        run_id = f"jr_{self.effects.count('run') + 1}"
        self.overlaps += len(self.live)
        with self.effects.of("run"):
            self.history.append((job, JobRun(run_id, "RUNNING", dict(arguments))))
        if (lost := self.lose_reply) is not None:
            self.lose_reply = None
            raise lost
        return run_id

    async def run(self, job: str, run_id: str) -> JobRun:
        number = next((n for n, (_, r) in enumerate(self.history) if r.run_id == run_id), None)
        if number is None:
            raise NotFoundError(f"no run {run_id}")
        self._work(number)
        return self.history[number][1]

    async def runs(self, job: str) -> list[JobRun]:
        return [run for owner, run in reversed(self.history) if owner == job]

    async def logs(self, job: str, run_id: str, max_lines: int = 50) -> list[str]:
        return ["the last line"]

    async def stop_run(self, job: str, run_id: str) -> None:
        self.end(run_id, "STOPPED")

    async def exists(self, job: str) -> bool:
        return job in self.jobs

    async def delete_job(self, job: str) -> bool:
        return self.jobs.pop(job, None) is not None

    def end(self, run_id: str, state: str) -> None:
        """What happens while nobody watches."""
        self.history = [(j, replace(r, state=state) if r.run_id == run_id else r) for j, r in self.history]

    @property
    def live(self) -> list[str]:
        return [run.run_id for _, run in self.history if not run.is_over]

    def _work(self, number: int) -> None:
        job, run = self.history[number]
        if run.is_over:
            return
        key = self.jobs[job].default_arguments["--plan"].removeprefix(f"s3://{self.objects.bucket}/")
        plan = LoadPlan.from_json(self.objects.objects[key].decode())
        if run.arguments.get("--task") == "preflight":
            self._look(number, plan)
            return
        if run.arguments.get("--task") == "validate":
            self._validate(number, plan)
            return
        missing = [c.number for c in plan.chunks if plan.result_key(c.number) not in self.objects.objects]
        skipped = self.leave_out & set(missing)
        todo = [n for n in missing if n not in skipped]
        if todo:
            self._load(plan, todo[0])
        state = self.ends[0] if self.ends else "SUCCEEDED"
        if state != "SUCCEEDED" or len(todo) <= 1:
            self.ends = self.ends[1:]
            self.leave_out -= skipped
            self.history[number] = (job, replace(run, state=state, execution_seconds=1.5))

    def _look(self, number: int, plan: LoadPlan) -> None:
        """A preflight's run, done at the second look; `found` is what it finds."""
        job, run = self.history[number]
        state = self.looks.pop(0) if self.looks else "SUCCEEDED"
        survey = run.arguments["--survey"]
        key = progress_key(plan.prefix, survey)
        if state == "SUCCEEDED" and key not in self.objects.objects:
            said = {"activity": "preflight", "done": 1, "total": len(self.rows)}
            self.objects.objects[key] = json.dumps(said).encode()
            return
        self.history[number] = (job, replace(run, state=state, execution_seconds=1.5))
        result = {"rows": len(self.rows), "findings": self.found, "seconds": 0.5, "peak_memory_bytes": 1}
        if state == "SUCCEEDED":
            self.objects.objects[result_key(plan.prefix, survey)] = json.dumps(result).encode()
            self.objects.objects[collisions_key(plan.prefix, survey)] = b""

    def _validate(self, number: int, plan: LoadPlan) -> None:
        """A full validation's run, done at the second look; it only counts, and lists what is missing or extra."""
        job, run = self.history[number]
        state = self.looks.pop(0) if self.looks else "SUCCEEDED"
        prefix = f"{plan.prefix}validation/{run.arguments['--validation']}/"
        if state == "SUCCEEDED" and f"{prefix}progress.json" not in self.objects.objects:
            progress = {"activity": "comparing every item", "done": 1, "total": len(self.rows)}
            self.objects.objects[f"{prefix}progress.json"] = json.dumps(progress).encode()
            return
        self.history[number] = (job, replace(run, state=state, execution_seconds=1.5))
        if state == "SUCCEEDED":
            result = self._comparison(plan, run.arguments["--validation"])
            self.objects.objects[f"{prefix}result.json"] = json.dumps(result).encode()

    def _comparison(self, plan: LoadPlan, validation: str) -> dict[str, Any]:
        keys = [k.name for k in plan.item.keys if k.index is None]
        items = [ItemConverter(plan.item).convert(row) for row in self.rows]
        expected = {repr({n: item[n] for n in keys}): item for item in items}
        actual = self.targets.items[plan.target_table]
        return {
            "validation": validation,
            "rows_in_view": len(self.rows),
            "items_in_target": len(actual),
            "rejects": 0,
            "rejects_by_reason": {},
            "compared": len(actual),
            "indexes": [],
            "seconds": 0.5,
            "peak_memory_bytes": 1,
            "missing": len(expected.keys() - actual.keys()),
            "extra": len(actual.keys() - expected.keys()),
            "differing": sum(actual[k] != expected[k] for k in actual.keys() & expected.keys()),
            "colliding": 0,
            "taken": 0,
            "claims": 0,
            "repairable": sum(actual.get(k) != item for k, item in expected.items()),
            "mismatches": [],
            **self.compared,
        }

    def _load(self, plan: LoadPlan, number: int) -> None:
        chunk = next(c for c in plan.chunks if c.number == number)
        first = sum(c.rows for c in plan.chunks if c.number < number)
        rows = self.rows[first : first + chunk.rows]
        keys = [k.name for k in plan.item.keys if k.index is None]
        for row in rows:
            self.targets.put(plan.target_table, keys, ItemConverter(plan.item).convert(row))
        self.objects.objects[plan.result_key(number)] = chunk_result(plan, number, len(rows))


def chunk_result(plan: LoadPlan, number: int, rows: int, **changes: Any) -> bytes:
    """A result object as the loader writes it."""
    result = {
        "chunk": number,
        "view_hash": plan.view_hash,
        "rows_read": rows,
        "items_written": rows,
        "rejects": 0,
        "rejects_by_reason": {},
        "bytes_read": rows,
        "bytes_written": rows,
        "capacity_units": 1.0,
        "retries": 0,
        "unprocessed_items": 0,
        "seconds": {"read": 0.1, "convert": 0.1, "write": 0.1},
    }
    return json.dumps(result | changes).encode()
