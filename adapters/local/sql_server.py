"""A private SQL server in one directory: MySQL or MariaDB, whichever this machine has.

Guarantees:
- It listens on 127.0.0.1 alone, and root needs no password there: it is for tests and trials, never for real records.
- Everything it writes is inside its directory; stopping it and starting it again keeps the databases.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import pymysql

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
from adapters.local.sql_server_package import install_server
from core.errors import SettingsError, UnavailableError

Engine = Literal["mysql", "mariadb"]

START_SECONDS = 90.0
STOP_SECONDS = 60.0
PORT_ATTEMPTS = 3


@dataclass(frozen=True)
class ServerProgram:
    """An SQL server that can be started here; `engine` is what it says about itself, not what it is called."""

    path: Path
    engine: Engine
    version: str


def find_program() -> ServerProgram | None:
    """The first of `mysqld` and `mariadbd` on PATH that runs."""
    # Debian keeps servers in /usr/sbin, which is not on every user's PATH.
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    for name in ("mysqld", "mariadbd"):
        if path := shutil.which(name, path=places):
            shown = subprocess.run([path, "--no-defaults", "--version"], capture_output=True, text=True, check=False)
            if found := re.search(r"Ver (\S+)", shown.stdout):
                # With MariaDB installed `mysqld` is a link to mariadbd.
                engine: Engine = "mariadb" if "MariaDB" in shown.stdout else "mysql"
                return ServerProgram(path=Path(path), engine=engine, version=found[1])
    return None


def find_or_install_program() -> ServerProgram:
    """The SQL server of this machine, installed first where root may do that with apt-get.

    Raises SettingsError with the command that installs one when there is none.
    """
    program = find_program()
    if program is None:
        install_server()
        program = find_program()
    if program is None:
        raise SettingsError("An SQL server was installed, but neither mysqld nor mariadbd runs.")
    return program


class SqlServer:
    """The server of one directory; as a context manager it runs for the duration of the block."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self._record = self.directory / "sql-server.json"
        self._log = self.directory / "sql-server.log"
        self._databases = self.directory / "databases"

    def __enter__(self) -> SqlServer:
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
        """Where root reaches it: `mysql://root@127.0.0.1:<port>`."""
        if (daemon := self.daemon) is None:
            raise UnavailableError(f"The SQL server of {self.directory} does not run.", directory=str(self.directory))
        return f"mysql://root@127.0.0.1:{daemon.port}"

    def start(self) -> str:
        """Start it unless it runs; answers its URL as soon as it takes connections."""
        if self.daemon is None:
            program = find_or_install_program()
            self._initialise(program)
            self._start_on_some_port(program)
        return self.url

    def stop(self) -> None:
        """Shut it down; no error when it does not run."""
        if (daemon := read_record(self._record)) is not None:
            stop_daemon(daemon, grace_seconds=STOP_SECONDS)

    def answers(self) -> bool:
        """Whether it takes connections and is the server of this directory."""
        return (daemon := self.daemon) is not None and self._answers_on(daemon.port)

    def _initialise(self, program: ServerProgram) -> None:
        if (self._databases / "mysql").is_dir():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        building = self.directory / "databases.building"
        shutil.rmtree(building, ignore_errors=True)
        if program.engine == "mysql":
            arguments = [str(program.path), "--no-defaults", "--initialize-insecure"]
        else:
            arguments = [_mariadb_installer(program), "--no-defaults", "--skip-test-db"]
            arguments.append("--auth-root-authentication-method=normal")
        arguments += [f"--datadir={building}", *_run_as()]
        made = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=self.directory)
        if made.returncode != 0:
            self._log.write_text(made.stdout + made.stderr)
            reason = last_line(made.stderr or made.stdout)
            raise UnavailableError(f"{program.path} could not make a data directory: {reason}.", log=str(self._log))
        building.rename(self._databases)

    def _start_on_some_port(self, program: ServerProgram) -> None:
        last = read_record(self._record)
        for _ in range(PORT_ATTEMPTS):
            daemon = self._start_on(program, free_port(preferred=last.port if last else None))
            write_record(self._record, daemon)
            wait_for(lambda d=daemon: not is_running(d) or self._answers_on(d.port), seconds=START_SECONDS)  # type: ignore[misc]
            if self._answers_on(daemon.port):
                return
            stop_daemon(daemon, grace_seconds=5)
            if "already in use" not in log_tail(self._log):
                break
        tail = log_tail(self._log)
        raise UnavailableError(f"{program.path} did not start: {last_line(tail)}.", log=str(self._log), log_tail=tail)

    def _start_on(self, program: ServerProgram, port: int) -> Daemon:
        first_statements = self.directory / "root.sql"
        # MySQL makes root for localhost alone, which is the socket file; ours is reached by address.
        first_statements.write_text(
            "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\n"
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        arguments = [
            str(program.path),
            "--no-defaults",
            *_run_as(),
            f"--datadir={self._databases}",
            f"--init-file={first_statements}",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            # Relative to the data directory: an absolute path soon exceeds the 107 bytes of a socket address.
            "--socket=server.sock",
            f"--pid-file={self._databases / 'server.pid'}",
            "--loose-mysqlx=OFF",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--secure-file-priv=",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=128M",
            "--innodb-flush-log-at-trx-commit=2",
        ]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ}
        return start_daemon(arguments, port=port, directory=self.directory, log=self._log, environment=environment)

    def _answers_on(self, port: int) -> bool:
        try:
            with connect_as_root(port) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                row = cursor.fetchone()
        except pymysql.MySQLError:
            return False
        # Another server may have taken the port between our choice and our start.
        return row is not None and Path(str(row[0])).resolve() == self._databases


@contextlib.contextmanager
def connect_as_root(port: int) -> Iterator[pymysql.Connection]:
    """A connection to the private server on this port, closed afterwards."""
    connection = pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=5, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def _run_as() -> list[str]:
    # Both servers refuse to run as root unless told to; ours is bound to the loopback and writes to one directory.
    return ["--user=root"] if os.geteuid() == 0 else []


def _mariadb_installer(program: ServerProgram) -> str:
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), str(program.path.parent)])
    for name in ("mariadb-install-db", "mysql_install_db"):
        if path := shutil.which(name, path=places):
            return path
    raise SettingsError(f"{program.path} is here, but mariadb-install-db is not.", remedy="Install MariaDB completely.")
