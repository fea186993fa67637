"""The Python that a local Glue run gets: an interpreter, modules, and nothing of our own environment."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from adapters.local.tools import built_once, run_uv, tools_directory
from core.errors import SettingsError

INTERPRETER_SETTING = "TABLEFERRY_LOCAL_GLUE_PYTHON"
VERSION = "3.9"


@functools.cache
def interpreter() -> Path:
    """The interpreter of job scripts: the one that is set, else a Python 3.9 of this machine, else our own."""
    if chosen := os.environ.get(INTERPRETER_SETTING):
        if not _runs(Path(chosen)):
            raise SettingsError(f"{INTERPRETER_SETTING} is {chosen}, which does not run.")
        return Path(chosen)
    return next((found for found in _candidates() if _runs(found)), Path(sys.executable))


def is_glues_own(python: Path) -> bool:
    """Whether scripts run on the version that Glue's Python shell has."""
    return _version(python) == VERSION


def _candidates() -> list[Path]:
    import uv

    asked = [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", VERSION]
    found = subprocess.run(asked, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL)
    # uv gives up when the first python3.9 on PATH is a pyenv shim of a version that is not switched on.
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    by_uv = [Path(found.stdout.strip())] if found.returncode == 0 else []
    return by_uv + sorted(pyenv.glob(f"{VERSION}.*/bin/python{VERSION}"), reverse=True)


def _runs(python: Path) -> bool:
    return bool(_version(python))


@functools.cache
def _version(python: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def installed_modules(python: Path, modules: Sequence[str], wheels: Sequence[Path] = ()) -> Path | None:
    """A directory with these pip requirements and wheels, installed on first use; None when there are none.

    Real Glue has boto3; an interpreter that is not ours gets it as well.
    """
    wanted = list(modules)
    if python != Path(sys.executable) and not any(module.startswith("boto3") for module in wanted):
        wanted.append("boto3")
    if not wanted and not wheels:
        return None
    contents = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels]
    key = hashlib.sha256("\n".join([str(python.resolve()), _version(python), *wanted, *contents]).encode()).hexdigest()

    def install(target: Path) -> None:
        requirements = [*wanted, *(str(wheel) for wheel in wheels)]
        purpose = f"What the job asks for ({', '.join(wanted)})"
        run_uv("pip", "install", "--python", str(python), "--target", str(target), *requirements, purpose=purpose)

    return built_once(tools_directory() / "glue-modules" / key[:32], install)
