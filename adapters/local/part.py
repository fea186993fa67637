"""What the parts of the local runtime have in common: one daemon on one port, everything in one directory."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

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
from core.errors import UnavailableError

PORT_ATTEMPTS = 3
HEALTH_SECONDS = 5.0


@dataclass(frozen=True)
class Command:
    """How a part's program is started: its arguments and the whole of its environment."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


class Part(ABC):
    """A daemon of one directory; as a context manager it runs for the duration of the block."""

    name: ClassVar[str]
    """File names and `status` use it."""
    title: ClassVar[str]
    """Messages use it, after "The"."""
    url_prefix: ClassVar[str]
    start_seconds: ClassVar[float] = 60.0
    stop_seconds: ClassVar[float] = 60.0

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.log = self.directory / f"{self.name}.log"
        self._record = self.directory / f"{self.name}.json"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @abstractmethod
    def prepare(self) -> None:
        """Install and initialise what the program needs; called before every start."""

    @abstractmethod
    def command(self, port: int) -> Command:
        """How the program is started on this port of 127.0.0.1."""

    @abstractmethod
    def answers_on(self, port: int) -> bool:
        """Whether the program of this directory, and not another, serves this port."""

    @property
    def daemon(self) -> Daemon | None:
        """The running process; None when it does not run."""
        daemon = read_record(self._record)
        return daemon if daemon is not None and is_running(daemon) else None

    @property
    def url(self) -> str:
        """Where it is reached. Raises UnavailableError when it does not run."""
        if (daemon := self.daemon) is None:
            raise UnavailableError(f"The {self.title} of {self.directory} does not run.", directory=str(self.directory))
        return f"{self.url_prefix}127.0.0.1:{daemon.port}"

    def answers(self) -> bool:
        """Whether it runs and does its work."""
        return (daemon := self.daemon) is not None and self.answers_on(daemon.port)

    def start(self) -> str:
        """Start it unless it runs and answers; returns its URL as soon as it can be used."""
        if not self.answers():
            self._end_daemon()
            self.directory.mkdir(parents=True, exist_ok=True)
            self.prepare()
            self._start_on_some_port()
        return self.url

    def stop(self) -> None:
        """End it; no error when it does not run."""
        self._end_daemon()

    def _end_daemon(self) -> None:
        if (daemon := read_record(self._record)) is not None:
            stop_daemon(daemon, grace_seconds=self.stop_seconds)

    def _start_on_some_port(self) -> None:
        last = read_record(self._record)
        for _ in range(PORT_ATTEMPTS):
            # The same port again if it is free: the URL that other shells hold stays good.
            port = free_port(preferred=last.port if last else None)
            already_logged = self.log.stat().st_size if self.log.exists() else 0
            if self._starts_on(port):
                return
            if b"already in use" not in self.log.read_bytes()[already_logged:]:
                break
        tail = log_tail(self.log)
        message = f"The {self.title} did not start: {last_line(tail)}."
        raise UnavailableError(message, remedy=f"Its log is {self.log}.", log_tail=tail)

    def _starts_on(self, port: int) -> bool:
        command = self.command(port)
        daemon = start_daemon(
            command.arguments, port=port, directory=self.directory, log=self.log, environment=command.environment
        )
        write_record(self._record, daemon)
        wait_for(lambda: not is_running(daemon) or self.answers_on(port), seconds=self.start_seconds)
        if is_running(daemon) and self.answers_on(port):
            return True
        stop_daemon(daemon, grace_seconds=5)
        return False


def health(url: str) -> Any:
    """The JSON that a part of ours answers to a GET; None when it does not answer 200 within `HEALTH_SECONDS`."""
    # Proxies of the environment are not asked: this is our own machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=HEALTH_SECONDS) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None


def inherited(*names: str) -> dict[str, str]:
    """Those variables of our own environment that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}
