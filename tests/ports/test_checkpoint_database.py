"""What only real databases can show: killed and racing processes, formats, files, and secrets."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from adapters.checkpoints import open_store
from adapters.checkpoints.engine import checkpoint_url, open_engine
from adapters.checkpoints.metadata import METADATA
from adapters.checkpoints.queries import move, table_row
from core.checkpoints import MigrationRecord, MigrationStatus
from core.errors import SettingsError, StateError, UnavailableError
from core.lifecycle import TableState, Trigger
from tests.ports.postgres import PostgresServer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = "0002"


def new_migration(url: str, tables: tuple[str, ...], state: TableState) -> None:
    store = open_store(url)
    store.create_migration(MigrationRecord("m1", "h", {}, {}, MigrationStatus.RUNNING, NOW, NOW), tables)
    for table in tables:
        while (row := store.table("m1", table)).state is not state:
            store.fire("m1", table, row.life.next_trigger() or Trigger.FAIL)
    store.close()


def test_a_new_file_that_another_process_writes_at_that_moment_is_waited_for(tmp_path: Path) -> None:
    """SQLite refuses the switch to WAL at once, whatever the busy timeout, while somebody writes without WAL."""
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("CREATE TABLE other (x)")
        writer.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.3, writer.execute, ("COMMIT",))
        end.start()
        open_store(f"sqlite:///{path}").close()
        end.join()


def test_a_newer_database_is_refused_untouched(database_url: str) -> None:
    engine = open_engine(checkpoint_url(database_url))
    with engine.execution_options(write=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match=r"format 9999, which is newer .* Upgrade tableferry"):
        open_store(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.dispose()


def test_the_migrations_build_what_the_models_say(database_url: str) -> None:
    engine = open_engine(checkpoint_url(database_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    migrated = shape(engine)
    with engine.execution_options(write=True).begin() as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
    # compare_metadata does not look at CHECK constraints.
    assert migrated == shape(engine)
    assert all(checks for name, (_, checks, _, _) in migrated.items() if name != "alembic_version")
    engine.dispose()


def condition(index: Any) -> str:
    return str(next((where for key, where in index.get("dialect_options", {}).items() if key.endswith("where")), ""))


def shape(engine: Engine) -> dict[str, tuple[object, ...]]:
    found = inspect(engine)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)],
            sorted((str(check["name"]), check["sqltext"]) for check in found.get_check_constraints(table)),
            sorted((str(i["name"]), i["column_names"], i["unique"], condition(i)) for i in found.get_indexes(table)),
            sorted(str(key) for key in found.get_unique_constraints(table)),
        )
        for table in found.get_table_names()
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE table_checkpoint SET state = 'lost'",
        "UPDATE table_checkpoint SET state = 'failed'",
        "UPDATE migration SET status = 'done'",
        "INSERT INTO transition (migration_id, table_name, trigger, from_state, to_state, status, intent, evidence,"
        " started_at) SELECT migration_id, table_name, trigger, from_state, to_state, status, intent, evidence,"
        " started_at FROM transition",
        "UPDATE transition SET table_name = 'nobody'",
    ],
)
def test_the_database_itself_refuses_what_no_program_of_ours_would_write(database_url: str, statement: str) -> None:
    new_migration(database_url, ("a",), TableState.PENDING)
    store = open_store(database_url)
    store.begin("m1", "a", Trigger.CREATE_VIEW)
    store.close()
    engine = open_engine(checkpoint_url(database_url))
    with pytest.raises(IntegrityError), engine.execution_options(write=True).begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_stale_write_is_a_retriable_error_and_changes_nothing(database_url: str) -> None:
    new_migration(database_url, ("a",), TableState.PENDING)
    store, rival = open_store(database_url), open_store(database_url)

    def cancel_what_the_rival_moved() -> None:
        with store._session() as session:
            row = table_row(session, "m1", "a")
            rival.fire("m1", "a", Trigger.CREATE_VIEW)
            move(session, row, row.checkpoint().after(Trigger.CANCEL, {}))

    with pytest.raises(UnavailableError):
        cancel_what_the_rival_moved()
    assert store.table("m1", "a").state is TableState.VIEW_CREATED
    rival.close()
    store.close()


def test_a_store_that_does_not_answer_is_retriable_and_its_password_stays_secret(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = f"postgresql://tester:hunter2-secret@127.0.0.1:{postgres.port}/postgres"
    with pytest.raises(UnavailableError) as raised:
        open_store(wrong)
    store = open_store(postgres.new_database())
    everything = f"{raised.value} {raised.value.to_wire()} {raised.value.__cause__!r} {caplog.text}"
    everything += repr(store._readers) + str(checkpoint_url(wrong))
    store.close()
    assert "hunter2" not in everything
    assert postgres.password not in everything


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://root:hunter2@h/d", "unknown scheme mysql"),
        ("hunter2 is not a url", "is no URL"),
        ("postgresql://user:hunter2@host:notaport/d", "is no URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////proc/nowhere/c.db", "cannot be written"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_quoting_it(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as raised:
        open_store(url)
    assert "hunter2" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_sqlite_files_are_private_and_survive_a_power_loss(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state" / "100% ours.db"
    engine = open_engine(checkpoint_url(f"sqlite:///{path}"))
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        files = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(files.values()) == {0o600}
    engine.dispose()


def test_a_file_that_is_no_database_is_refused_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and no database at all" * 100)
    with pytest.raises(StateError, match="not a database"):
        open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("these are my notes")


def test_opening_a_store_leaves_logging_alone(database_url: str) -> None:
    logger = logging.getLogger("somebody.elses")
    before = (logger.disabled, list(logging.root.handlers), logging.root.level)
    open_store(database_url).close()
    assert (logger.disabled, list(logging.root.handlers), logging.root.level) == before


def test_a_closed_store_holds_no_file_open(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/c.db")
    assert store.newest() is None
    store.close()
    links = list(Path("/proc/self/fd").iterdir())
    assert not [link for link in links if str(tmp_path) in os.path.realpath(link)]


def test_a_store_still_reads_while_another_process_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    new_migration(url, ("a",), TableState.PENDING)
    store, writer = open_store(url), sqlite3.connect(tmp_path / "c.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE migration SET contract_hash = 'changed'")
    assert store.migration("m1").contract_hash == "h"
    writer.execute("ROLLBACK")
    writer.close()
    store.close()
