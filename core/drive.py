"""Drives one table through its lifecycle: intent recorded, effect made or found, evidence committed.

Guarantees:
- A step's intent is stored before its effect, and its evidence after it; nothing else changes a table's state.
- A step that fails leaves its table `failed` with the error; other tables do not notice.
- What is stored carries the fence of the lease that the table is driven by; a process that lost it stops, and its
  table is not marked as failed: somebody else drives it.
- A table that is paused or cancelled stops between two transitions, or with its run; it keeps its state.
- A table that is picked up after a death goes on from its last commit; a live job run is watched, a dead one replaced.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.checkpoints import CheckpointStore, PendingTransition, TableCheckpoint
from core.errors import (
    ErrorCode,
    InternalError,
    LeaseHeldError,
    LeaseLostError,
    NotFoundError,
    StateError,
    StoppedByRequestError,
    TableferryError,
)
from core.ledger import StoredLedger
from core.lifecycle import TableState, Trigger
from core.other_writers import other_writer
from core.steps import STEPS, TableRun
from core.steps.job_run import RUN_TOKEN, ended_early

# Another process drives the table, or somebody asked this one to stop: no failure of the table.
NOT_THE_TABLES_FAULT = (LeaseLostError, LeaseHeldError, StoppedByRequestError)
_IS_LOADED = frozenset({TableState.LOADED, TableState.VALIDATING, TableState.VALIDATED})
_HOLDS_ITEMS = frozenset({TableState.LOADING, TableState.VALIDATING, TableState.VALIDATED})
_STARTS_A_RUN = frozenset({Trigger.START_LOAD, Trigger.RESTART_LOAD, Trigger.FINISH_VALIDATION})


@dataclass(frozen=True)
class TableDriver:
    """Moves one table; the store is synchronous, so its calls go to a thread."""

    run: TableRun
    store: CheckpointStore
    fence: int | None = None

    async def checkpoint(self) -> TableCheckpoint:
        """Where the table stands."""
        return await asyncio.to_thread(self.store.table, *self._place)

    async def pick_up(self) -> Trigger | None:
        """Look at a table that may have been left in the middle; returns the trigger to go on with, None when final.

        Raises what looking raised, after the table was marked as failed with it.
        """
        try:
            self.run.stop.require_going_on(self.run.table.name)
            return await self._look()
        except NOT_THE_TABLES_FAULT:
            raise
        except TableferryError as error:
            await self._fail(error)
            raise

    async def _look(self) -> Trigger | None:
        checkpoint = await self.checkpoint()
        # A run can succeed and yet leave a chunk out; watching it again would find the same again.
        incomplete = (checkpoint.error or {}).get("code") == ErrorCode.JOB_FAILED
        if checkpoint.state is TableState.FAILED:
            checkpoint = await self._fire(Trigger.RETRY)
        if await self._is_reloading(checkpoint):
            return Trigger.RESTART_LOAD
        if checkpoint.state is TableState.LOADING and await self._needs_another_run(checkpoint, incomplete):
            await self._give_up_watching()
            return Trigger.RESTART_LOAD
        return checkpoint.life.next_trigger()

    async def pick_up_rejects(self) -> Trigger | None:
        """Look at a table whose rejected rows are to be loaded again; None when it has none.

        A table that is still on its way goes on first. Raises StateError when it was not loaded yet.
        """
        checkpoint = await self.checkpoint()
        if (checkpoint.failed_from or checkpoint.state) not in _HOLDS_ITEMS:
            raise _not_loaded(checkpoint)
        if checkpoint.state is TableState.FAILED:
            await self._fire(Trigger.RETRY)
            return Trigger.RESTART_LOAD
        has_rejects = checkpoint.state is TableState.VALIDATED and checkpoint.evidence["load"]["rejects"]
        return Trigger.RESTART_LOAD if has_rejects else await self.pick_up()

    async def pick_up_validation(self) -> Trigger:
        """Look at a table that is to be validated, again if it was. Raises StateError when it is not loaded."""
        checkpoint = await self.checkpoint()
        if (checkpoint.failed_from or checkpoint.state) not in _IS_LOADED or await self._is_reloading(checkpoint):
            raise _cannot_compare(checkpoint)
        if checkpoint.state is TableState.FAILED:
            checkpoint = await self._fire(Trigger.RETRY)
        may_begin = checkpoint.life.may(Trigger.START_VALIDATION)
        return Trigger.START_VALIDATION if may_begin else Trigger.FINISH_VALIDATION

    async def other_writer(self, evidence: Mapping[str, Any]) -> str | None:
        """Which other migration of the store has the target table of this evidence."""
        return await asyncio.to_thread(other_writer, self.store, self.run.migration_id, evidence)

    async def note_repair(self, evidence: Mapping[str, Any]) -> Trigger:
        """Record what a repair did to a table that failed its validation; it is to be validated again."""
        await self._fire(Trigger.RETRY, evidence)
        return Trigger.FINISH_VALIDATION

    async def advance(self, trigger: Trigger, more_intent: Mapping[str, Any] = {}) -> Trigger | None:
        """Make one transition and return the next trigger, None when the table is final.

        `more_intent` goes into the transition's intent. Raises what the step raised, after the table was marked as
        failed with it; one that was validated stays so.
        """
        try:
            self.run.stop.require_going_on(self.run.table.name)
            return await self._transition(trigger, more_intent)
        except NOT_THE_TABLES_FAULT:
            raise
        except TableferryError as error:
            await self._fail(error)
            raise
        except Exception as error:
            # A defect of ours must not leave the table without its reason, nor other tables without a report.
            wrapped = InternalError(
                f"{trigger.value} of {self.run.table.name} failed unexpectedly: {type(error).__name__}.",
                remedy="This is a defect of tableferry; please report it with the log.",
            )
            await self._fail(wrapped)
            raise wrapped from error

    async def _transition(self, trigger: Trigger, more_intent: Mapping[str, Any]) -> Trigger | None:
        before = await self.checkpoint()
        pending = await asyncio.to_thread(
            self.store.begin, *self._place, trigger, {**_intent(trigger), **more_intent}, fence=self.fence
        )
        ledger = StoredLedger(self.store, *self._place, self.fence)
        run = replace(self.run, ledger=ledger, other_writer=self.other_writer)
        evidence = await STEPS[trigger](run, pending.intent, before.evidence)
        after = await asyncio.to_thread(self.store.commit, pending, evidence, fence=self.fence)
        return after.life.next_trigger()

    @property
    def _place(self) -> tuple[str, str]:
        return self.run.migration_id, self.run.table.name

    async def _fail(self, error: TableferryError) -> None:
        checkpoint = await self.checkpoint()
        if not checkpoint.life.may(Trigger.FAIL):
            if (pending := await self._pending()) is not None:
                await asyncio.to_thread(self.store.abandon, pending, error.to_wire(), fence=self.fence)
            return
        await asyncio.to_thread(self.store.fail, *self._place, error.to_wire(), fence=self.fence)

    async def _fire(self, trigger: Trigger, evidence: Mapping[str, Any] | None = None) -> TableCheckpoint:
        return await asyncio.to_thread(self.store.fire, *self._place, trigger, evidence, fence=self.fence)

    async def _needs_another_run(self, checkpoint: TableCheckpoint, incomplete: bool) -> bool:
        pending = await self._pending()
        if pending is not None and pending.trigger is Trigger.RESTART_LOAD:
            return True
        evidence = checkpoint.evidence
        try:
            found = await self.run.world.jobs.run(str(evidence["job_name"]), str(evidence["run_id"]))
        except NotFoundError:
            return True  # Glue forgets old runs
        return found.is_dead or (incomplete and found.is_over) or await ended_early(self.run, found)

    async def _is_reloading(self, checkpoint: TableCheckpoint) -> bool:
        """Whether a process died between asking for another run of a table past its load and noting that run."""
        pending = None if checkpoint.state is TableState.LOADING else await self._pending()
        return pending is not None and pending.trigger is Trigger.RESTART_LOAD

    async def _pending(self) -> PendingTransition | None:
        return await asyncio.to_thread(self.store.pending, *self._place)

    async def _give_up_watching(self) -> None:
        """A `finish_load` that was being watched when the process died waits for a run that is dead now."""
        pending = await self._pending()
        if pending is not None and pending.trigger is Trigger.FINISH_LOAD:
            reason = {"message": "the job run died; another replaces it"}
            await asyncio.to_thread(self.store.abandon, pending, reason, fence=self.fence)


def _not_loaded(checkpoint: TableCheckpoint) -> StateError:
    return StateError(
        f"{checkpoint.table} has no rejected rows to load again: it is {checkpoint.state.value} and was never loaded.",
        remedy=f"`tableferry resume {checkpoint.migration_id}` goes on with it.",
        table=checkpoint.table,
    )


def _cannot_compare(checkpoint: TableCheckpoint) -> StateError:
    return StateError(
        f"{checkpoint.table} cannot be validated: it is {checkpoint.state.value} and its load has not come to its end.",
        remedy=f"`tableferry resume {checkpoint.migration_id}` goes on with it.",
        table=checkpoint.table,
    )


def _intent(trigger: Trigger) -> dict[str, Any]:
    """What a resume looks for in the world: a job run carries the token it was started with."""
    return {"run_token": uuid.uuid4().hex, "argument": RUN_TOKEN} if trigger in _STARTS_A_RUN else {}
