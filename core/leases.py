"""Who may drive a table: one process at a time, by a lease with a fence.

Guarantees of every store (tests/ports/test_checkpoint_leases.py has one test for each):
- one-holder: a table's lease is held by one owner at a time; another is told who holds it.
- fencing: every acquisition has a larger fence; what carries an older one changes nothing.
- takeover: a lease can be taken over once it expired, or once its owner is known to be gone.
- unfenced: a change without a fence is made only where nobody holds the lease.
- own-again: the owner itself may acquire again; its older fence is void then.

A lease expires by the clock of the database that several machines share, or of the machine where the store is a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from core.errors import LeaseHeldError, LeaseLostError


@dataclass(frozen=True)
class Owner:
    """A process: `boot` is that of the machine (or container) it runs in, `started` when it was started there.

    `token` is the process's own, so that nothing else can be taken for it.
    """

    host: str
    pid: int
    boot: str
    started: str
    token: str

    def to_record(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Lease:
    """An owner's right to drive one table, as it stood when it was looked at."""

    migration_id: str
    table: str
    owner: Owner
    fence: int
    since: datetime
    expires_at: datetime


IsGone = Callable[[Owner], bool]
"""Whether an owner is known to have ended; False where that cannot be told."""


def never_gone(owner: Owner) -> bool:
    """For callers that cannot tell: leases are then taken over by expiry alone."""
    return False


@dataclass(frozen=True)
class Holder:
    """How a process takes leases: as whom, for how many seconds without a renewal, and past which owners."""

    owner: Owner
    lease_seconds: float = 30.0
    is_gone: IsGone = never_gone


@dataclass(frozen=True)
class Start(Holder):
    """How a process starts a migration that it drives itself: its tables are leased to `owner` from the beginning.

    `beside_unfinished`: although one of the same subject is unfinished, as long as nobody drives that one.
    """

    beside_unfinished: bool = False


def require_free(lease: Lease | None, owner: Owner, now: datetime, is_gone: IsGone) -> None:
    """Raises LeaseHeldError when another owner, who may be alive, holds a lease that has not expired."""
    if lease is not None and lease.owner.token != owner.token and is_live(lease, now, is_gone):
        raise lease_held(lease)


def is_live(lease: Lease, now: datetime, is_gone: IsGone = never_gone) -> bool:
    """Whether its owner may still act on it."""
    return lease.expires_at > now and not is_gone(lease.owner)


def require_fence(
    migration_id: str, table: str, lease: Lease | None, last_fence: int, fence: int | None, now: datetime
) -> None:
    """Raises LeaseLostError for a stale fence, LeaseHeldError for none where somebody holds the lease."""
    if fence is None:
        if lease is not None and is_live(lease, now):
            raise lease_held(lease)
    elif lease is None or fence != last_fence:
        raise lease_lost(migration_id, table, fence, last_fence)


def lease_held(lease: Lease) -> LeaseHeldError:
    """The error that names who drives the table."""
    owner = lease.owner
    return LeaseHeldError(
        f"{lease.table} is driven by another process: pid {owner.pid} on {owner.host}, since "
        f"{lease.since.isoformat(timespec='seconds')}.",
        remedy=f"Let it finish, or stop it; if it is dead, the table is free at "
        f"{lease.expires_at.isoformat(timespec='seconds')}.",
        migration_id=lease.migration_id,
        table=lease.table,
        host=owner.host,
        pid=owner.pid,
        since=lease.since.isoformat(),
        expires_at=lease.expires_at.isoformat(),
    )


def lease_lost(migration_id: str, table: str, fence: int, last_fence: int) -> LeaseLostError:
    """The error for a process that was taken for dead, and whose table another one drives or drove since."""
    return LeaseLostError(
        f"This process no longer drives {table}: its lease ended, and it may have been taken over.",
        remedy=f"Nothing of the table was changed by it since; `tableferry status {migration_id}` shows who goes on.",
        migration_id=migration_id,
        table=table,
        fence=fence,
        last_fence=last_fence,
    )


class LeaseStore(Protocol):
    """The part of a checkpoint store that keeps leases; `seconds` is how long one lasts without being renewed."""

    def acquire_lease(
        self, migration_id: str, table: str, owner: Owner, seconds: float, is_gone: IsGone = never_gone
    ) -> Lease:
        """Take the table's lease, with a new fence. Raises LeaseHeldError naming who holds it."""
        ...

    def renew_lease(self, lease: Lease, seconds: float) -> Lease:
        """Let it last `seconds` from now; an expired one too, if nobody took it. Raises LeaseLostError."""
        ...

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back; one that was lost is no error."""
        ...

    def leases(self, migration_id: str) -> list[Lease]:
        """The leases of the migration's tables that have not expired, in the tables' order."""
        ...
