"""How a migration is run: what is bound to it for its whole life, without any secret."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from core.target_table import TargetOptions


@dataclass(frozen=True)
class MigrationOptions:
    """Kept with the migration's checkpoint, so that a resume does what the run did.

    `secret_arn` names the secret that holds MySQL's credentials; with neither a secret nor a connection the mysql
    server publishes one of its own. `max_capacity` is in Glue's DPU: 0.0625 (1 GB of memory) or 1.0 (16 GB).
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
    target: TargetOptions = field(default_factory=TargetOptions)

    def to_record(self) -> dict[str, Any]:
        """As JSON data, for the checkpoint store."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> MigrationOptions:
        """Read `to_record`'s data."""
        fields = dict(record)
        target = TargetOptions(**fields.pop("target"))
        connections = tuple(fields.pop("connections"))
        return cls(**fields, connections=connections, target=target)
