"""What a checkpoint store keeps of tables that fail or are given up; the same for every store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.checkpoints import CheckpointStore, TransitionStatus
from core.errors import StateError
from core.lifecycle import TableState, Trigger
from tests.ports.test_checkpoint_store import ERROR, new, walk_to

T, S = Trigger, TableState


@pytest.mark.parametrize("state", [S.PENDING, S.LOADING, S.VALIDATING])
def test_a_failed_table_keeps_its_error_and_where_it_fell_from_until_it_is_retried(
    store: CheckpointStore, state: TableState
) -> None:
    new(store)
    walk_to(store, state)
    failed = store.fail("m1", "a", ERROR)
    assert failed == store.table("m1", "a")
    assert (failed.state, failed.failed_from, failed.error) == (S.FAILED, state, ERROR)
    with pytest.raises(StateError, match="cannot fail"):
        store.fail("m1", "a", ERROR)
    again = store.fire("m1", "a", T.RETRY)
    assert (again.state, again.failed_from, again.error) == (state, None, None)
    assert [r.error for r in store.transitions("m1", "a") if r.trigger is T.FAIL] == [ERROR]


@pytest.mark.parametrize("leave", [lambda s: s.fail("m1", "a", ERROR), lambda s: s.fire("m1", "a", T.CANCEL)])
def test_failing_and_cancelling_abandon_what_is_pending_and_keep_it_in_the_history(
    store: CheckpointStore, leave: Callable[[CheckpointStore], Any]
) -> None:
    new(store)
    pending = store.begin("m1", "a", T.CREATE_VIEW, {"view": "v"})
    leave(store)
    assert store.pending("m1", "a") is None
    given_up = store.transitions("m1", "a")[0]
    assert (given_up.id, given_up.status, given_up.intent) == (pending.id, TransitionStatus.ABANDONED, {"view": "v"})
    with pytest.raises(StateError, match="abandoned already"):
        store.commit(pending)


def test_an_abandoned_transition_leaves_the_state_and_can_be_begun_anew(store: CheckpointStore) -> None:
    new(store)
    pending = store.begin("m1", "a", T.CREATE_VIEW, {"view": "old"})
    store.abandon(pending, ERROR)
    store.abandon(pending, ERROR)
    assert store.table("m1", "a").state is S.PENDING
    again = store.begin("m1", "a", T.CREATE_VIEW, {"view": "new"})
    assert again.id != pending.id
    assert again.intent == {"view": "new"}
