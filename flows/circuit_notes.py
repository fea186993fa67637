"""Keeps every change of a server's circuit in the checkpoint store, where `tableferry status` looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from core.checkpoints import CheckpointStore
from core.circuits import CircuitRecord, CircuitState
from core.errors import UnavailableError
from core.ports import World


@asynccontextmanager
async def circuits_noted(world: World, store: CheckpointStore, migration_id: str) -> AsyncIterator[None]:
    """Within it, changes are kept in their order; what a killed process left open counts as closed."""
    if world.circuits is None:
        yield
        return
    loop = asyncio.get_running_loop()
    changes: asyncio.Queue[CircuitRecord | None] = asyncio.Queue()
    for left in await asyncio.to_thread(store.circuits, migration_id):
        if left.state is not CircuitState.CLOSED:
            changes.put_nowait(replace(left, state=CircuitState.CLOSED, failures=0, opened_at=None))
    keeping = asyncio.create_task(_keep(changes, store, migration_id))

    def told(record: CircuitRecord) -> None:
        loop.call_soon_threadsafe(changes.put_nowait, record)

    try:
        with world.circuits.watched(told):
            yield
    finally:
        changes.put_nowait(None)
        await keeping


async def _keep(changes: asyncio.Queue[CircuitRecord | None], store: CheckpointStore, migration_id: str) -> None:
    while (record := await changes.get()) is not None:
        try:
            await asyncio.to_thread(store.set_circuit, migration_id, record)
        except UnavailableError:
            continue  # only a display is out of date until the next change
