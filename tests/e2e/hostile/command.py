"""The `tableferry` command, many times in a row, against servers that stay."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import ROOT


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """All that it printed, by line."""
        return self.out.splitlines() + self.err.splitlines()


class Zygote:
    """Forks a `tableferry` from a process that has everything imported."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, *arguments: str) -> Ended:
        """Run the command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = self._folder / "out", self._folder / "err"
        request = {"arguments": arguments, "out": str(out), "err": str(err)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


@contextmanager
def zygote(environment: dict[str, str], folder: Path) -> Iterator[Zygote]:
    """A zygote whose children have this environment and work in this folder."""
    command = [sys.executable, "-m", "tests.e2e.hostile.zygote"]
    with (
        (folder / "zygote.log").open("w") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT), "PREFECT_LOGGING_LEVEL": "CRITICAL"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield Zygote(process, folder)
        assert process.stdin is not None
        process.stdin.close()
