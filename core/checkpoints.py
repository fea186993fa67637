"""What a migration remembers, and the port of the store that remembers it.

Guarantees of every `CheckpointStore` (tests/ports/test_checkpoint_store.py has one test for each):
- intent-before-effect: what `begin` returns is stored; a killed process loses nothing of it.
- begin-again: `begin` of the trigger that is pending already returns it as it was, with its old intent.
- one-pending: a table has at most one pending transition; `begin` of another trigger is refused.
- all-or-nothing: `commit` changes the table's state, its evidence and the transition together, or nothing.
- commit-once: of several commits of one transition one counts; repeating it word for word is no error.
- rules: no state changes otherwise than the lifecycle allows.
- evidence-grows: evidence is merged over the transitions of a table, later keys winning; nothing else removes any.
- failure-remembers: a failed table keeps its error and the state it fell from until it is retried.
- no-orphans: `fail` and `cancel` abandon the pending transition; it stays in the history.
- history: every transition stays, oldest first, whatever became of it.
- isolation: what one table does never shows in another, and returned values are the caller's own copies.
- utc: every moment is an aware datetime in UTC.

Contract, settings, intents, evidence and errors are JSON objects and hold no secrets; keeping secrets out of them is
the caller's duty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from core.chunk_records import ChunkStore
from core.circuits import CircuitStore
from core.leases import Lease, LeaseStore, Start
from core.lifecycle import TableLifecycle, TableState, Trigger

Json = dict[str, Any]


def as_json(value: Mapping[str, Any] | None) -> Json:
    """An own copy of the value as it will be read back. Raises TypeError or ValueError when it is not JSON."""
    copied: Json = json.loads(json.dumps(dict(value or {}), allow_nan=False))
    return copied


class MigrationStatus(StrEnum):
    """How a whole migration stands; `partial` is some tables validated and some not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PAUSED = "paused"


class Request(StrEnum):
    """What another process asks of the one that drives a migration."""

    PAUSE = "pause"
    CANCEL = "cancel"


# A resume can go on with these: failed tables are retried.
UNFINISHED: Final = frozenset(
    {MigrationStatus.RUNNING, MigrationStatus.PARTIAL, MigrationStatus.FAILED, MigrationStatus.PAUSED}
)


class TransitionStatus(StrEnum):
    """Whether a transition's effect is confirmed."""

    PENDING = "pending"
    COMMITTED = "committed"
    ABANDONED = "abandoned"


@dataclass(frozen=True)
class MigrationRecord:
    """One migration, bound to its contract's hash; `updated_at` is when its status last changed.

    `subject` is the same text for migrations that would write the same: contract, source and target names.
    """

    id: str
    contract_hash: str
    contract: Json
    settings: Json
    status: MigrationStatus
    created_at: datetime
    updated_at: datetime
    subject: str | None = None


@dataclass(frozen=True)
class TableCheckpoint:
    """Where one table stands; `version` grows by one with every change."""

    migration_id: str
    table: str
    state: TableState
    failed_from: TableState | None = None
    evidence: Json = field(default_factory=dict)
    error: Json | None = None
    version: int = 1

    @property
    def life(self) -> TableLifecycle:
        """A rule book for this state; firing it changes nothing here."""
        return TableLifecycle(self.state, self.failed_from)

    def after(self, trigger: Trigger, evidence: Mapping[str, Any], error: Json | None = None) -> TableCheckpoint:
        """The checkpoint that follows `trigger`. Raises StateError when the lifecycle does not allow it."""
        life = self.life
        state = life.fire(trigger)
        return replace(
            self,
            state=state,
            failed_from=life.failed_from,
            evidence={**self.evidence, **evidence},
            error=error if state is TableState.FAILED else None,
            version=self.version + 1,
        )


@dataclass(frozen=True)
class PendingTransition:
    """A transition whose effect may or may not have happened; `intent` says what to look for in the world."""

    id: int
    migration_id: str
    table: str
    trigger: Trigger
    from_state: TableState
    to_state: TableState
    intent: Json
    started_at: datetime


@dataclass(frozen=True)
class TransitionRecord(PendingTransition):
    """A transition in the history; `ended_at` is None while it is pending, `error` says why it was given up."""

    status: TransitionStatus
    evidence: Json
    error: Json | None
    ended_at: datetime | None


class CheckpointStore(LeaseStore, ChunkStore, CircuitStore, Protocol):
    """Where checkpoints live; synchronous, with short transactions, safe to call from several threads.

    `fence` is that of the lease by which the caller drives the table: a stale one raises LeaseLostError, and None
    raises LeaseHeldError where somebody holds a lease.

    Every method raises StateError when the migration or the table is unknown, or the change is not allowed, and
    UnavailableError when the store cannot be reached or another process was quicker; then the change did not happen,
    or repeating the call with the same arguments finds it done.
    """

    def create_migration(
        self, record: MigrationRecord, tables: Sequence[str], start: Start | None = None
    ) -> dict[str, Lease]:
        """Store a new migration with its tables, all pending, and lease them to who starts it, if anybody does.

        Raises StateError when its id exists, or when one of its subject is unfinished and may not be gone past;
        LeaseHeldError when that one is driven. Of several that start at the same moment, one comes first.
        """
        ...

    def migration(self, migration_id: str) -> MigrationRecord: ...

    def newest_unfinished(self) -> MigrationRecord | None:
        """The newest migration that a resume can go on with (running, partial, failed or paused)."""
        ...

    def newest(self) -> MigrationRecord | None: ...

    def list_migrations(self, limit: int) -> list[MigrationRecord]:
        """At most `limit` migrations, newest first."""
        ...

    def set_status(self, migration_id: str, status: MigrationStatus) -> MigrationRecord: ...

    def request(self, migration_id: str, wanted: Request | None) -> None:
        """Ask something of the process that drives the migration; None takes it back."""
        ...

    def requested(self, migration_id: str) -> Request | None: ...

    def set_settings(self, migration_id: str, settings: Json) -> MigrationRecord:
        """Replace the migration's settings, which must hold no secret."""
        ...

    def tables(self, migration_id: str) -> list[TableCheckpoint]:
        """The migration's tables in the order of `create_migration`."""
        ...

    def table(self, migration_id: str, table: str) -> TableCheckpoint: ...

    def begin(
        self,
        migration_id: str,
        table: str,
        trigger: Trigger,
        intent: Mapping[str, Any] | None = None,
        *,
        fence: int | None = None,
    ) -> PendingTransition:
        """Record the intent of a transition before its effect.

        A pending one of the same trigger, which a killed run left, is returned as it was, with its old intent.
        """
        ...

    def pending(self, migration_id: str, table: str) -> PendingTransition | None:
        """The transition that was begun and neither committed nor abandoned."""
        ...

    def commit(
        self, pending: PendingTransition, evidence: Mapping[str, Any] | None = None, *, fence: int | None = None
    ) -> TableCheckpoint:
        """Record that the effect happened: the table moves to `pending.to_state`, the evidence is merged."""
        ...

    def abandon(self, pending: PendingTransition, error: Json, *, fence: int | None = None) -> None:
        """Record that the effect is given up; the table's state stays. Abandoning twice is no error."""
        ...

    def fire(
        self,
        migration_id: str,
        table: str,
        trigger: Trigger,
        evidence: Mapping[str, Any] | None = None,
        *,
        fence: int | None = None,
    ) -> TableCheckpoint:
        """Make a transition that has no effect in the world, at once."""
        ...

    def fail(self, migration_id: str, table: str, error: Json, *, fence: int | None = None) -> TableCheckpoint:
        """Move the table to `failed` with this error (`TableferryError.to_wire`'s form)."""
        ...

    def transitions(self, migration_id: str, table: str) -> list[TransitionRecord]:
        """Everything that was begun or done for this table, oldest first."""
        ...


# These leave the way to `validated`, so an effect that is still open is not waited for.
ABANDONING: Final = frozenset({Trigger.FAIL, Trigger.CANCEL})
