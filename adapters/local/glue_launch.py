"""Starts the process of a run: its files fetched from S3, its modules installed, nothing of our environment.

A script gets PATH, HOME and TMPDIR (both its own), AWS_* for the local runtime with its role's credentials, and
PYTHONPATH; no TABLEFERRY_* variable and none of the secrets that the shell of `up` had.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from adapters.local.glue_cloud import Cloud
from adapters.local.glue_errors import invalid_input
from adapters.local.glue_python import installed_modules, interpreter
from adapters.local.glue_runs import Run
from adapters.local.processes import Daemon, start_daemon

# Leads the process group of the run. It leaves the exit status behind even when the endpoint is gone, and takes with
# it whatever the script left running, as the end of Glue's container does.
_LEADER = '"$@" >stdout 2>stderr; echo $? >exit.new; mv exit.new exit; kill -KILL 0'


class Launch:
    """The preparation of one run; `start` is the moment at which it begins to run."""

    def __init__(self, cloud: Cloud, glue_url: str, run: Run, directory: Path) -> None:
        self._cloud = cloud
        self._glue_url = glue_url
        self._run = run
        self._directory = directory
        self._python = interpreter()
        self._script = self._fetch(run.job["Command"]["ScriptLocation"], "script")
        self._python_path = self._fetch_python_path()

    def start(self) -> Daemon:
        """Start the script with every argument as `name value`."""
        pairs = [word for pair in self._run.arguments.items() for word in pair]
        arguments = ["/bin/sh", "-c", _LEADER, "sh", str(self._python), str(self._script), *pairs]
        log = self._directory / "leader.log"
        return start_daemon(arguments, port=0, directory=self._directory, log=log, environment=self._environment())

    def _fetch_python_path(self) -> list[Path]:
        arguments = self._run.arguments
        uris = _listed(arguments.get("--extra-py-files", ""))
        extra = [self._fetch(uri, f"extra-py-files/{number}") for number, uri in enumerate(uris)]
        modules = _listed(arguments.get("--additional-python-modules", ""))
        remote = [module for module in modules if module.startswith("s3://")]
        wheels = [self._fetch(uri, f"modules/{number}") for number, uri in enumerate(remote)]
        wheels += [file for file in extra if file.suffix == ".whl"]
        names = [module for module in modules if module not in remote]
        installed = installed_modules(self._python, names, wheels)
        return [_importable(file) for file in extra if file.suffix != ".whl"] + ([installed] if installed else [])

    def _fetch(self, uri: str, folder: str) -> Path:
        target = self._directory / folder / uri.rpartition("/")[2]
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.write_bytes(self._cloud.read_object(uri))
        except (ClientError, BotoCoreError) as error:
            raise invalid_input(f"{uri} could not be read: {error}") from error
        return target

    def _environment(self) -> Mapping[str, str]:
        temporary = self._directory / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            "PATH": os.pathsep.join([str(self._python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            # Not ours: there are credentials in people's home directories.
            "HOME": str(self._directory),
            "TMPDIR": str(temporary),
            "PYTHONPATH": os.pathsep.join(str(path) for path in self._python_path),
            # A run that is killed has printed what it printed.
            "PYTHONUNBUFFERED": "1",
            "AWS_ENDPOINT_URL": self._cloud.url,
            "AWS_ENDPOINT_URL_GLUE": self._glue_url,
            "AWS_REGION": self._cloud.region,
            "AWS_DEFAULT_REGION": self._cloud.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._cloud.credentials_of(self._run.job["Role"]),
        }


def _importable(file: Path) -> Path:
    if file.suffix == ".egg":
        raise invalid_input(f"{file.name}: Glue's Python shell 3.9 takes no .egg; use a wheel.")
    # A module is found through its directory, an archive is a directory to Python.
    return file.parent if file.suffix == ".py" else file


def _listed(value: str) -> list[str]:
    return [entry.strip() for entry in value.split(",") if entry.strip()]
