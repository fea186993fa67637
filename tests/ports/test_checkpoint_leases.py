"""What a checkpoint store guarantees of leases, the same for the fake, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.checkpoints import CheckpointStore, MigrationRecord, MigrationStatus, Request
from core.errors import LeaseHeldError, LeaseLostError, StateError
from core.leases import Owner, Start
from core.lifecycle import TableState, Trigger
from tests.ports.test_checkpoint_store import ERROR, MOMENT, new

T, S = Trigger, TableState
ONE = Owner("host-1", 11, "boot", "1", "one")
TWO = Owner("host-2", 22, "boot", "2", "two")
LONG, EXPIRED = 600.0, -1.0
CHANGES: list[Callable[[CheckpointStore, int | None], Any]] = [
    lambda s, f: s.begin("m1", "a", T.CREATE_TABLE, fence=f),
    lambda s, f: s.fire("m1", "a", T.CANCEL, fence=f),
    lambda s, f: s.fail("m1", "a", ERROR, fence=f),
    lambda s, f: s.plan_chunks("m1", "a", [], fence=f),
    lambda s, f: s.mark_chunks_done("m1", "a", {}, fence=f),
]


def test_a_lease_is_held_by_one_owner_who_is_named_to_others(store: CheckpointStore) -> None:
    new(store)
    lease = store.acquire_lease("m1", "a", ONE, LONG)
    assert (lease.owner, lease.fence, lease.table) == (ONE, 1, "a")
    assert lease.expires_at > lease.since
    with pytest.raises(LeaseHeldError, match=r"a is driven by another process: pid 11 on host-1, since 20") as caught:
        store.acquire_lease("m1", "a", TWO, LONG)
    assert (caught.value.facts["pid"], caught.value.facts["since"]) == (11, lease.since.isoformat())
    assert store.acquire_lease("m1", "b", TWO, LONG).owner == TWO
    assert [found.table for found in store.leases("m1")] == ["b", "a"]
    assert store.table("m1", "a").version == 1, "a lease is no change of the table"


def test_an_expired_lease_and_one_whose_owner_is_gone_are_taken_over(store: CheckpointStore) -> None:
    new(store)
    first = store.acquire_lease("m1", "a", ONE, EXPIRED)
    assert store.leases("m1") == []
    second = store.acquire_lease("m1", "a", TWO, LONG)
    third = store.acquire_lease("m1", "a", ONE, LONG, lambda owner: owner == TWO)
    assert [lease.fence for lease in (first, second, third)] == [1, 2, 3]


def test_the_owner_may_acquire_again_which_voids_its_older_fence(store: CheckpointStore) -> None:
    new(store)
    before = store.acquire_lease("m1", "a", ONE, LONG)
    again = store.acquire_lease("m1", "a", ONE, LONG)
    assert again.fence == before.fence + 1
    with pytest.raises(LeaseLostError):
        store.renew_lease(before, LONG)


def test_a_lease_is_renewed_even_when_it_expired_unless_it_was_taken_over(store: CheckpointStore) -> None:
    new(store)
    lease = store.acquire_lease("m1", "a", ONE, EXPIRED)
    renewed = store.renew_lease(lease, LONG)
    assert (renewed.fence, renewed.since) == (lease.fence, lease.since)
    assert renewed.expires_at > lease.expires_at
    assert store.leases("m1") == [renewed]
    store.renew_lease(lease, EXPIRED)
    store.acquire_lease("m1", "a", TWO, LONG)
    with pytest.raises(LeaseLostError, match="no longer drives a"):
        store.renew_lease(lease, LONG)


def test_a_released_lease_is_free_and_releasing_a_lost_one_takes_nothing(store: CheckpointStore) -> None:
    new(store)
    lease = store.acquire_lease("m1", "a", ONE, LONG)
    store.release_lease(lease)
    store.release_lease(lease)
    with pytest.raises(LeaseLostError):
        store.renew_lease(lease, LONG)
    taken = store.acquire_lease("m1", "a", TWO, LONG)
    store.release_lease(lease)
    assert store.leases("m1") == [taken]


@pytest.mark.parametrize("change", CHANGES)
def test_what_carries_a_stale_fence_changes_nothing(
    store: CheckpointStore, change: Callable[[CheckpointStore, int | None], Any]
) -> None:
    new(store)
    stale = store.acquire_lease("m1", "a", ONE, EXPIRED)
    pending = store.begin("m1", "a", T.CREATE_VIEW, fence=stale.fence)
    holder = store.acquire_lease("m1", "a", TWO, LONG)
    for late in (
        lambda: store.commit(pending, {"late": True}, fence=stale.fence),
        lambda: store.abandon(pending, ERROR, fence=stale.fence),
        lambda: change(store, stale.fence),
    ):
        with pytest.raises(LeaseLostError):
            late()
    assert (store.table("m1", "a").state, store.pending("m1", "a")) == (S.PENDING, pending)
    assert store.commit(pending, {}, fence=holder.fence).state is S.VIEW_CREATED
    change(store, holder.fence)


@pytest.mark.parametrize("change", CHANGES)
def test_without_a_fence_a_leased_table_is_left_alone(
    store: CheckpointStore, change: Callable[[CheckpointStore, int | None], Any]
) -> None:
    new(store)
    lease = store.acquire_lease("m1", "a", ONE, LONG)
    store.commit(store.begin("m1", "a", T.CREATE_VIEW, fence=lease.fence), fence=lease.fence)
    with pytest.raises(LeaseHeldError, match="pid 11"):
        change(store, None)
    store.release_lease(lease)
    change(store, None)


def test_a_released_fence_changes_nothing(store: CheckpointStore) -> None:
    new(store)
    lease = store.acquire_lease("m1", "a", ONE, LONG)
    store.release_lease(lease)
    with pytest.raises(LeaseLostError):
        store.begin("m1", "a", T.CREATE_VIEW, fence=lease.fence)


def start(store: CheckpointStore, id_: str, owner: Owner, *, beside: bool = False, subject: str = "s") -> Any:
    record = MigrationRecord(id_, "hash", {}, {}, MigrationStatus.RUNNING, MOMENT, MOMENT, subject)
    return store.create_migration(record, ["a", "b"], Start(owner, LONG, lambda o: o.token == "gone", beside))


def test_a_migration_begins_with_its_tables_leased(store: CheckpointStore) -> None:
    leases = start(store, "m1", ONE)
    assert list(leases) == ["a", "b"]
    assert store.leases("m1") == list(leases.values())
    assert store.commit(store.begin("m1", "a", T.CREATE_VIEW, fence=1), fence=1).state is S.VIEW_CREATED


@pytest.mark.parametrize("beside", [False, True])
def test_a_migration_is_not_begun_while_one_of_its_subject_is_driven(store: CheckpointStore, beside: bool) -> None:
    start(store, "m1", ONE)
    with pytest.raises(LeaseHeldError, match=r"Migration m1 .* pid 11 on host-1"):
        start(store, "m2", TWO, beside=beside)
    start(store, "m3", TWO, subject="another")
    assert [record.id for record in store.list_migrations(9)] == ["m3", "m1"]


@pytest.mark.parametrize("status", list(MigrationStatus))
def test_beside_an_unfinished_migration_another_is_begun_only_when_asked(
    store: CheckpointStore, status: MigrationStatus
) -> None:
    start(store, "m1", replace(ONE, token="gone"))
    store.set_status("m1", status)
    if status not in (MigrationStatus.SUCCEEDED, MigrationStatus.CANCELLED):
        with pytest.raises(StateError, match=r"tableferry resume m1`, or .* --new") as caught:
            start(store, "m2", TWO)
        assert not isinstance(caught.value, LeaseHeldError)
    start(store, "m2", TWO, beside=True)
    assert store.migration("m2").subject == "s"


def test_what_is_asked_of_a_migration_is_kept_until_it_is_taken_back(store: CheckpointStore) -> None:
    before = new(store)
    assert store.requested("m1") is None
    for wanted in (Request.PAUSE, Request.CANCEL, None):
        store.request("m1", wanted)
        assert store.requested("m1") is wanted
    assert store.migration("m1") == before
    with pytest.raises(StateError, match="no migration nope"):
        store.request("nope", Request.PAUSE)
    with pytest.raises(StateError, match="no migration nope"):
        store.leases("nope")


def test_moments_of_leases_are_utc(store: CheckpointStore) -> None:
    new(store)
    lease = store.acquire_lease("m1", "a", ONE, LONG)
    [found] = store.leases("m1")
    assert found == lease
    assert {m.utcoffset() for m in (found.since, found.expires_at)} == {timedelta(0)}
