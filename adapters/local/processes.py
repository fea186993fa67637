"""Daemons of the local runtime: started in a session of their own, known by pid and start time.

Guarantees:
- A daemon is no descendant of the program that started it, and outlives it.
- A recorded pid is signalled only while it is the process that was recorded: a recycled pid is never touched.
- Records are written whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import UnavailableError

# The daemon is started by a short-lived process, so that it is adopted by init and nobody here has to reap it.
_STARTER = """
import json, subprocess, sys
wanted = json.load(sys.stdin)
with open(wanted["log"], "ab") as log:
    daemon = subprocess.Popen(wanted["arguments"], cwd=wanted["directory"], env=wanted["environment"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
print(daemon.pid, flush=True)
"""


@dataclass(frozen=True)
class Daemon:
    """A process that was started: `started` is the kernel's start time of that pid, in the platform's own form."""

    pid: int
    started: str
    port: int


def start_daemon(
    arguments: Sequence[str], *, port: int, directory: Path, log: Path, environment: Mapping[str, str]
) -> Daemon:
    """Start a program as leader of its own session, its output appended to `log`."""
    wanted = {
        "arguments": list(arguments),
        "directory": str(directory),
        "log": str(log),
        "environment": dict(environment),
    }
    starter = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STARTER],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
    )
    if starter.returncode != 0:
        raise UnavailableError(
            f"{arguments[0]} could not be started: {last_line(starter.stderr)}.", program=arguments[0]
        )
    pid = int(starter.stdout)
    return Daemon(pid=pid, started=start_time(pid), port=port)


def start_time(pid: int) -> str:
    """When the kernel started this process; empty when there is none, or only its unreaped remains."""
    try:
        # The command name may hold blanks and brackets: what follows its last bracket is regular.
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "" if Path("/proc/self/stat").exists() else _start_time_by_ps(pid)
    # The first thread can be a zombie while others, killed with it, still hold files and ports.
    has_ended = fields[0] in "ZX" and int(fields[17]) <= 1
    return "" if has_ended else fields[19]


def _start_time_by_ps(pid: int) -> str:
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def is_running(daemon: Daemon) -> bool:
    """Whether the recorded process, and not another with its number, is alive."""
    return bool(daemon.started) and start_time(daemon.pid) == daemon.started


def stop_daemon(daemon: Daemon, *, grace_seconds: float) -> None:
    """End the process: asked first, with its whole session group killed after `grace_seconds`."""
    if not is_running(daemon):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(daemon.pid, signal.SIGTERM)
    if not wait_for(lambda: not is_running(daemon), seconds=grace_seconds):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(daemon.pid, signal.SIGKILL)
        wait_for(lambda: not is_running(daemon), seconds=10)


def wait_for(condition: Callable[[], bool], *, seconds: float, every_seconds: float = 0.05) -> bool:
    """Ask until the condition holds; false when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_seconds)
    return True


def write_record(path: Path, daemon: Daemon) -> None:
    """Remember a daemon, so that a later process can find it."""
    write_private(path, json.dumps(asdict(daemon)))


def read_record(path: Path) -> Daemon | None:
    """The daemon that was remembered, alive or not; None when there is no record."""
    try:
        return Daemon(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so that there is no moment at which others can open it.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def free_port(*, preferred: int | None = None) -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment; the preferred one when it is free."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UnavailableError("No free port on 127.0.0.1.")


def last_line(text: str) -> str:
    """The last line that is not blank; "no output" when there is none."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no output")


def log_tail(path: Path, *, lines: int = 15) -> str:
    """The last lines of a log; empty when there is no log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
