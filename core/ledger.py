"""A table's chunks as its steps see them: what was planned, and what is known to be loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.chunk_records import ChunkRecord, ChunkStore
from core.items.plan import Chunk


class ChunkLedger(Protocol):
    """One table's chunk records."""

    async def planned(self) -> list[ChunkRecord]:
        """The table's chunks by number; empty before they were planned."""
        ...

    async def plan(self, chunks: Sequence[Chunk]) -> list[ChunkRecord]:
        """Keep the table's plan. Raises StateError for another plan of a table that has chunks done."""
        ...

    async def mark_done(self, results: Mapping[int, Mapping[str, Any] | None]) -> None:
        """Mark chunks done, with their results where they were read."""
        ...


class NoLedger:
    """For work on a table that neither plans nor loads."""

    async def planned(self) -> list[ChunkRecord]:
        return []

    async def plan(self, chunks: Sequence[Chunk]) -> list[ChunkRecord]:
        return [ChunkRecord(chunk) for chunk in chunks]

    async def mark_done(self, results: Mapping[int, Mapping[str, Any] | None]) -> None:
        return


@dataclass(frozen=True)
class StoredLedger:
    """The ledger in the checkpoint store; `fence` is that of the lease that the table is driven by."""

    store: ChunkStore
    migration_id: str
    table: str
    fence: int | None = None

    async def planned(self) -> list[ChunkRecord]:
        return await asyncio.to_thread(self.store.chunks, self.migration_id, self.table)

    async def plan(self, chunks: Sequence[Chunk]) -> list[ChunkRecord]:
        return await asyncio.to_thread(self.store.plan_chunks, self.migration_id, self.table, chunks, self.fence)

    async def mark_done(self, results: Mapping[int, Mapping[str, Any] | None]) -> None:
        await asyncio.to_thread(self.store.mark_chunks_done, self.migration_id, self.table, results, self.fence)
