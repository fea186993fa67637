"""A process that drives a table or starts a migration, beside others: `python -m ... ACTION URL LEASE_SECONDS`."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime

from adapters.checkpoints import SqlCheckpointStore, open_store
from adapters.this_process import is_gone, this_process
from core.checkpoints import MigrationRecord, MigrationStatus
from core.errors import TableferryError
from core.heartbeat import leased
from core.leases import Holder, Start
from core.lifecycle import Trigger


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def drive(store: SqlCheckpointStore, seconds: float) -> None:
    """Begin a transition of m1's table a, and commit it when told to, as a driver would."""
    async with leased(store, "m1", "a", Holder(this_process(), seconds, is_gone)) as beat:
        fence = beat.lease.fence
        pending = store.begin("m1", "a", Trigger.CREATE_VIEW, fence=fence)
        tell(f"driving {fence}")
        await asyncio.to_thread(sys.stdin.readline)
        store.commit(pending, {"by": os.getpid()}, fence=fence)
        tell("committed")


async def start(store: SqlCheckpointStore, seconds: float) -> None:
    """Start a migration of a subject that all starters share, and live on."""
    now = datetime.now(UTC)
    record = MigrationRecord(str(os.getpid()), "h", {}, {}, MigrationStatus.RUNNING, now, now, "subject")
    store.create_migration(record, ["a"], Start(this_process(), seconds, is_gone))
    tell(f"started {record.id}")
    await asyncio.to_thread(sys.stdin.readline)


def main(action: str, url: str, seconds: str) -> None:
    store = open_store(url)
    tell("ready")
    sys.stdin.readline()
    try:
        asyncio.run({"drive": drive, "start": start}[action](store, float(seconds)))
    except TableferryError as error:
        tell(f"{error.code.value}: {error.message}")
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
