"""What every step of one table is given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.compile import CompiledTable
from core.errors import NotFoundError
from core.ledger import ChunkLedger, NoLedger
from core.loader_package import LoaderPackage
from core.options import MigrationOptions
from core.ports import OnProgress, Progress, World
from core.stop import Stop

Evidence = Mapping[str, Any]
OtherWriter = Callable[[Evidence], Awaitable["str | None"]]


async def nobody(_: Evidence) -> str | None:
    """No other migration wrote into the table."""
    return None


@dataclass(frozen=True)
class TableRun:
    """One table of one migration; `migration_id` is short and safe in names, keys and paths.

    `other_writer` says which other migration wrote into the target table of some evidence, None for none.
    """

    migration_id: str
    database: str
    table: CompiledTable
    options: MigrationOptions
    world: World
    package: LoaderPackage
    on_progress: OnProgress
    stop: Stop = field(default_factory=Stop)
    ledger: ChunkLedger = field(default_factory=NoLedger)
    other_writer: OtherWriter = nobody

    @property
    def prefix(self) -> str:
        """The S3 key prefix of this table's plan, results and rejects."""
        return self.options.prefix_of(self.migration_id, self.table.name)

    @property
    def tags(self) -> dict[str, str]:
        """What everything made for this migration in AWS is tagged with."""
        return {"tableferry:migration": self.migration_id}

    @property
    def job_name(self) -> str:
        """The Glue job's name."""
        return job_name(self.migration_id, self.table.name)

    def going_on(self, activity: str, rows_done: int = 0, rows_total: int | None = None) -> None:
        """`report`, in the middle of work that can be given up. Raises StoppedByRequestError when that was asked."""
        self.stop.require_going_on(self.table.name)
        self.report(activity, rows_done, rows_total)

    def report(self, activity: str, rows_done: int = 0, rows_total: int | None = None) -> None:
        """Tell whoever watches what the table is doing."""
        self.on_progress(Progress(self.table.name, activity, rows_done, rows_total))

    async def document(self, key: str) -> dict[str, Any] | None:
        """The JSON object under this S3 key; None when there is none."""
        try:
            found: dict[str, Any] = json.loads(await self.world.objects.get(key))
        except NotFoundError:
            return None
        return found


def job_name(migration_id: str, table: str) -> str:
    """The name of a table's Glue job; Glue allows 255 characters."""
    name = f"tableferry-{migration_id}-{table}"
    if len(name) <= 255:
        return name
    return f"{name[:238]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
