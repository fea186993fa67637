"""The checkpoint store's guarantees, the same for the fake, SQLite and PostgreSQL; one test for each bullet."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.checkpoints import (
    CheckpointStore,
    MigrationRecord,
    MigrationStatus,
    PendingTransition,
    TransitionStatus,
)
from core.errors import StateError
from core.lifecycle import TableState, Trigger

T, S = Trigger, TableState
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
# NUL, a lone surrogate, 4-byte characters and numbers beyond a double: what names and facts of a migration may hold.
AWKWARD = {"text": "a\x00b \ud800 🦊 'x' % : {", "big": 2**70, "nested": [{"null": None, "no": False}], "empty": {}}
ERROR = {"code": "throttled", "message": "slow down", "remedy": "wait", "retryable": True, "facts": {"table": "a|b"}}


def new(store: CheckpointStore, id_: str = "m1", tables: tuple[str, ...] = ("b", "A", "a")) -> MigrationRecord:
    record = MigrationRecord(
        id_, "hash", {"tables": [AWKWARD]}, {"region": "eu"}, MigrationStatus.RUNNING, MOMENT, MOMENT
    )
    store.create_migration(record, tables)
    return record


def walk_to(store: CheckpointStore, state: TableState, table: str = "a") -> None:
    while (checkpoint := store.table("m1", table)).state is not state:
        trigger = checkpoint.life.next_trigger()
        assert trigger is not None
        store.commit(store.begin("m1", table, trigger), {trigger.value: True})


def test_a_migration_comes_back_as_it_was_stored(store: CheckpointStore) -> None:
    record = new(store)
    assert store.migration("m1") == record
    assert [row.table for row in store.tables("m1")] == ["b", "A", "a"]
    assert {row.state for row in store.tables("m1")} == {S.PENDING}
    assert store.table("m1", "A").evidence == {}
    assert store.table("m1", "A").version == 1


def test_migrations_are_listed_newest_first_whatever_their_clocks_say(store: CheckpointStore) -> None:
    assert store.newest() is None
    assert store.newest_unfinished() is None
    for id_ in ("m1", "m2", "m3", "m4"):
        new(store, id_)
    assert [record.id for record in store.list_migrations(3)] == ["m4", "m3", "m2"]
    assert store.newest() == store.migration("m4")


@pytest.mark.parametrize("status", list(MigrationStatus))
def test_the_newest_unfinished_is_the_newest_that_a_resume_can_go_on_with(
    store: CheckpointStore, status: MigrationStatus
) -> None:
    new(store, "older")
    new(store, "newer")
    changed = store.set_status("newer", status)
    assert changed == store.migration("newer")
    assert changed.status is status
    assert changed.updated_at > changed.created_at
    finished = status in (MigrationStatus.SUCCEEDED, MigrationStatus.CANCELLED)
    unfinished = store.newest_unfinished()
    assert unfinished is not None
    assert unfinished.id == ("older" if finished else "newer")


def test_settings_are_replaced_and_nothing_else(store: CheckpointStore) -> None:
    before = new(store)
    changed = store.set_settings("m1", {"options": {"rejects": "keep"}})
    assert changed == store.migration("m1")
    assert changed.settings == {"options": {"rejects": "keep"}}
    assert (changed.status, changed.contract) == (store.migration("m1").status, before.contract)


def test_a_second_migration_of_the_same_id_and_a_table_named_twice_are_refused(store: CheckpointStore) -> None:
    new(store)
    with pytest.raises(StateError, match="exists already"):
        new(store, tables=("other",))
    with pytest.raises(StateError, match="names a table twice"):
        new(store, "m2", ("a", "b", "a"))
    assert [record.id for record in store.list_migrations(9)] == ["m1"]
    assert len(store.tables("m1")) == 3


@pytest.mark.parametrize(
    "call",
    [
        lambda s, m, t: s.table(m, t),
        lambda s, m, t: s.begin(m, t, T.CREATE_VIEW),
        lambda s, m, t: s.pending(m, t),
        lambda s, m, t: s.fire(m, t, T.CANCEL),
        lambda s, m, t: s.fail(m, t, ERROR),
        lambda s, m, t: s.transitions(m, t),
    ],
)
def test_what_is_not_there_is_a_state_error_that_names_it(
    store: CheckpointStore, call: Callable[[CheckpointStore, str, str], Any]
) -> None:
    new(store)
    with pytest.raises(StateError, match="no migration nope"):
        call(store, "nope", "a")
    with pytest.raises(StateError, match="no table nope"):
        call(store, "m1", "nope")
    with pytest.raises(StateError, match="no migration nope"):
        store.set_status("nope", MigrationStatus.FAILED)
    with pytest.raises(StateError, match="no migration nope"):
        store.set_settings("nope", {})
    with pytest.raises(StateError, match="no migration nope"):
        store.tables("nope")


def test_begin_again_returns_the_pending_transition_with_its_old_intent(store: CheckpointStore) -> None:
    new(store)
    first = store.begin("m1", "a", T.CREATE_VIEW, {"view": "ddb_a_view"} | AWKWARD)
    assert first == store.begin("m1", "a", T.CREATE_VIEW, {"view": "another"})
    assert first == store.pending("m1", "a")
    assert first.intent == {"view": "ddb_a_view"} | AWKWARD
    assert (first.from_state, first.to_state) == (S.PENDING, S.VIEW_CREATED)
    assert store.table("m1", "a").state is S.PENDING
    assert len(store.transitions("m1", "a")) == 1


def test_a_table_has_at_most_one_pending_transition(store: CheckpointStore) -> None:
    new(store)
    walk_to(store, S.LOADING)
    store.begin("m1", "a", T.FINISH_LOAD)
    with pytest.raises(StateError, match=r"cannot restart_load: finish_load, begun at .* is neither"):
        store.begin("m1", "a", T.RESTART_LOAD)
    with pytest.raises(StateError, match="finish_load"):
        store.fire("m1", "a", T.RESTART_LOAD)
    assert store.table("m1", "a").state is S.LOADING
    assert store.begin("m1", "b", T.CREATE_VIEW).table == "b"


def test_commit_moves_state_evidence_and_transition_together(store: CheckpointStore) -> None:
    new(store)
    pending = store.begin("m1", "a", T.CREATE_VIEW)
    after = store.commit(pending, {"view_hash": "1"})
    assert after == store.table("m1", "a")
    assert (after.state, after.evidence, after.version) == (S.VIEW_CREATED, {"view_hash": "1"}, 2)
    assert store.pending("m1", "a") is None
    [done] = store.transitions("m1", "a")
    assert (done.status, done.evidence) == (TransitionStatus.COMMITTED, {"view_hash": "1"})


def test_a_commit_that_fails_changes_nothing(store: CheckpointStore) -> None:
    new(store)
    pending = store.begin("m1", "a", T.CREATE_VIEW)
    before, history = store.table("m1", "a"), store.transitions("m1", "a")
    with pytest.raises(TypeError):
        store.commit(pending, {"not json": object()})
    assert (store.table("m1", "a"), store.transitions("m1", "a")) == (before, history)
    assert store.pending("m1", "a") == pending


def test_of_several_commits_one_counts(store: CheckpointStore) -> None:
    new(store)
    pending = store.begin("m1", "a", T.CREATE_VIEW)
    after = store.commit(pending, {"run": 1, "pair": (1, 2)})
    assert store.commit(pending, {"run": 1, "pair": (1, 2)}) == after, "a repeated commit is no error"
    with pytest.raises(StateError, match="committed already"):
        store.commit(pending, {"run": 2})
    with pytest.raises(StateError, match="committed already"):
        store.abandon(pending, ERROR)
    assert store.table("m1", "a") == after


def test_a_transition_of_another_table_cannot_be_committed(store: CheckpointStore) -> None:
    new(store)
    mine = store.begin("m1", "a", T.CREATE_VIEW)
    forged = PendingTransition(**{**vars(mine), "table": "b"})
    with pytest.raises(StateError, match="unknown to the store"):
        store.commit(forged)
    assert {row.state for row in store.tables("m1")} == {S.PENDING}


@pytest.mark.parametrize("trigger", [T.FINISH_LOAD, T.RETRY, T.START_VALIDATION])
def test_what_the_lifecycle_does_not_allow_is_refused(store: CheckpointStore, trigger: Trigger) -> None:
    new(store)
    with pytest.raises(StateError, match=trigger.value):
        store.begin("m1", "a", trigger)
    with pytest.raises(StateError, match=trigger.value):
        store.fire("m1", "a", trigger)
    assert store.transitions("m1", "a") == []


def test_evidence_is_merged_over_the_transitions_and_later_keys_win(store: CheckpointStore) -> None:
    new(store)
    store.commit(store.begin("m1", "a", T.CREATE_VIEW), {"kept": AWKWARD, "count": 1})
    store.fail("m1", "a", ERROR)
    store.fire("m1", "a", T.RETRY)
    after = store.commit(store.begin("m1", "a", T.CREATE_TABLE), {"count": 2, "arn": "x"})
    assert after.evidence == {"kept": AWKWARD, "count": 2, "arn": "x"} == store.table("m1", "a").evidence


def test_the_history_holds_every_transition_oldest_first(store: CheckpointStore) -> None:
    new(store)
    walk_to(store, S.LOADING)
    store.commit(store.begin("m1", "a", T.RESTART_LOAD))
    walk_to(store, S.VALIDATED)
    history = store.transitions("m1", "a")
    assert [r.trigger.value for r in history] == [
        "create_view",
        "create_table",
        "create_job",
        "start_load",
        "restart_load",
        "finish_load",
        "start_validation",
        "finish_validation",
    ]
    assert all(before.to_state is after.from_state for before, after in itertools.pairwise(history))
    assert store.table("m1", "a").version == 1 + len(history), "a version for every change, restart_load's too"


def test_one_table_never_shows_in_another_and_returned_values_are_copies(store: CheckpointStore) -> None:
    new(store)
    new(store, "m2")
    others = [store.table("m1", "A"), store.table("m2", "a"), store.table("m1", "b")]
    evidence: dict[str, Any] = {"list": [1]}
    after = store.commit(store.begin("m1", "a", T.CREATE_VIEW), evidence)
    evidence["list"].append(2)
    after.evidence["list"].append(3)
    assert store.table("m1", "a").evidence == {"list": [1]}
    assert [store.table("m1", "A"), store.table("m2", "a"), store.table("m1", "b")] == others


def test_every_moment_is_utc(store: CheckpointStore) -> None:
    new(store)
    before = datetime.now(UTC)
    store.commit(store.begin("m1", "a", T.CREATE_VIEW))
    [done] = store.transitions("m1", "a")
    assert done.ended_at is not None
    assert before <= done.started_at <= done.ended_at <= datetime.now(UTC)
    stored = store.migration("m1").created_at
    assert stored == MOMENT
    assert done.started_at.utcoffset() == stored.astimezone(UTC).utcoffset() == timedelta(0)


def test_threads_share_one_store(store: CheckpointStore) -> None:
    names = tuple(f"t{number}" for number in range(6))
    new(store, tables=names)

    async def walk_all() -> None:
        await asyncio.gather(*(asyncio.to_thread(walk_to, store, S.VALIDATED, name) for name in names))

    asyncio.run(walk_all())
    assert [(row.state, row.version) for row in store.tables("m1")] == [(S.VALIDATED, 8)] * len(names)
