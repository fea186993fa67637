"""The `tableferry` command, many times in a row, without paying for its imports each time."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 300.0


class Zygote:
    """Forks a `tableferry` from a process that has everything imported."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(
        self, arguments: Sequence[str], environment: dict[str, str], folder: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, with this environment and in this folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = self._folder / "out", self._folder / "err"
        request = {
            "arguments": arguments,
            "environment": environment,
            "folder": str(folder),
            "out": str(out),
            "err": str(err),
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        ended, _, _ = select.select([self._process.stdout], [], [], LONGEST_SECONDS)
        if not ended:
            pytest.fail(f"{arguments} did not end in {LONGEST_SECONDS:g} seconds\n{err.read_text(encoding='utf-8')}")
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(
            arguments, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


@contextmanager
def zygote(environment: dict[str, str], folder: Path) -> Iterator[Zygote]:
    """A zygote that imports the product, and Prefect, with this environment."""
    command = [sys.executable, "-m", "tests.e2e.zygote"]
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
        try:
            yield Zygote(process, folder)
        finally:
            process.terminate()
