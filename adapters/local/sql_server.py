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
from typing import Literal

import pymysql

from adapters.local.part import Command, Part, inherited
from adapters.local.processes import last_line
from adapters.local.sql_server_package import install_server
from core.errors import SettingsError, UnavailableError

Engine = Literal["mysql", "mariadb"]


@dataclass(frozen=True)
class ServerProgram:
    """An SQL server that can be started here; `engine` is what it says about itself, not what it is called."""

    path: Path
    engine: Engine
    version: str


def find_programs() -> list[ServerProgram]:
    """The first of `mysqld` and `mariadbd` on PATH that runs, for each engine."""
    # Debian keeps servers in /usr/sbin, which is not on every user's PATH.
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    found: dict[Engine, ServerProgram] = {}
    for name in ("mysqld", "mariadbd"):
        if path := shutil.which(name, path=places):
            shown = subprocess.run([path, "--no-defaults", "--version"], capture_output=True, text=True, check=False)
            if version := re.search(r"Ver (\S+)", shown.stdout):
                # With MariaDB installed `mysqld` is a link to mariadbd.
                engine: Engine = "mariadb" if "MariaDB" in shown.stdout else "mysql"
                found.setdefault(engine, ServerProgram(path=Path(path), engine=engine, version=version[1]))
    return list(found.values())


def find_program() -> ServerProgram | None:
    """The first of `mysqld` and `mariadbd` on PATH that runs."""
    return next(iter(find_programs()), None)


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


class SqlServer(Part):
    """A whole SQL server; `url` is that of root: `mysql://root@127.0.0.1:<port>`. Without a program it finds one."""

    name = "sql-server"
    title = "SQL server"
    url_prefix = "mysql://root@"
    start_seconds = 90.0

    def __init__(self, directory: Path, program: ServerProgram | None = None) -> None:
        super().__init__(directory)
        self._program = program
        self._databases = self.directory / "databases"
        self._temporary = self.directory / "temporary"

    def prepare(self) -> None:
        program = self._program or find_or_install_program()
        # MySQL makes root for localhost alone, which is the socket file; ours is reached by address.
        self._first_statements.write_text(
            "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\n"
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        self._temporary.mkdir(exist_ok=True)
        if not self._databases.is_dir():
            building = self.directory / "databases.building"
            shutil.rmtree(building, ignore_errors=True)
            self._initialise(program, building)
            building.rename(self._databases)

    def command(self, port: int) -> Command:
        arguments = [
            str((self._program or find_or_install_program()).path),
            "--no-defaults",
            *_run_as(),
            f"--datadir={self._databases}",
            f"--init-file={self._first_statements}",
            # A server that starts removes the temporary tables it finds here: a shared folder would lose a neighbour's.
            f"--tmpdir={self._temporary}",
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
        return Command(arguments, inherited("PATH", "HOME", "TMPDIR", "TZ"))

    def answers_on(self, port: int) -> bool:
        try:
            with connect_as_root(port) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                row = cursor.fetchone()
        except pymysql.MySQLError:
            return False
        # Another server may have taken the port between our choice and our start.
        return row is not None and Path(str(row[0])).resolve() == self._databases

    @property
    def _first_statements(self) -> Path:
        return self.directory / "root.sql"

    def _initialise(self, program: ServerProgram, databases: Path) -> None:
        if program.engine == "mysql":
            arguments = [str(program.path), "--no-defaults", "--initialize-insecure"]
        else:
            arguments = [_mariadb_installer(program), "--no-defaults", "--skip-test-db"]
            arguments.append("--auth-root-authentication-method=normal")
        arguments += [f"--datadir={databases}", *_run_as()]
        # As `--tmpdir` below: another server that starts meanwhile would remove its temporary tables.
        environment = {**os.environ, "TMPDIR": str(self._temporary)}
        made = subprocess.run(
            arguments, capture_output=True, text=True, check=False, cwd=self.directory, env=environment
        )
        if made.returncode != 0:
            self.log.write_text(made.stdout + made.stderr)
            reason = last_line(made.stderr or made.stdout)
            raise UnavailableError(f"{program.path} could not make a data directory: {reason}.", log=str(self.log))


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
