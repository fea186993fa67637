"""The lifecycle of one table: its states, its triggers, and the rule book of what may follow what.

Guarantees:
- Nothing happens here but deciding: no I/O, no clock, no logging.
- A trigger that the table below does not list for a state is a `StateError`, and the state stays as it was.
- A failed table remembers the state it fell from, and `retry` goes back to exactly that state.

The other way round from many uses of `transitions`: the machine is a throw-away rule book, made from the stored state
for one question; the checkpoint store is what lasts.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from transitions import EventData, Machine, MachineError

from core.errors import StateError


class TableState(StrEnum):
    """Where a table stands; every state but `loading` and `validating` is a place where nothing is under way."""

    PENDING = "pending"
    VIEW_CREATED = "view_created"
    TABLE_CREATED = "table_created"
    JOB_CREATED = "job_created"
    LOADING = "loading"
    LOADED = "loaded"
    VALIDATING = "validating"
    VALIDATED = "validated"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """What moves a table from one state to the next.

    There is no `restart_validation`: validation only reads, so a validation that died is simply done again by the
    `finish_validation` that was never committed. A load run that died leaves a job run behind, which is evidence,
    so its replacement is a transition of its own (`restart_load`). A table that is validated can, when asked, be
    validated again (`start_validation`), or load its rejected rows again first (`restart_load`).
    """

    CREATE_VIEW = "create_view"
    CREATE_TABLE = "create_table"
    CREATE_JOB = "create_job"
    START_LOAD = "start_load"
    RESTART_LOAD = "restart_load"
    FINISH_LOAD = "finish_load"
    START_VALIDATION = "start_validation"
    FINISH_VALIDATION = "finish_validation"
    FAIL = "fail"
    RETRY = "retry"
    CANCEL = "cancel"


FINAL: Final = frozenset({TableState.VALIDATED, TableState.CANCELLED})
UNDER_WAY: Final = tuple(s for s in TableState if s not in FINAL and s is not TableState.FAILED)


def _step(trigger: Trigger, source: TableState, dest: TableState, **callbacks: str) -> dict[str, Any]:
    return {"trigger": trigger.value, "source": source, "dest": dest, **callbacks}


TRANSITIONS: Final[tuple[dict[str, Any], ...]] = (
    _step(Trigger.CREATE_VIEW, TableState.PENDING, TableState.VIEW_CREATED),
    _step(Trigger.CREATE_TABLE, TableState.VIEW_CREATED, TableState.TABLE_CREATED),
    _step(Trigger.CREATE_JOB, TableState.TABLE_CREATED, TableState.JOB_CREATED),
    _step(Trigger.START_LOAD, TableState.JOB_CREATED, TableState.LOADING),
    _step(Trigger.RESTART_LOAD, TableState.LOADING, TableState.LOADING),
    _step(Trigger.FINISH_LOAD, TableState.LOADING, TableState.LOADED),
    _step(Trigger.START_VALIDATION, TableState.LOADED, TableState.VALIDATING),
    _step(Trigger.FINISH_VALIDATION, TableState.VALIDATING, TableState.VALIDATED),
    _step(Trigger.START_VALIDATION, TableState.VALIDATED, TableState.VALIDATING),
    *(
        _step(Trigger.RESTART_LOAD, state, TableState.LOADING)
        for state in (TableState.VALIDATING, TableState.VALIDATED)
    ),
    *(_step(Trigger.FAIL, state, TableState.FAILED, before="remember_state") for state in UNDER_WAY),
    *(
        _step(Trigger.RETRY, TableState.FAILED, state, conditions="fell_from_it", before="forget_state")
        for state in UNDER_WAY
    ),
    *(_step(Trigger.CANCEL, state, TableState.CANCELLED) for state in UNDER_WAY),
    _step(Trigger.CANCEL, TableState.FAILED, TableState.CANCELLED, before="forget_state"),
)

# Every state on the way has one trigger of this tuple, so the first that may fire is the only one.
ON_THE_WAY: Final = (
    Trigger.CREATE_VIEW,
    Trigger.CREATE_TABLE,
    Trigger.CREATE_JOB,
    Trigger.START_LOAD,
    Trigger.FINISH_LOAD,
    Trigger.START_VALIDATION,
    Trigger.FINISH_VALIDATION,
    Trigger.RETRY,
)


class _Twin:
    """The object that `transitions` binds to: the state, and the two callbacks that the table names."""

    state: TableState

    def __init__(self, failed_from: TableState | None) -> None:
        self.failed_from = failed_from

    def remember_state(self, event: EventData) -> None:
        self.failed_from = self.state  # a `before` callback still sees the state it leaves

    def forget_state(self, event: EventData) -> None:
        self.failed_from = None

    def fell_from_it(self, event: EventData) -> bool:
        dest = None if event.transition is None else event.transition.dest
        return self.failed_from is not None and self.failed_from.name == dest


class TableLifecycle:
    """Answers what a table in this state may do next, and does it.

    `failed_from` is given exactly when `state` is `failed`. Raises StateError for any other pair.
    """

    def __init__(self, state: TableState, failed_from: TableState | None = None) -> None:
        if failed_from not in (UNDER_WAY if state is TableState.FAILED else (None,)):
            raise StateError(
                f"A table cannot be {state.value} and have failed from {failed_from}.",
                remedy="The checkpoint is damaged; start a new migration.",
                state=state.value,
                failed_from=failed_from,
            )
        self._twin = _Twin(failed_from)
        # auto_transitions would add a `to_<state>()` that skips every rule.
        self._machine = Machine(
            self._twin,
            states=TableState,
            transitions=list(TRANSITIONS),
            initial=state,
            auto_transitions=False,
            send_event=True,
        )

    @property
    def state(self) -> TableState:
        return self._twin.state

    @property
    def failed_from(self) -> TableState | None:
        return self._twin.failed_from

    @property
    def is_final(self) -> bool:
        """Whether nothing follows of itself; a failed table is not final, it can be retried."""
        return self.state in FINAL

    def may(self, trigger: Trigger) -> bool:
        """Whether `fire(trigger)` would succeed now."""
        return bool(self._twin.may_trigger(trigger.value))  # type: ignore[attr-defined]

    def target(self, trigger: Trigger) -> TableState:
        """The state that `fire(trigger)` would lead to. Raises StateError when it would."""
        return TableLifecycle(self.state, self.failed_from).fire(trigger)

    def fire(self, trigger: Trigger) -> TableState:
        """Move on and return the new state. Raises StateError, the state unchanged, for an illegal trigger."""
        try:
            moved = self._twin.trigger(trigger.value)  # type: ignore[attr-defined]
        except MachineError as error:
            raise self._illegal(trigger) from error
        if not moved:
            raise self._illegal(trigger)
        return self.state

    def next_trigger(self) -> Trigger | None:
        """The trigger on the way to `validated`; None when the table is final."""
        if self.is_final:
            return None
        return next((trigger for trigger in ON_THE_WAY if self.may(trigger)), None)

    def _illegal(self, trigger: Trigger) -> StateError:
        legal = [t.value for t in Trigger if self.may(t)]
        return StateError(
            f"A table that is {self.state.value} cannot {trigger.value}; it can {', '.join(legal) or 'do nothing'}.",
            remedy="Look at the table's state with `tableferry status`.",
            state=self.state.value,
            trigger=trigger.value,
            legal=legal,
        )
