"""What a checkpoint store refuses, in one wording for every store."""

from __future__ import annotations

from core.checkpoints import MigrationRecord, PendingTransition
from core.errors import LeaseHeldError, StateError
from core.leases import Lease
from core.lifecycle import Trigger


def unknown_migration(migration_id: str) -> StateError:
    """The error for a migration that the store does not hold."""
    return StateError(
        f"There is no migration {migration_id} in the checkpoint store.",
        remedy="List the migrations with `tableferry status`, or check the checkpoint store's URL.",
        migration_id=migration_id,
    )


def unknown_table(migration_id: str, table: str) -> StateError:
    """The error for a table that the migration does not have."""
    return StateError(
        f"Migration {migration_id} has no table {table}.",
        remedy="Look at its tables with `tableferry status`.",
        migration_id=migration_id,
        table=table,
    )


def still_pending(open_one: PendingTransition, trigger: Trigger) -> StateError:
    """The error for a trigger that meets a pending transition of another one."""
    return StateError(
        f"Table {open_one.table} cannot {trigger.value}: {open_one.trigger.value}, begun at "
        f"{open_one.started_at.isoformat()}, is neither committed nor abandoned.",
        remedy="Resume the migration; it looks for that effect and goes on from there.",
        migration_id=open_one.migration_id,
        table=open_one.table,
        trigger=trigger.value,
        pending=open_one.trigger.value,
    )


def not_pending(pending: PendingTransition, status: str) -> StateError:
    """The error for committing or abandoning a transition that is over already."""
    return StateError(
        f"{pending.trigger.value} of table {pending.table} is {status} already.",
        remedy="Another run works on this migration; let one of them finish.",
        migration_id=pending.migration_id,
        table=pending.table,
        trigger=pending.trigger.value,
        status=status,
    )


def duplicate_migration(migration_id: str) -> StateError:
    """The error for a migration that exists already, or that names a table twice."""
    return StateError(
        f"Migration {migration_id} exists already, or names a table twice.",
        remedy="Resume it, or start a new one under another id.",
        migration_id=migration_id,
    )


def driven_already(record: MigrationRecord, lease: Lease) -> LeaseHeldError:
    """The error for starting a migration whose like another process drives at this moment."""
    owner, since = lease.owner, lease.since.isoformat(timespec="seconds")
    return LeaseHeldError(
        f"Migration {record.id} moves the same tables already; pid {owner.pid} on {owner.host} drives it since "
        f"{since}.",
        remedy=f"Watch it with `tableferry status {record.id}`.",
        migration_id=record.id,
        host=owner.host,
        pid=owner.pid,
        since=lease.since.isoformat(),
    )


def unfinished_already(record: MigrationRecord) -> StateError:
    """The error for starting a migration whose like is unfinished, and driven by nobody."""
    return StateError(
        f"Migration {record.id} of the same contract, source and table prefix is {record.status.value} and unfinished.",
        remedy=f"Go on with it by `tableferry resume {record.id}`, or start another with `tableferry run --new`.",
        migration_id=record.id,
        status=record.status.value,
    )
