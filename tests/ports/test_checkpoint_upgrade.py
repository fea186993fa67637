"""A store of an older format is upgraded with everything in it, and back."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from adapters.checkpoints import open_store
from adapters.checkpoints.engine import alembic_config, checkpoint_url, open_engine
from core.checkpoints import MigrationStatus
from core.errors import StateError
from core.lifecycle import TableState, Trigger
from tests.ports.test_checkpoint_chunks import PLAN
from tests.ports.test_checkpoint_database import HEAD
from tests.ports.test_checkpoint_leases import LONG, ONE

TABLES_OF_0001 = ("migration", "table_checkpoint", "transition")
ROWS_OF_0001 = (
    """INSERT INTO migration VALUES (1, 'old', 'h', '{"tables": [1]}', '{"options": {}}', 'succeeded',
       '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:06+00:00')""",
    """INSERT INTO migration VALUES (7, 'm1', 'h', '{}', '{}', 'failed', '2026-02-02 03:04:05+00:00',
       '2026-02-02 03:04:06+00:00')""",
    """INSERT INTO table_checkpoint VALUES ('m1', 'a', 0, 'failed', 'loading', '{"run_id": "jr_1"}',
       '{"message": "no"}', 9)""",
    """INSERT INTO transition VALUES (3, 'm1', 'a', 'create_view', 'pending', 'view_created', 'committed', '{}',
       '{"view": "v"}', NULL, '2026-02-02 03:04:05+00:00', '2026-02-02 03:04:05+00:00')""",
    """INSERT INTO transition VALUES (4, 'm1', 'a', 'finish_load', 'loading', 'loaded', 'abandoned', '{}', '{}',
       '{"message": "no"}', '2026-02-02 03:04:05+00:00', '2026-02-02 03:04:05+00:00')""",
)


def downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(alembic_config(connection), revision)


def store_of_0001(url: str) -> None:
    """Leave a database of the first format with rows in every table; made by its own revision."""
    engine = open_engine(checkpoint_url(url))
    with engine.execution_options(write=True, upgrade=True).begin() as connection:
        downgrade(connection, "0001")
        assert set(inspect(connection).get_table_names()) == {"alembic_version", *TABLES_OF_0001}
        for statement in ROWS_OF_0001:
            connection.execute(text(statement.replace(":", "\\:")))
    engine.dispose()


def test_what_the_first_format_holds_is_kept_and_can_be_gone_on_with(database_url: str) -> None:
    store_of_0001(database_url)
    store = open_store(database_url)
    assert [record.id for record in store.list_migrations(9)] == ["m1", "old"]
    old = store.migration("old")
    assert (old.status, old.contract, old.subject) == (MigrationStatus.SUCCEEDED, {"tables": [1]}, None)
    table = store.table("m1", "a")
    assert (table.state, table.failed_from, table.version) == (TableState.FAILED, TableState.LOADING, 9)
    assert [record.trigger for record in store.transitions("m1", "a")] == [Trigger.CREATE_VIEW, Trigger.FINISH_LOAD]
    assert (store.leases("m1"), store.chunks("m1", "a"), store.requested("m1")) == ([], [], None)

    lease = store.acquire_lease("m1", "a", ONE, LONG)
    assert store.fire("m1", "a", Trigger.RETRY, fence=lease.fence).state is TableState.LOADING
    store.plan_chunks("m1", "a", PLAN, fence=lease.fence)
    assert store.set_status("m1", MigrationStatus.PAUSED).status is MigrationStatus.PAUSED
    store.close()


def test_an_upgraded_database_refuses_what_a_new_one_does(database_url: str) -> None:
    store_of_0001(database_url)
    engine = open_engine(checkpoint_url(database_url))
    for wrong in (
        "UPDATE migration SET status = 'done'",
        "UPDATE migration SET request = 'stop'",
        "INSERT INTO migration SELECT number + 100, id, contract_hash, contract, settings, status, created_at,"
        " updated_at, request, subject FROM migration",
        "INSERT INTO table_checkpoint (migration_id, table_name, position, state, evidence, version)"
        " VALUES ('nobody', 't', 0, 'pending', '{}', 1)",
        "DELETE FROM migration WHERE id = 'm1'",
        "INSERT INTO chunk (migration_id, table_name, number, item, rows) VALUES ('m1', 'nobody', 0, 0, 0)",
    ):
        with pytest.raises(IntegrityError), engine.execution_options(write=True).begin() as connection:
            connection.execute(text(wrong))
    engine.dispose()


def test_the_upgrade_is_done_completely_or_not_at_all(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store_of_0001(database_url)

    def refuse(connection: Connection) -> None:
        raise StateError("rows are missing")

    monkeypatch.setattr("adapters.checkpoints.engine._require_whole", refuse)
    with pytest.raises(StateError, match="rows are missing"):
        open_store(database_url)
    monkeypatch.undo()
    store = open_store(database_url)
    assert store.table("m1", "a").version == 9
    with store._readers.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
    store.close()
