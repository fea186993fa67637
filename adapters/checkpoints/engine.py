"""The database behind the checkpoint store: its URL, its connections, its format.

Guarantees:
- A database is created or upgraded to this program's format by one process at a time, completely or not at all.
- A database of a newer format is refused untouched.
- The URL's password appears in no log, no error and no repr.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import stamina
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, InterfaceError, OperationalError

from core.errors import SettingsError, StateError, UnavailableError

BUSY_TIMEOUT_SECONDS: Final = 30
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
# Any constant will do, as long as every version of tableferry uses this one.
_UPGRADE_LOCK: Final = 0x7461626C65666572
# alembic keeps the environment of an upgrade in module globals.
_one_upgrade = threading.Lock()


def checkpoint_url(text_url: str) -> URL:
    """The URL as SQLAlchemy takes it. Raises SettingsError, never quoting the text, for one that cannot be used."""
    try:
        url = make_url(text_url)
    except (ArgumentError, ValueError):
        raise _bad_url("is no URL") from None  # the cause quotes the text, which may hold a password
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise _bad_url("names no file; checkpoints in memory would not survive the process")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise _bad_url(f"has the unknown scheme {url.drivername}")
    return url


def _bad_url(problem: str) -> SettingsError:
    return SettingsError(
        f"The checkpoint store's URL {problem}.",
        remedy="Use sqlite:////absolute/path.db or postgresql://user:password@host:port/database.",
    )


def open_engine(url: URL) -> Engine:
    """An engine whose database exists and has this program's format.

    Transactions with the execution option `write` take SQLite's write lock at their start: a reader that turns
    writer would be refused at once, whatever the busy timeout. Raises StateError for a newer database,
    UnavailableError when it cannot be reached.
    """
    if url.get_backend_name() == "sqlite":
        _create_file(Path(str(url.database)))
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    try:
        with (
            translated_errors(),
            _one_upgrade,
            engine.execution_options(write=True, upgrade=True).begin() as connection,
        ):
            _upgrade(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the database's errors as ours, but for a broken constraint, whose meaning only the caller knows."""
    try:
        yield
    except IntegrityError:
        raise
    except (OperationalError, InterfaceError) as error:
        raise UnavailableError(
            f"The checkpoint store did not answer: {error.orig}.",
            remedy="Check that it is up, that its path may be written and its disk is not full, then resume.",
        ) from error
    except DatabaseError as error:
        raise StateError(
            f"The checkpoint store refused a change: {error.orig}.",
            remedy="Check that its URL names tableferry's own database and that its user may write there.",
        ) from error


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Contracts are nobody else's business; SQLite gives its -wal and -shm files the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise SettingsError(
            f"The checkpoint file {path} cannot be written: {error.strerror}.",
            remedy="Give the checkpoint store a path that this user may write.",
        ) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    _use_wal(connection)
    # With WAL, NORMAL may lose the last commits on power loss: a forgotten commit is a repeated effect.
    connection.execute("PRAGMA synchronous = FULL")


def _use_wal(connection: Any) -> None:
    """Switch to WAL, which lasts; SQLite does not wait for a process that writes a file that is not in WAL yet."""
    for attempt in stamina.retry_context(
        on=_is_busy, attempts=None, timeout=BUSY_TIMEOUT_SECONDS, wait_initial=0.01, wait_max=0.2
    ):
        with attempt:
            connection.execute("PRAGMA journal_mode = WAL")


def _is_busy(error: Exception) -> bool:
    # The low byte is the primary result code. https://www.sqlite.org/rescode.html
    code = error.sqlite_errorcode if isinstance(error, sqlite3.OperationalError) else 0
    return code & 0xFF == sqlite3.SQLITE_BUSY


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    # An upgrade rebuilds tables that others refer to. SQLite heeds this pragma between transactions only.
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if options.get('upgrade') else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write") else "BEGIN")


def alembic_config(connection: Connection) -> Config:
    """alembic's settings for this connection; no ini file, so logging is left alone."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    config = alembic_config(connection)
    ours = ScriptDirectory.from_config(config)
    there = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in ours.walk_revisions()}
    if unknown := sorted(set(there) - known):
        raise StateError(
            f"The checkpoint store has format {', '.join(unknown)}, which is newer than this tableferry knows.",
            remedy="Upgrade tableferry, or use the version that wrote it.",
            format=unknown,
            known=sorted(known),
        )
    if set(there) != set(ours.get_heads()):
        command.upgrade(config, "head")
        _require_whole(connection)


def _require_whole(connection: Connection) -> None:
    """What SQLite did not check while the upgrade rebuilt tables. Raises StateError, which undoes the upgrade."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StateError(
            "The checkpoint store cannot be upgraded: some of its rows refer to rows that are not there.",
            remedy="Use the version that wrote it, or start with another TABLEFERRY_STATE_URL.",
        )
