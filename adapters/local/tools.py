"""Programs and modules that are installed once and used by every local runtime of this user."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uv

from adapters.local.processes import last_line
from core.errors import SettingsError


def tools_directory() -> Path:
    """Where they are kept: `$TABLEFERRY_HOME/tools`, or `~/.tableferry/tools`."""
    home = os.environ.get("TABLEFERRY_HOME")
    return (Path(home) if home else Path.home() / ".tableferry") / "tools"


def built_once(target: Path, build: Callable[[Path], None]) -> Path:
    """The directory `target`, made by `build(a directory beside it)` on first use; safe against a second process."""
    with only_one(target.with_name(f".{target.name}.lock")):
        if not target.exists():
            building = target.with_name(f".{target.name}.building")
            shutil.rmtree(building, ignore_errors=True)
            build(building)
            building.rename(target)
    return target


def run_uv(*arguments: str, purpose: str) -> str:
    """Run uv and answer its output. Raises SettingsError, which says for what `purpose`, when it fails."""
    done = subprocess.run(
        [uv.find_uv_bin(), "--quiet", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise SettingsError(
            f"{purpose} could not be installed: {last_line(done.stderr)}.",
            remedy="It needs a Python package index; UV_INDEX_URL names another one.",
            output=done.stderr,
        )
    return done.stdout


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold a lock file; other processes, and other threads of this one, wait for the end of the block."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
