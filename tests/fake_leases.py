"""The leases, chunks and circuits of a checkpoint store that lasts as long as the object."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from core.checkpoints import TableCheckpoint, as_json
from core.chunk_records import ChunkCount, ChunkRecord, replanned, unplanned
from core.circuits import CircuitRecord
from core.items.plan import Chunk
from core.leases import IsGone, Lease, Owner, is_live, lease_lost, never_gone, require_fence, require_free


class InMemoryLeases:
    """A `LeaseStore`, a `ChunkStore` and a `CircuitStore`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._tables: dict[tuple[str, str], TableCheckpoint] = {}
        self._leases: dict[tuple[str, str], Lease] = {}
        self._fences: dict[tuple[str, str], int] = {}
        self._chunks: dict[tuple[str, str], list[ChunkRecord]] = {}
        self._circuits: dict[tuple[str, str], CircuitRecord] = {}

    def table(self, migration_id: str, table: str) -> TableCheckpoint:
        raise NotImplementedError

    def tables(self, migration_id: str) -> list[TableCheckpoint]:
        raise NotImplementedError

    def acquire_lease(
        self, migration_id: str, table: str, owner: Owner, seconds: float, is_gone: IsGone = never_gone
    ) -> Lease:
        with self._lock:
            self.table(migration_id, table)
            require_free(self._leases.get((migration_id, table)), owner, self._now(), is_gone)
            return self._take(migration_id, table, owner, seconds)

    def renew_lease(self, lease: Lease, seconds: float) -> Lease:
        with self._lock:
            self.table(lease.migration_id, lease.table)
            at, held = (lease.migration_id, lease.table), self._leases.get((lease.migration_id, lease.table))
            if held is None or held.fence != lease.fence:
                raise lease_lost(lease.migration_id, lease.table, lease.fence, self._fences.get(at, 0))
            self._leases[at] = replace(held, expires_at=self._now() + timedelta(seconds=seconds))
            return self._leases[at]

    def release_lease(self, lease: Lease) -> None:
        with self._lock:
            self.table(lease.migration_id, lease.table)
            if self._fences.get((lease.migration_id, lease.table)) == lease.fence:
                self._leases.pop((lease.migration_id, lease.table), None)

    def leases(self, migration_id: str) -> list[Lease]:
        with self._lock:
            held = [self._leases.get((migration_id, row.table)) for row in self.tables(migration_id)]
            return [lease for lease in held if lease is not None and is_live(lease, self._now())]

    def plan_chunks(
        self, migration_id: str, table: str, chunks: Sequence[Chunk], fence: int | None = None
    ) -> list[ChunkRecord]:
        with self._lock:
            self._require_fence(migration_id, table, fence)
            there = self._chunks.get((migration_id, table), [])
            if [record.chunk for record in there] != list(chunks):
                if any(record.done_at is not None for record in there):
                    raise replanned(table)
                self._chunks[migration_id, table] = [ChunkRecord(chunk) for chunk in chunks]
            return self.chunks(migration_id, table)

    def mark_chunks_done(
        self,
        migration_id: str,
        table: str,
        results: Mapping[int, Mapping[str, Any] | None],
        fence: int | None = None,
    ) -> None:
        with self._lock:
            self._require_fence(migration_id, table, fence)
            there = {record.chunk.number: record for record in self._chunks.get((migration_id, table), [])}
            if unknown := sorted(results.keys() - there.keys()):
                raise unplanned(table, unknown)
            for number, result in results.items():
                before = there[number]
                kept = before.result if result is None else as_json(result)
                there[number] = replace(before, done_at=before.done_at or self._now(), result=kept)
            self._chunks[migration_id, table] = list(there.values())

    def chunks(self, migration_id: str, table: str) -> list[ChunkRecord]:
        self.table(migration_id, table)
        return copy.deepcopy(self._chunks.get((migration_id, table), []))

    def chunk_counts(self, migration_id: str) -> dict[str, ChunkCount]:
        everything = {row.table: self.chunks(migration_id, row.table) for row in self.tables(migration_id)}
        return {table: _count(records) for table, records in everything.items() if records}

    def set_circuit(self, migration_id: str, circuit: CircuitRecord) -> None:
        self.tables(migration_id)
        self._circuits[migration_id, circuit.server] = circuit

    def circuits(self, migration_id: str) -> list[CircuitRecord]:
        self.tables(migration_id)
        return [c for (owner, _), c in sorted(self._circuits.items(), key=lambda i: i[0]) if owner == migration_id]

    def _take(self, migration_id: str, table: str, owner: Owner, seconds: float) -> Lease:
        at, now = (migration_id, table), self._now()
        self._fences[at] = self._fences.get(at, 0) + 1
        self._leases[at] = Lease(migration_id, table, owner, self._fences[at], now, now + timedelta(seconds=seconds))
        return self._leases[at]

    def _require_fence(self, migration_id: str, table: str, fence: int | None) -> None:
        self.table(migration_id, table)
        at = (migration_id, table)
        require_fence(migration_id, table, self._leases.get(at), self._fences.get(at, 0), fence, self._now())


def _count(records: Sequence[ChunkRecord]) -> ChunkCount:
    done = [record.chunk.rows for record in records if record.done_at is not None]
    return ChunkCount(len(done), len(records), sum(done), sum(record.chunk.rows for record in records))
