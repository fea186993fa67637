"""Gives up the tables of a migration for good, whoever drove them before."""

from __future__ import annotations

from core.checkpoints import CheckpointStore
from core.leases import Holder
from core.lifecycle import FINAL, Trigger


def give_up_tables(store: CheckpointStore, migration_id: str, holder: Holder) -> None:
    """Cancel every table that is not final, each under a lease of its own: one of a dead process is taken over.

    Raises LeaseHeldError when a table is driven by a process that is not known to be gone; the others before it stay
    cancelled.
    """
    for table in store.tables(migration_id):
        if table.state in FINAL:
            continue
        lease = store.acquire_lease(migration_id, table.table, holder.owner, holder.lease_seconds, holder.is_gone)
        try:
            store.fire(migration_id, table.table, Trigger.CANCEL, fence=lease.fence)
        finally:
            store.release_lease(lease)
