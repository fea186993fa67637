"""The AWS emulator of the local runtime: ministack in an environment of its own.

Guarantees:
- It listens on 127.0.0.1 alone, and gets none of the caller's AWS credentials.
- What it holds is inside its directory and survives a stop; it is saved when it is stopped, not before.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import uv

from adapters.local.processes import (
    Daemon,
    free_port,
    is_running,
    last_line,
    log_tail,
    read_record,
    start_daemon,
    stop_daemon,
    wait_for,
    write_record,
)
from core.errors import SettingsError, UnavailableError

VERSION = "1.5.33"
REGION = "us-east-1"
START_SECONDS = 60.0
# It saves everything while it stops: 46 s for a million items.
STOP_SECONDS = 180.0
PORT_ATTEMPTS = 3


def tools_directory() -> Path:
    """Where programs are kept that all local runtimes share: `$TABLEFERRY_HOME/tools`, or `~/.tableferry/tools`."""
    home = os.environ.get("TABLEFERRY_HOME")
    return (Path(home) if home else Path.home() / ".tableferry") / "tools"


def install_emulator(tools: Path) -> Path:
    """The Python of an environment that has the emulator, made on first use; safe against a second process."""
    environment = tools / f"ministack-{VERSION}"
    python = environment / "bin" / "python"
    with _only_one(tools / f".ministack-{VERSION}.lock"):
        if not python.exists():
            building = tools / f".ministack-{VERSION}.building"
            shutil.rmtree(building, ignore_errors=True)
            _run_uv("venv", "--no-project", "--python", sys.executable, str(building))
            _run_uv("pip", "install", "--python", str(building / "bin" / "python"), f"ministack=={VERSION}")
            shutil.rmtree(environment, ignore_errors=True)
            building.rename(environment)
    return python


def _run_uv(*arguments: str) -> None:
    done = subprocess.run([uv.find_uv_bin(), "--quiet", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SettingsError(
            f"The AWS emulator ministack {VERSION} could not be installed: {last_line(done.stderr)}.",
            remedy="It needs a Python package index; UV_INDEX_URL names another one.",
            output=done.stderr,
        )


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Emulator:
    """The emulator of one directory; as a context manager it runs for the duration of the block."""

    def __init__(self, directory: Path, *, tools: Path | None = None) -> None:
        self.directory = directory.resolve()
        self._tools = tools or tools_directory()
        self._record = self.directory / "emulator.json"
        self._log = self.directory / "emulator.log"

    def __enter__(self) -> Emulator:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def daemon(self) -> Daemon | None:
        """The running process; None when it does not run."""
        daemon = read_record(self._record)
        return daemon if daemon is not None and is_running(daemon) else None

    @property
    def url(self) -> str:
        """The endpoint of every AWS service but Glue."""
        if (daemon := self.daemon) is None:
            raise UnavailableError(f"The AWS emulator of {self.directory} does not run.", directory=str(self.directory))
        return f"http://127.0.0.1:{daemon.port}"

    def start(self) -> str:
        """Start it unless it runs; answers its URL as soon as it is healthy."""
        if self.daemon is None:
            python = install_emulator(self._tools)
            self.directory.mkdir(parents=True, exist_ok=True)
            self._start_on_some_port(python)
        return self.url

    def stop(self) -> None:
        """Let it save its state and end; no error when it does not run."""
        if (daemon := read_record(self._record)) is not None:
            stop_daemon(daemon, grace_seconds=STOP_SECONDS)

    def answers(self) -> bool:
        """Whether it runs and says that it is healthy."""
        return (daemon := self.daemon) is not None and _is_healthy(daemon.port)

    def _start_on_some_port(self, python: Path) -> None:
        last = read_record(self._record)
        for _ in range(PORT_ATTEMPTS):
            # The same port again if possible: the URL in other people's shells stays good.
            daemon = self._start_on(python, free_port(preferred=last.port if last else None))
            write_record(self._record, daemon)
            wait_for(lambda d=daemon: not is_running(d) or _is_healthy(d.port), seconds=START_SECONDS)  # type: ignore[misc]
            if is_running(daemon) and _is_healthy(daemon.port):
                return
            stop_daemon(daemon, grace_seconds=5)
            if "already in use" not in log_tail(self._log):
                break
        tail = log_tail(self._log)
        raise UnavailableError(f"The AWS emulator did not start: {last_line(tail)}.", log=str(self._log), log_tail=tail)

    def _start_on(self, python: Path, port: int) -> Daemon:
        state = self.directory / "state"
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        environment |= {
            "GATEWAY_PORT": str(port),
            # Its own defaults are all interfaces, and a second listener for IoT.
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.directory / "s3"),
            "AWS_DEFAULT_REGION": REGION,
        }
        arguments = [str(python), "-m", "ministack"]
        return start_daemon(arguments, port=port, directory=self.directory, log=self._log, environment=environment)


def _is_healthy(port: int) -> bool:
    # Proxies of the environment are not asked: this is our own machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
