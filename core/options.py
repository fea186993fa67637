"""How a migration is run: what is bound to it for its whole life, without any secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import SettingsError
from core.target_table import TargetOptions

REFUSE, KEEP = "refuse", "keep"
NONE, FIRST, LAST = "none", "first", "last"
AUTO, COUNTS, SAMPLE, FULL = "auto", "counts", "sample", "full"


@dataclass(frozen=True)
class MigrationOptions:
    """Kept with the migration's checkpoint, so that a resume does what the run did.

    `secret_arn` names the secret that holds MySQL's credentials; with neither a secret nor a connection the mysql
    server publishes one of its own. `max_capacity` is in Glue's DPU: 0.0625 (1 GB of memory) or 1.0 (16 GB).
    `rejects`: rows that cannot become items refuse their table ("refuse") or are kept aside ("keep"); `on_collision`:
    which of several rows with one key is loaded then ("none", "first" or "last" by source primary key).
    `validation`: compare "counts", a "sample" of items too, or all of them ("full"); "auto" is full for tables of at
    most `full_validation_rows` rows, else a sample.
    `into_nonempty`: load beside the items that a table holds; `overwrite`: and over those that have a row's key.
    """

    bucket: str
    glue_role_arn: str
    key_prefix: str = "tableferry/"
    secret_arn: str | None = None
    connections: tuple[str, ...] = ()
    rows_per_chunk: int = 10_000
    writers: int = 4
    job_timeout_minutes: int = 2_880
    job_max_retries: int = 0
    job_max_capacity: float = 1.0
    poll_seconds: float = 2.0
    sample_items: int = 100
    parallel_tables: int = 4
    into_nonempty: bool = False
    overwrite: bool = False
    rejects: str = REFUSE
    on_collision: str = NONE
    validation: str = AUTO
    full_validation_rows: int = 1_000_000
    target: TargetOptions = field(default_factory=TargetOptions)

    def __post_init__(self) -> None:
        if self.overwrite and not self.into_nonempty:
            raise SettingsError(
                "--overwrite is about items that a table holds already, but such tables are refused.",
                remedy="Add --into-nonempty, or leave --overwrite out.",
            )
        if self.on_collision != NONE and self.rejects != KEEP:
            raise SettingsError(
                f"--on-collision {self.on_collision} chooses among rows that --rejects {self.rejects} refuses.",
                remedy="Add --rejects keep, or leave --on-collision out.",
            )

    def validation_of(self, rows: int) -> str:
        """How a table of so many rows is validated: counts, sample or full."""
        if self.validation != AUTO:
            return self.validation
        return FULL if rows <= self.full_validation_rows else SAMPLE

    def prefix_of(self, migration_id: str, table: str) -> str:
        """The S3 key prefix of a table's plan, results and rejects."""
        return f"{self.key_prefix}migrations/{migration_id}/{table}/"

    def to_record(self) -> dict[str, Any]:
        """As JSON data, for the checkpoint store."""
        return asdict(self)

    def with_changes(self, changes: Mapping[str, Any]) -> MigrationOptions:
        """The same with what a later command says otherwise; a change that is None is none."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> MigrationOptions:
        """Read `to_record`'s data."""
        fields = dict(record)
        target = TargetOptions(**fields.pop("target"))
        connections = tuple(fields.pop("connections"))
        return cls(**fields, connections=connections, target=target)
