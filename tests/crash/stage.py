"""Lives of a migration on real servers: each a process that ends by a kill or by itself."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from tests.conftest import Database
from tests.crash.control import Control, OnArrival
from tests.crash.cut_proxy import CutProxy
from tests.crash.victims import job_runs, kill_tree
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_main_job import plain

ROOT = Path(__file__).parents[2]
SMALL, LARGE, LONG, DIRTY = "few_rows", "some_rows", "many_rows", "dirty_rows"
LONGEST = "very_many_rows"  # twenty tables of so many rows outlast 200 kills
ROWS = {SMALL: 20, LARGE: 40, LONG: 1_500, LONGEST: 12_000, DIRTY: 40}
ROWS_PER_CHUNK = 10
LOADING_TASKS = frozenset({"load", "retry-rejects"})
Points = dict[str, list[str]]


@dataclass
class Stage:
    """One home, one database, one emulator; stories have tables of their own."""

    ferry: Ferry
    database: Database
    root: pymysql.Connection[Any]
    glue: Path
    proxy: CutProxy
    control: Control
    outcomes: list[tuple[str, str, str, str]]
    orchestrator: int = 0

    def contract(self, tables: Mapping[str, str]) -> str:
        """A contract of these tables, each from one of the sources."""
        return self.ferry.contract(*(_table(name, source) for name, source in tables.items()))

    def start(self, *arguments: str, points: Points | None = None, **plan: Any) -> subprocess.Popen[str]:
        """Start the command with an ear at its joints."""
        document = {"port": self.control.port, "points": points or {}, **plan}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.crash.runner", *arguments, "--output", "json"],
            env={**self.ferry.environment, "PYTHONPATH": str(ROOT), "CRASH_PLAN": json.dumps(document)},
            cwd=self.ferry.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def killed_at(self, points: Points, *arguments: str, **plan: Any) -> None:
        """A life: every table waits at its point, and when all are there, the whole process tree is killed."""
        assert all(len(p) == 1 for p in points.values()), "a process dies once"
        expected = {(table, point) for table, (point,) in points.items()}
        self.control.begin(lambda table, point: False)
        process = self.start(*arguments, points=points, **plan)
        try:
            wait_until(
                lambda: expected <= self.control.arrived or process.poll() is not None,
                "the arrival at every point",
                300,
            )
        finally:
            kill_tree(process.pid)
            out, err = process.communicate()
        assert expected <= self.control.arrived, (sorted(expected - self.control.arrived), out[-3_000:], err[-3_000:])

    def disturbed_at(self, points: Points, on_arrival: OnArrival, *arguments: str, **plan: Any) -> tuple[int, Points]:
        """A life that goes on after each of its points, where something else is killed.

        Returns its exit code and the points that it did not pass.
        """
        self.control.begin(on_arrival)
        process = self.start(*arguments, points=points, **plan)
        self.orchestrator = process.pid
        try:
            process.communicate(timeout=600)
        finally:
            kill_tree(process.pid)
        assert self.control.errors == []
        left = {t: [p for p in each if (t, p) not in self.control.arrived] for t, each in points.items()}
        return process.returncode, {table: each for table, each in left.items() if each}

    @property
    def migration(self) -> str:
        """The newest migration's id."""
        return self.migrations()[0]

    def migrations(self) -> list[str]:
        """Every migration's id, newest first; none before the first command made its store."""
        try:
            return [str(row[0]) for row in self._stored("SELECT id FROM migration ORDER BY number DESC")]
        except sqlite3.OperationalError:
            return []  # there is no file, or no table in it, yet

    def states(self, migration: str) -> dict[str, str]:
        """Where the migration's tables stand."""
        sql = "SELECT table_name, state FROM table_checkpoint WHERE migration_id = ? ORDER BY table_name"
        return dict(self._stored(sql, migration))

    def status(self, migration: str) -> str:
        """How the whole stands."""
        return str(self._stored("SELECT status FROM migration WHERE id = ?", migration)[0][0])

    def all_validated(self, tables: Iterable[str]) -> bool:
        """Whether the newest migration has nothing left to do."""
        begun = self.migrations()
        states = self.states(begun[0]) if begun else {}
        return all(states.get(table) == "validated" for table in tables)

    def _stored(self, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
        # Another start of the command for each look would double what the tests cost.
        state = Path(self.ferry.environment["TABLEFERRY_HOME"]) / "state.db"
        with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True, timeout=30)) as store:
            return store.execute(sql, parameters).fetchall()

    def resume(self, migration: str) -> dict[str, Any]:
        """The plain command, to a good end."""
        return self.ferry.result("resume", migration)

    def problems(self, migration: str, table: str, source: str, runs: Iterable[int] = (1,)) -> list[str]:
        """How a table differs from one whose run nobody disturbed; `runs` are the load runs that the kills explain."""
        found: list[str] = []
        items = sorted(json.dumps(i, sort_keys=True) for i in self.ferry.items(table))
        if items != (wanted := _items(source)):
            found.append(f"{len(items)} items, of which {len(set(items) & set(wanted))} of {len(wanted)} are right")
        view = f"ddb_{table.lower()}_view"
        views = self.database.query(
            "SELECT COUNT(*) FROM information_schema.views WHERE table_schema = DATABASE() AND LOWER(table_name) = %s",
            view,
        )
        if views != [(1,)]:
            found.append(f"{views[0][0]} views")
        loads, chunks = self._loads(migration, table)
        if loads not in runs:
            found.append(f"{loads} load runs")
        # A chunk is written, noted in S3 and then told in the log: a run that was killed in between repeats one, or
        # does not tell of one.
        planned = ROWS[source] // ROWS_PER_CHUNK
        untold = sorted(set(range(planned)) - set(chunks))
        if len(untold) >= max(loads, 1):
            found.append(f"{len(untold)} chunks that no run tells of: {untold[:10]}")
        often = {chunk: times for chunk, times in Counter(chunks).items() if times > loads}
        if often:
            found.append(f"chunks loaded too often: {often}")
        if len(chunks) > planned + 1 + loads:
            found.append(f"{len(chunks)} loads of {planned} chunks")
        return found

    def chunks_done(self, table: str) -> list[int]:
        """The chunks that runs of the newest migration say they loaded."""
        return self._loads(self.migration, table)[1]

    def _loads(self, migration: str, table: str) -> tuple[int, list[int]]:
        """The load runs of a table's one job, and the chunks that they say they loaded."""
        job = f"tableferry-{migration}-{table}"
        runs = [r for r in job_runs(self.glue, job) if _task(r) in LOADING_TASKS]
        chunks: list[int] = []
        for run in runs:
            log = self.glue / "runs" / run["id"] / "stdout"
            text = log.read_text() if log.exists() else ""
            events = (json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}"))
            chunks += [e["chunk"] for e in events if e.get("event") == "chunk"]
        return len(runs), chunks

    def expect(
        self,
        story: str,
        victim: str,
        migration: str,
        tables: Mapping[str, str],
        points: Points,
        runs: Iterable[int] | Mapping[str, Iterable[int]] = (1,),
    ) -> None:
        """Note the outcome of every point; fail when anything was lost or made twice."""
        states = self.states(migration)
        wrong: dict[str, list[str]] = {}
        for table, source in tables.items():
            allowed = runs.get(table, (1,)) if isinstance(runs, Mapping) else runs
            found = self.problems(migration, table, source, tuple(allowed))
            if states[table] != "validated":
                found.append(f"is {states[table]}")
            if found:
                wrong[table] = found
            for point in points.get(table, []):
                self.outcomes.append((story, victim, point, "; ".join(found) or "ok"))
        jobs = Counter(j["Name"] for j in self._jobs() if migration in j["Name"])
        assert jobs == Counter(f"tableferry-{migration}-{t}" for t in tables)
        assert wrong == {}, {table: (points.get(table), found) for table, found in wrong.items()}

    def _jobs(self) -> list[dict[str, Any]]:
        pages = self.ferry.client("glue").get_paginator("get_jobs").paginate()
        return [job for page in pages for job in page["Jobs"]]


def _table(name: str, source: str) -> dict[str, Any]:
    return {
        "table": name,
        "type": "single-entity",
        "source_table": source,
        "pk": "id",
        "attributes": [plain("id", "N"), plain("body", "S"), plain("amount", "N")],
    }


def _items(source: str) -> list[str]:
    items = ({"id": {"N": str(n)}, "body": {"S": f"row {n}"}, "amount": {"N": str(n)}} for n in range(ROWS[source]))
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def _task(run: Mapping[str, Any]) -> str:
    return str(run["settings"].get("Arguments", {}).get("--task", "load"))
