"""What a checkpoint store keeps of a table's chunks: planned once, marked done when their result was seen.

Guarantees of every store (tests/ports/test_checkpoint_chunks.py):
- planned-once: the same plan again changes nothing; another one is refused once a chunk is done.
- done-stays: a chunk that is done stays so, with the moment it was first seen; a result is added when it is read.
- The bucket's result objects are the truth of what is loaded; these records are what is known of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.errors import StateError
from core.items.plan import Chunk


@dataclass(frozen=True)
class ChunkRecord:
    """A planned chunk; `done_at` is when its result was first seen, `result` what was read of it."""

    chunk: Chunk
    done_at: datetime | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True)
class ChunkCount:
    """How far a table is: chunks done of those planned, and the rows that the plan counted in either."""

    done: int
    planned: int
    rows_done: int
    rows_planned: int


class ChunkStore(Protocol):
    """The part of a checkpoint store that keeps chunks; `fence` is that of the lease the caller drives the table by."""

    def plan_chunks(
        self, migration_id: str, table: str, chunks: Sequence[Chunk], fence: int | None = None
    ) -> list[ChunkRecord]:
        """Keep the table's plan. Raises StateError for another plan of a table that has chunks done."""
        ...

    def mark_chunks_done(
        self,
        migration_id: str,
        table: str,
        results: Mapping[int, Mapping[str, Any] | None],
        fence: int | None = None,
    ) -> None:
        """Mark these chunks done, with their results where they were read. Raises StateError for an unplanned one."""
        ...

    def chunks(self, migration_id: str, table: str) -> list[ChunkRecord]:
        """The table's chunks by number; empty before they are planned."""
        ...

    def chunk_counts(self, migration_id: str) -> dict[str, ChunkCount]:
        """How far each table of the migration is that has a plan."""
        ...


def replanned(table: str) -> StateError:
    """The error for a plan that differs from the one that was loaded by."""
    return StateError(
        f"{table} was planned into other chunks, and some of those are loaded.",
        remedy="Start a new migration with `tableferry run --new`.",
        table=table,
    )


def unplanned(table: str, numbers: Sequence[int]) -> StateError:
    """The error for results of chunks that no plan has."""
    return StateError(
        f"{table} has no chunks {', '.join(map(str, numbers))} in its plan.",
        remedy="This is a defect of tableferry; please report it with the table's plan.json.",
        table=table,
        chunks=list(numbers),
    )
