"""The report of a migration: what was done to each table, what was proved, and what to do next.

Guarantees:
- A table counts as done only when it is `validated`; the exit code follows from the facts, nobody sets it.
- `to_json` and `MigrationResult.from_json` are inverses.
- Nothing that a name or a value holds can change the shape of the markdown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, computed_field, model_validator

from core.checkpoints import MigrationStatus
from core.lifecycle import TableState
from core.report_preflight import PreflightResult
from core.source_position import Movement

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_REJECTS: Final = 3
EXIT_STOPPED: Final = 4


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceResult(_Part):
    """The source, without its host: a report is passed around."""

    engine: str
    version: str
    database: str


class SourceMovement(_Part):
    """Whether the source's server changed anything while a table was loaded, and until it was validated.

    The times are the server's own. `reason` says why it cannot be told where it cannot.
    """

    table: str
    during_load: Movement
    until_validated: Movement
    load_began_at: str | None = None
    load_ended_at: str | None = None
    reason: str = ""


class ViewResult(_Part):
    table: str
    view: str
    definition_hash: str
    created: bool


class TableResult(_Part):
    """`error` is the message of the failure that the table stands at."""

    table: str
    target_table: str
    state: TableState
    table_arn: str | None = None
    created: bool = False
    error: str | None = None


class JobResult(_Part):
    """The load job of one table; the counts of chunks are None where they were not kept."""

    table: str
    job_name: str
    run_id: str | None = None
    run_state: str | None = None
    attempts: int = 0
    execution_seconds: float | None = None
    chunks_done: int | None = None
    chunks_planned: int | None = None


class Mismatch(_Part):
    """One difference between source and target; values are DynamoDB JSON or plain, None is absent.

    `kind` is missing, extra, differing, colliding or taken where all was compared; `row` is the source row's key.
    `changed_since`: the row's own time stamps say that it was (not) written since the load began; None: nothing says.
    """

    kind: str | None = None
    key: str
    row: dict[str, str | None] | None = None
    changed_since: bool | None = None
    attribute: str | None = None
    expected: JsonValue = None
    actual: JsonValue = None


class IndexCount(_Part):
    """Items of an index: as its rows imply, as the table's items imply, and as it has them; None: it is not there."""

    index: str
    expected: int
    in_table: int
    in_index: int | None = None


class ValidationResult(_Part):
    """The comparison of one table; counts are None where they could not be had.

    `mode` is counts, sample or full. What full adds: `compared` to `indexes`, and `validation_id`, the S3 folder under
    the table's `validation/` that lists every finding; `repairable`, how many missing and differing ones a
    repair may write, `claims`, how many taken ones; `rejects_since_load`, the rejects that the load does not name.
    `source` says whether it moved since the load, if it failed.
    """

    table: str
    mode: str = "sample"
    passed: bool
    rows_in_view: int | None = None
    items_written: int | None = None
    items_in_target: int | None = None
    rejects: int = 0
    rejects_by_reason: dict[str, int] = Field(default_factory=dict)
    rejects_since_load: int | None = None
    sampled: int = 0
    compared: int | None = None
    missing: int | None = None
    extra: int | None = None
    differing: int | None = None
    colliding: int | None = None
    taken: int | None = None
    repairable: int | None = None
    claims: int | None = None
    indexes: list[IndexCount] = Field(default_factory=list)
    validation_id: str | None = None
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    source: str | None = None
    mismatches: list[Mismatch] = Field(default_factory=list)
    message: str = ""


class RepairResult(_Part):
    """What a table's last repair did: items written, rows or items gone, items deleted, changed since, and left."""

    table: str
    validation: str
    written: int = 0
    gone: int = 0
    deleted: int = 0
    changed: int = 0
    left: int = 0


class Rates(_Part):
    """Measured while loading; `error_rate` is rejects / (records + rejects), between 0 and 1."""

    records: int = 0
    rejects: int = 0
    seconds: float = 0.0
    items_per_second: float = 0.0
    error_rate: float = 0.0
    bytes_written: int = 0
    capacity_units: float = 0.0


class TableMetrics(Rates):
    """The three times are summed over the loader's workers, so they may exceed `seconds`.

    `already_there` are those of the records that the table held before, equal; `vanished` are rejected rows that were
    gone from the source when they were to be loaded again.
    """

    table: str
    retries: int = 0
    already_there: int = 0
    vanished: int = 0
    read_seconds: float = 0.0
    convert_seconds: float = 0.0
    write_seconds: float = 0.0


class Metrics(Rates):
    per_table: list[TableMetrics] = Field(default_factory=list)


class Problem(_Part):
    """A table that did not get through: where it stands, why, and what to do; `table` is empty for the migration."""

    table: str
    state: str
    error: str
    remedy: str


class MigrationResult(_Part):
    """Everything a person or a program wants to know after a run."""

    migration_id: str
    status: MigrationStatus
    contract_hash: str
    started_at: datetime
    finished_at: datetime
    seconds: float
    source: SourceResult
    views: list[ViewResult] = Field(default_factory=list)
    tables: list[TableResult]
    preflights: list[PreflightResult] = Field(default_factory=list)
    jobs: list[JobResult] = Field(default_factory=list)
    movements: list[SourceMovement] = Field(default_factory=list)
    validation: list[ValidationResult] = Field(default_factory=list)
    repairs: list[RepairResult] = Field(default_factory=list)
    metrics: Metrics = Field(default_factory=Metrics)
    problems: list[Problem] = Field(default_factory=list)
    imitation: bool = False
    next_steps: list[str] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _drop_what_follows(cls, given: Any) -> Any:
        derived = ("success", "exit_code")
        return {k: v for k, v in given.items() if k not in derived} if isinstance(given, dict) else given

    @computed_field  # type: ignore[prop-decorator]
    @property
    def success(self) -> bool:
        """Whether every table is validated; rejects do not spoil it, they have an exit code of their own."""
        return bool(self.tables) and all(table.state is TableState.VALIDATED for table in self.tables)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> int:
        """0: every table is validated without rejects. 3: all validated, some rejects. 4: stopped. 1: anything else."""
        if self.stopped:
            return EXIT_STOPPED
        if not self.success:
            return EXIT_FAILED
        return EXIT_REJECTS if self.rejects else EXIT_OK

    @property
    def stopped(self) -> bool:
        """Whether it was paused or cancelled before its end."""
        return self.status in (MigrationStatus.PAUSED, MigrationStatus.CANCELLED)

    @property
    def rejects(self) -> int:
        """Rows that became no item; the larger of what loading and validation counted."""
        return max(self.metrics.rejects, sum(check.rejects for check in self.validation))

    def to_json(self) -> str:
        """The report as one indented JSON document with a final line feed."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> MigrationResult:
        """Read `to_json`'s text. Raises pydantic.ValidationError for anything else."""
        return cls.model_validate_json(text)

    def to_markdown(self) -> str:
        """The report for people: GitHub-flavoured markdown."""
        from core.report_markdown import render

        return render(self)
