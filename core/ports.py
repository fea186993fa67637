"""What a migration needs from the world: four services and a clock, as Protocols that adapters implement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.circuits import Circuits
from core.items.plan import Cell
from core.source_position import SourcePosition
from core.source_schema import SourceSchema

Item = dict[str, Any]  # attribute name -> low-level attribute value; binary is bytes


@dataclass(frozen=True)
class ServiceStatus:
    """What a server says of itself; `error` is in the wire form of `core.errors` when it is not operational."""

    server: str
    operational: bool
    details: dict[str, Any]
    checked_at: str
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class Permission:
    """One verdict; `unverified` is neither allowed nor denied: nobody would tell, for `reason`."""

    action: str
    resource: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class PermissionReport:
    """What may be done; `ready` is false as soon as one verdict is `denied`."""

    server: str
    ready: bool
    permissions: tuple[Permission, ...]
    checked_at: str


@dataclass(frozen=True)
class QueryResult:
    """Rows of cells; `truncated` says that there were more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool


@dataclass(frozen=True)
class ViewState:
    """A view as the database has it; `ours` tells that tableferry made it, `matches` that it is the one asked about."""

    exists: bool
    ours: bool
    matches: bool
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChunkBound:
    """The upper end of a key range and the rows in it; the range begins after the bound before it."""

    upper: tuple[Cell, ...]
    rows: int


class SourceDatabase(Protocol):
    """The MySQL or MariaDB database that is read."""

    async def status(self) -> ServiceStatus: ...

    async def permissions(self) -> PermissionReport: ...

    async def describe_schema(self, tables: Sequence[str]) -> SourceSchema:
        """The named tables, those that exist; all tables when none is named."""
        ...

    async def query(
        self, sql: str, parameters: Sequence[Cell] = (), *, max_rows: int = 100, timeout_seconds: float = 600
    ) -> QueryResult:
        """Run one reading statement, with `%s` for parameters."""
        ...

    async def plan_chunks(
        self,
        table: str,
        key_columns: Sequence[str],
        rows_per_chunk: int,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[ChunkBound]:
        """Cut a table into key ranges in key order; `on_progress` is told the rows covered so far."""
        ...

    async def view_state(self, view: str, definition_hash: str) -> ViewState: ...

    async def execute_ddl(self, sql: str) -> None:
        """Create, replace or drop one `ddb_..._view`."""
        ...

    async def position(self) -> SourcePosition:
        """Where the server stands now, as far as the user may see it."""
        ...

    async def publish_secret(self, name: str, tags: dict[str, str]) -> str:
        """Keep the database's credentials in Secrets Manager under `name`; returns the ARN.

        Raises ConflictError when a secret of that name has other contents and lacks the tags.
        """
        ...

    async def delete_secret(self, name: str, tags: dict[str, str]) -> bool:
        """Delete a secret that has these tags; false when there is none. Raises ConflictError for another's."""
        ...


@dataclass(frozen=True)
class CreatedTable:
    """A target table that is ACTIVE; `created` is false when a matching one was there already."""

    arn: str
    table_id: str
    created: bool


@dataclass(frozen=True)
class FoundTable:
    """A target table as AWS describes it; `item_count` is DynamoDB's own estimate, up to six hours old."""

    table_id: str
    item_count: int
    protected: bool


class TargetTables(Protocol):
    """DynamoDB's tables."""

    async def status(self) -> ServiceStatus: ...

    async def permissions(self, tables: Sequence[str]) -> PermissionReport: ...

    async def differences(self, definition: dict[str, Any]) -> list[dict[str, Any]]:
        """How an existing table differs from `definition`; empty when it matches or does not exist."""
        ...

    async def create(self, definition: dict[str, Any]) -> CreatedTable:
        """Create and wait for ACTIVE. Raises ConflictError when a table of this name differs."""
        ...

    async def is_empty(self, table: str) -> bool: ...

    async def count(self, table: str, on_progress: Callable[[int], None] | None = None) -> int:
        """Count the items exactly, by Scan."""
        ...

    async def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """The items of these keys that exist, by consistent reads, in no order."""
        ...

    async def find(self, table: str) -> FoundTable | None:
        """The table, None when there is none."""
        ...

    async def drop(self, table: str, table_id: str, *, unprotect: bool) -> bool:
        """Delete the table with this id and wait until it is gone; false when there is none.

        `unprotect` switches its deletion protection off first. Raises ConflictError when it has another id.
        """
        ...


@dataclass(frozen=True)
class JobDefinition:
    """A Glue Python shell job."""

    name: str
    role_arn: str
    script_location: str
    default_arguments: dict[str, str]
    timeout_minutes: int
    max_retries: int
    max_capacity: float
    connections: tuple[str, ...] = ()
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


# Glue API, JobRun.JobRunState
RUN_SUCCEEDED = "SUCCEEDED"
RUN_DEAD = frozenset({"STOPPED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})


@dataclass(frozen=True)
class JobRun:
    """One run of a job; `state` is Glue's own word."""

    run_id: str
    state: str
    arguments: dict[str, str]
    started_at: str | None = None
    completed_at: str | None = None
    execution_seconds: float | None = None
    error_message: str | None = None
    attempt: int = 0

    @property
    def is_dead(self) -> bool:
        """Whether it is over without success."""
        return self.state in RUN_DEAD

    @property
    def is_over(self) -> bool:
        return self.state == RUN_SUCCEEDED or self.is_dead


class LoadJobs(Protocol):
    """Glue's jobs and their runs."""

    async def status(self) -> ServiceStatus: ...

    async def permissions(
        self, role_arn: str, requirements: Sequence[tuple[str, str]], connections: Sequence[str]
    ) -> PermissionReport:
        """What the caller may do, and whether the role can do `requirements` (action, resource)."""
        ...

    async def create_job(self, job: JobDefinition) -> bool:
        """Create the job; false when the same one exists. Raises ConflictError when it differs."""
        ...

    async def start_run(self, job: str, arguments: dict[str, str]) -> str:
        """Start a run; returns its id."""
        ...

    async def run(self, job: str, run_id: str) -> JobRun: ...

    async def runs(self, job: str) -> list[JobRun]:
        """The job's runs, newest first."""
        ...

    async def logs(self, job: str, run_id: str, max_lines: int = 50) -> list[str]:
        """The last lines that the run wrote, oldest first."""
        ...

    async def stop_run(self, job: str, run_id: str) -> None: ...

    async def exists(self, job: str) -> bool: ...

    async def delete_job(self, job: str) -> bool:
        """Delete the job; false when there is none."""
        ...


class ObjectStore(Protocol):
    """One S3 bucket."""

    @property
    def bucket(self) -> str: ...

    async def status(self) -> ServiceStatus: ...

    async def permissions(self, prefix: str) -> PermissionReport: ...

    async def put(self, key: str, body: bytes, content_type: str) -> None: ...

    async def get(self, key: str) -> bytes:
        """The object's bytes. Raises NotFoundError."""
        ...

    async def read(self, key: str, start: int, max_bytes: int) -> bytes:
        """At most `max_bytes` of the object from `start` on; fewer only at its end. Raises NotFoundError."""
        ...

    async def keys(self, prefix: str, after: str = "") -> list[str]:
        """Every key under `prefix` that sorts after `after`, in order."""
        ...

    async def first(self, prefix: str, after: str = "") -> str | None:
        """The first key under `prefix` that sorts after `after`."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; one that is not there is no error."""
        ...


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class World:
    """The five ports together, as steps take them; `circuits` are those of the servers behind them, if any are."""

    source: SourceDatabase
    targets: TargetTables
    jobs: LoadJobs
    objects: ObjectStore
    clock: Clock
    circuits: Circuits | None = None


@dataclass(frozen=True)
class Progress:
    """What a table is doing now; `rows_total` is what its chunks count, None while that is not known."""

    table: str
    activity: str
    rows_done: int = 0
    rows_total: int | None = None


OnProgress = Callable[[Progress], None]
