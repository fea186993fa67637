"""The `tableferry` command with an ear at its joints: `python -m tests.crash.runner ARGUMENTS`.

It tells a `Control` where a table stands and waits there for its answer, at the points that CRASH_PLAN names; there the
process is killed, or a server that it talks to. It changes nothing else of the product, but for steps that the plan
tells to fail.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import core.drive
from adapters.checkpoints.store import SqlCheckpointStore
from adapters.dynamodb_target import DynamoDbTarget
from adapters.glue_jobs import GlueJobs
from adapters.mysql_source import MysqlSource
from adapters.s3_objects import S3Objects
from core.drive import TableDriver
from core.errors import PermissionDeniedError
from core.lifecycle import TableState, Trigger
from core.steps import STEPS
from tests.crash.points import lifecycle_point

PORTS = {"source": MysqlSource, "targets": DynamoDbTarget, "jobs": GlueJobs, "objects": S3Objects}
_STEP: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar("step", default=None)
# Tables wait here at the same time, more of them than the event loop's own pool has threads.
_WAITING = ThreadPoolExecutor(128)


class Ear:
    """What the plan says: `points` by table, each once; `trace`, a file; the `port` of the control."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.points: dict[str, list[str]] = plan.get("points", {})
        self.fails: dict[str, str] = plan.get("fails", {})
        self._port: int = plan["port"]
        self._trace: str | None = plan.get("trace")

    def waits_at(self, table: str, point: str) -> bool:
        """Note the moment; whether the control is to be asked."""
        if self._trace is not None:
            with Path(self._trace).open("a", encoding="utf-8") as file:
                file.write(f"{time.time()}\t{table}\t{point}\n")
        return point in self.points.get(table, ())

    def at(self, table: str, point: str) -> None:
        """Be at a point; comes back when the control lets it go on."""
        if not self.waits_at(table, point):
            return
        self.points[table].remove(point)
        with socket.create_connection(("127.0.0.1", self._port)) as control:
            control.sendall(json.dumps([table, point]).encode() + b"\n")
            control.recv(1)

    async def at_soon(self, table: str, point: str) -> None:
        """The same, for callers in an event loop."""
        if self.waits_at(table, point):
            await _to_thread(self.at, table, point)


async def _to_thread(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    work = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_WAITING, work)


def listen_to_store(ear: Ear) -> None:
    """Moments of transitions: all of them go through these four methods."""
    begin, commit, fire, fail = (getattr(SqlCheckpointStore, n) for n in ("begin", "commit", "fire", "fail"))

    def heard_begin(store: Any, migration_id: str, table: str, *args: Any, **kwargs: Any) -> Any:
        pending = begin(store, migration_id, table, *args, **kwargs)
        ear.at(table, lifecycle_point(pending.trigger, pending.from_state, pending.to_state, "begun"))
        return pending

    def heard_commit(store: Any, pending: Any, *args: Any, **kwargs: Any) -> Any:
        ear.at(pending.table, lifecycle_point(pending.trigger, pending.from_state, pending.to_state, "done"))
        return commit(store, pending, *args, **kwargs)

    def heard_fire(store: Any, migration_id: str, table: str, trigger: Trigger, *args: Any, **kwargs: Any) -> Any:
        now = store.table(migration_id, table)
        dest = now.life.target(trigger)
        ear.at(table, lifecycle_point(trigger, now.state, dest, "begun"))
        after = fire(store, migration_id, table, trigger, *args, **kwargs)
        ear.at(table, lifecycle_point(trigger, now.state, dest, "done"))
        return after

    def heard_fail(store: Any, migration_id: str, table: str, *args: Any, **kwargs: Any) -> Any:
        source = store.table(migration_id, table).state
        ear.at(table, lifecycle_point(Trigger.FAIL, source, TableState.FAILED, "begun"))
        after = fail(store, migration_id, table, *args, **kwargs)
        ear.at(table, lifecycle_point(Trigger.FAIL, source, TableState.FAILED, "done"))
        return after

    for name, heard in (("begin", heard_begin), ("commit", heard_commit), ("fire", heard_fire), ("fail", heard_fail)):
        setattr(SqlCheckpointStore, name, heard)


def listen_to_steps(ear: Ear) -> None:
    """Which table and which step a port is called for; and steps that are to fail."""
    advance = TableDriver.advance

    async def heard_advance(driver: TableDriver, trigger: Trigger, *args: Any, **kwargs: Any) -> Any:
        token = _STEP.set((driver.run.table.name, trigger.value))
        try:
            return await advance(driver, trigger, *args, **kwargs)
        finally:
            _STEP.reset(token)

    def may_fail(trigger: Trigger, step: Any) -> Any:
        async def told(run: Any, intent: Any, evidence: Any) -> dict[str, Any]:
            if ear.fails.get(run.table.name) == trigger:
                raise PermissionDeniedError("The crash test refuses this step.", remedy="Resume without it.")
            found: dict[str, Any] = await step(run, intent, evidence)
            return found

        return told

    setattr(TableDriver, "advance", heard_advance)  # noqa: B010 - mypy takes an assignment for a mistake
    setattr(core.drive, "STEPS", {t: may_fail(t, step) for t, step in STEPS.items()})  # noqa: B010


def listen_to_ports(ear: Ear) -> None:
    """Moments around every call of every port."""
    for port, adapter in PORTS.items():
        for name, method in inspect.getmembers(adapter, inspect.iscoroutinefunction):
            if not name.startswith("_"):
                setattr(adapter, name, _heard(ear, f"{port}.{name}", method))


def _heard(ear: Ear, name: str, method: Any) -> Any:
    calls: Counter[tuple[str, str]] = Counter()

    @functools.wraps(method)
    async def heard(*args: Any, **kwargs: Any) -> Any:
        step = _STEP.get()
        if step is None:
            return await method(*args, **kwargs)
        calls[step] += 1
        table, call = step[0], f"{name} {calls[step]}"
        await ear.at_soon(table, f"{step[1]} before {call}")
        under_way = asyncio.ensure_future(method(*args, **kwargs))
        await ear.at_soon(table, f"{step[1]} during {call}")
        found = await under_way
        await ear.at_soon(table, f"{step[1]} after {call}")
        return found

    return heard


def main() -> None:
    """Listen, then be the real command."""
    from flows.cli import main as command

    ear = Ear(json.loads(os.environ["CRASH_PLAN"]))
    setattr(asyncio, "to_thread", _to_thread)  # noqa: B010
    listen_to_store(ear)
    listen_to_steps(ear)
    listen_to_ports(ear)
    command()


if __name__ == "__main__":
    main()
