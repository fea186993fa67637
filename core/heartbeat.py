"""A lease that is kept alive for as long as a table is driven.

Guarantees:
- The lease is renewed every third of its life; a store that does not answer is asked again at the next beat.
- A process that lost its lease stops at its next sign of life; what it still writes to the store is refused there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from core.checkpoints import CheckpointStore
from core.errors import LeaseLostError, UnavailableError
from core.leases import Holder, Lease

OnBeat = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """For tables that only need their lease."""


@dataclass
class Heartbeat:
    """The lease as it was last renewed; `lost` says that another process may have it."""

    lease: Lease
    lost: LeaseLostError | None = None

    def require(self) -> None:
        """Raises LeaseLostError when the lease was lost."""
        if self.lost is not None:
            raise self.lost


@asynccontextmanager
async def leased(
    store: CheckpointStore, migration_id: str, table: str, holder: Holder, on_beat: OnBeat = nothing
) -> AsyncIterator[Heartbeat]:
    """Hold the table's lease inside; `on_beat` is called after each renewal. Raises LeaseHeldError."""
    lease = await asyncio.to_thread(
        store.acquire_lease, migration_id, table, holder.owner, holder.lease_seconds, holder.is_gone
    )
    beat = Heartbeat(lease)
    renewing = asyncio.create_task(_renew(store, beat, holder.lease_seconds, on_beat))
    try:
        yield beat
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        # It expires by itself; a store that is away must not hide what happened to the table.
        with suppress(UnavailableError):
            await asyncio.to_thread(store.release_lease, beat.lease)


async def _renew(store: CheckpointStore, beat: Heartbeat, seconds: float, on_beat: OnBeat) -> None:
    while beat.lost is None:
        await asyncio.sleep(seconds / 3)
        try:
            beat.lease = await asyncio.to_thread(store.renew_lease, beat.lease, seconds)
            await on_beat()
        except LeaseLostError as lost:
            beat.lost = lost
        except UnavailableError:
            continue  # the fence protects the table, whoever has it when the store is back
