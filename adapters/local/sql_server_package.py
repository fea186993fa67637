"""Installs an SQL server with this system's package manager, or says which command does."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.local.processes import last_line
from core.errors import SettingsError

_COMMANDS = {
    "apt-get": "apt-get install mariadb-server",
    "dnf": "dnf install mariadb-server",
    "yum": "yum install mariadb-server",
    "zypper": "zypper install mariadb",
    "apk": "apk add mariadb",
    "pacman": "pacman -S mariadb",
    "brew": "brew install mysql",
}
# Debian's packages ask this program whether they may start their service; 101 means no.
# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
_POLICY = Path("/usr/sbin/policy-rc.d")


def install_command() -> str:
    """What a person types to install an SQL server here; empty when no package manager is known."""
    found = next((command for program, command in _COMMANDS.items() if shutil.which(program)), "")
    return found if not found or os.geteuid() == 0 or found.startswith("brew") else f"sudo {found}"


def install_server() -> None:
    """Install MariaDB where root may do that with apt-get, without starting a service.

    Raises SettingsError with the command to type everywhere else, and when the installation fails.
    """
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        command = install_command()
        remedy = f"Install one: {command}." if command else "Install MySQL or MariaDB and put mysqld on PATH."
        raise SettingsError("There is no SQL server here: neither mysqld nor mariadbd is on PATH.", remedy=remedy)
    with _services_stay_stopped():
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", "mariadb-server")


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise SettingsError(
            f"apt-get {arguments[0]} failed: {last_line(done.stderr)}.",
            remedy=f"Install an SQL server by hand: {install_command()}.",
        )


@contextmanager
def _services_stay_stopped() -> Iterator[None]:
    if _POLICY.exists():
        # Somebody decides about services here already (container images do); that is respected.
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
