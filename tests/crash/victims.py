"""What gets killed: process trees, MCP servers, job processes, connections."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql

from tests.e2e.conftest import wait_until


def descendants(pid: int) -> list[int]:
    """Every process below `pid`, parents first."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, at = list(children.get(pid, [])), 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found


def kill_tree(pid: int) -> None:
    """SIGKILL a process and all below it; the servers are in sessions of their own."""
    below = descendants(pid)
    for each in (pid, *below):
        kill(each)


def kill(pid: int) -> bool:
    """SIGKILL one process; false when it was gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def mcp_servers(pid: int, roles: tuple[str, ...]) -> list[int]:
    """The orchestrator's MCP server processes that play these roles."""
    wanted = tuple(f"adapters.servers.{role}".encode() for role in roles)
    return [each for each in descendants(pid) if _command(each).endswith(wanted)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return b""


def job_runs(glue: Path, job: str) -> Iterator[dict[str, Any]]:
    """The records of a job's runs in the local Glue's directory."""
    for file in glue.glob("runs/*/run.json"):
        record: dict[str, Any] = json.loads(file.read_text())
        if record["job"]["Name"] == job:
            yield record


def kill_job_run(glue: Path, job: str) -> bool:
    """SIGKILL the process of the job's run that is under way, once it has one; false when none is."""

    def open_runs() -> list[dict[str, Any]]:
        return [r for r in job_runs(glue, job) if r["state"] in ("STARTING", "RUNNING")]

    wait_until(lambda: all(r["process"] for r in open_runs()), f"the process of {job}'s run")
    killed = False
    for run in open_runs():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run["process"]["pid"], signal.SIGKILL)
            killed = True
    return killed


def kill_connections(root: pymysql.Connection[Any], user: str) -> int:
    """KILL every connection of this user at the SQL server; how many there were."""
    with root.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = %s", (user,))
        found = [int(row[0]) for row in cursor.fetchall()]
        for each in found:
            with contextlib.suppress(pymysql.err.OperationalError):  # it ended by itself
                cursor.execute(f"KILL {each}")
    return len(found)
