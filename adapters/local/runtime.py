"""AWS on a laptop: `up`, `down` and `status` of an emulator and an imitation of Glue that live in one directory.

Guarantees:
- `up` twice is `up` once; a part that crashed is started again; an `up` that fails leaves nothing running.
- The parts outlive the program that started them; `down` ends them from any other program, with every job they run.
- Nothing outside the directory changes, but for programs installed under `$TABLEFERRY_HOME/tools`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from adapters.local.emulator import REGION, Emulator
from adapters.local.glue import Glue
from adapters.local.part import Part
from adapters.local.processes import write_private
from adapters.local.provisioning import provision
from adapters.local.tools import only_one

ENVIRONMENT_FILE = "env.json"


class Health(StrEnum):
    """What a part does when it is asked."""

    HEALTHY = "healthy"
    NOT_ANSWERING = "not answering"
    STOPPED = "stopped"


@dataclass(frozen=True)
class PartState:
    """One part as it is now; `pid` and `port` are None when it does not run."""

    name: str
    running: bool
    pid: int | None
    port: int | None
    health: Health
    log: Path


@dataclass(frozen=True)
class RuntimeState:
    """The runtime of a directory; `env` is what a shell needs to use it, and is empty when it was never up.

    `env` holds a secret key (of the emulator only), which is why it is not part of the repr.
    """

    directory: Path
    parts: tuple[PartState, ...]
    env: Mapping[str, str] = field(repr=False)

    @property
    def is_up(self) -> bool:
        return all(part.health is Health.HEALTHY for part in self.parts)


def up(directory: Path) -> RuntimeState:
    """Start what does not run, and provision it; comes back when everything can be used.

    Raises SettingsError or UnavailableError with the reason; nothing runs then.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(directory / ".lock"):
        try:
            emulator_url = _emulator(directory).start()
            glue_url = _glue(directory).start()
            known = _known_environment(directory)
            write_private(
                directory / ENVIRONMENT_FILE,
                json.dumps(
                    {
                        "AWS_ENDPOINT_URL": emulator_url,
                        "AWS_ENDPOINT_URL_GLUE": glue_url,
                        "AWS_REGION": REGION,
                        "AWS_DEFAULT_REGION": REGION,
                        **provision(emulator_url, known),
                    }
                ),
            )
        except BaseException:
            _stop_all(directory)
            raise
    return status(directory)


def down(directory: Path) -> RuntimeState:
    """End every part and every job; what they hold is kept for the next `up`. No error when nothing runs."""
    directory = directory.resolve()
    if directory.is_dir():
        with only_one(directory / ".lock"):
            _stop_all(directory)
    return status(directory)


def status(directory: Path) -> RuntimeState:
    """What runs, and whether it answers; changes nothing."""
    directory = directory.resolve()
    parts = tuple(_state_of(part) for part in (_emulator(directory), _glue(directory)))
    return RuntimeState(directory=directory, parts=parts, env=_known_environment(directory))


def _emulator(directory: Path) -> Emulator:
    return Emulator(directory / "emulator")


def _glue(directory: Path) -> Glue:
    emulator = _emulator(directory)
    return Glue(directory / "glue", emulator.url if emulator.daemon else "")


def _stop_all(directory: Path) -> None:
    # Jobs first: they write to the emulator, which saves what it holds when it ends.
    _glue(directory).stop()
    _emulator(directory).stop()


def _state_of(part: Part) -> PartState:
    daemon = part.daemon
    if daemon is None:
        return PartState(name=part.name, running=False, pid=None, port=None, health=Health.STOPPED, log=part.log)
    health = Health.HEALTHY if part.answers() else Health.NOT_ANSWERING
    return PartState(name=part.name, running=True, pid=daemon.pid, port=daemon.port, health=health, log=part.log)


def _known_environment(directory: Path) -> dict[str, str]:
    file = directory / ENVIRONMENT_FILE
    return dict(json.loads(file.read_text())) if file.exists() else {}
