"""The lifecycle's rules, walked completely: every state with every trigger."""

from __future__ import annotations

import pytest

from core.errors import StateError
from core.lifecycle import FINAL, UNDER_WAY, TableLifecycle, TableState, Trigger
from core.lifecycle_diagram import DOCUMENT, with_diagram

S, T = TableState, Trigger
FORWARD = {
    (S.PENDING, T.CREATE_VIEW): S.VIEW_CREATED,
    (S.VIEW_CREATED, T.CREATE_TABLE): S.TABLE_CREATED,
    (S.TABLE_CREATED, T.CREATE_JOB): S.JOB_CREATED,
    (S.JOB_CREATED, T.START_LOAD): S.LOADING,
    (S.LOADING, T.RESTART_LOAD): S.LOADING,
    (S.LOADING, T.FINISH_LOAD): S.LOADED,
    (S.LOADED, T.START_VALIDATION): S.VALIDATING,
    (S.VALIDATING, T.FINISH_VALIDATION): S.VALIDATED,
}
AGAIN = {
    (S.VALIDATED, T.START_VALIDATION): S.VALIDATING,
    (S.VALIDATED, T.RESTART_LOAD): S.LOADING,
    (S.VALIDATING, T.RESTART_LOAD): S.LOADING,
}
EXITS = {
    (state, trigger): dest for state in UNDER_WAY for trigger, dest in ((T.FAIL, S.FAILED), (T.CANCEL, S.CANCELLED))
}
STARTS = [(state, None) for state in S if state is not S.FAILED] + [(S.FAILED, state) for state in UNDER_WAY]


def expected(state: TableState, failed_from: TableState | None, trigger: Trigger) -> TableState | None:
    if failed_from is not None:
        return {T.RETRY: failed_from, T.CANCEL: S.CANCELLED}.get(trigger)
    return (FORWARD | AGAIN | EXITS).get((state, trigger))


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize(("state", "failed_from"), STARTS)
def test_every_state_answers_every_trigger_as_the_design_says(
    state: TableState, failed_from: TableState | None, trigger: Trigger
) -> None:
    life = TableLifecycle(state, failed_from)
    dest = expected(state, failed_from, trigger)
    assert life.may(trigger) is (dest is not None)
    if dest is None:
        for act in (life.target, life.fire):
            with pytest.raises(StateError) as raised:
                act(trigger)
            assert raised.value.facts["state"] == state.value
            assert raised.value.facts["trigger"] == trigger.value
            assert trigger.value in raised.value.message
        assert (life.state, life.failed_from) == (state, failed_from)
        return
    assert life.target(trigger) is dest
    assert (life.state, life.failed_from) == (state, failed_from), "asking for the target moved the table"
    assert life.fire(trigger) is dest
    assert life.state is dest
    assert life.failed_from is (state if trigger is T.FAIL else None)


def test_the_next_triggers_lead_from_pending_to_validated_through_every_working_state() -> None:
    life, walked = TableLifecycle(S.PENDING), [S.PENDING]
    while (trigger := life.next_trigger()) is not None:
        walked.append(life.fire(trigger))
    assert walked == [*UNDER_WAY, S.VALIDATED]


@pytest.mark.parametrize("state", UNDER_WAY)
def test_a_failed_table_goes_back_to_the_state_it_fell_from(state: TableState) -> None:
    life = TableLifecycle(state)
    life.fire(T.FAIL)
    assert (life.failed_from, life.is_final, life.next_trigger()) == (state, False, T.RETRY)
    assert life.fire(T.RETRY) is state
    assert life.failed_from is None


@pytest.mark.parametrize("state", sorted(FINAL))
def test_nothing_follows_a_final_state_of_itself(state: TableState) -> None:
    life = TableLifecycle(state)
    assert life.is_final
    assert life.next_trigger() is None
    with pytest.raises(StateError, match=f"A table that is {state.value} cannot cancel"):
        life.fire(T.CANCEL)


@pytest.mark.parametrize(
    ("state", "failed_from"), [(S.FAILED, None), (S.LOADED, S.LOADING), (S.FAILED, S.FAILED), (S.FAILED, S.VALIDATED)]
)
def test_a_damaged_checkpoint_is_refused(state: TableState, failed_from: TableState | None) -> None:
    with pytest.raises(StateError, match="cannot be"):
        TableLifecycle(state, failed_from)


def test_the_documented_diagram_is_the_one_in_the_code() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert with_diagram(document) == document, "run `python -m core.lifecycle_diagram`"
    assert all(f"`{state.value}`" in document for state in TableState)
