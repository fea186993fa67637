"""The DynamoDB table that a contract asks for, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

StreamView = Literal["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]


@dataclass(frozen=True)
class TargetOptions:
    """How target tables are made, beyond what a contract says; `table_prefix` goes before every table's name."""

    table_prefix: str = ""
    stream: StreamView | None = "NEW_AND_OLD_IMAGES"
    point_in_time_recovery: bool = True
    encryption: Literal["AWS_OWNED", "KMS"] = "AWS_OWNED"
    kms_key_id: str | None = None
    deletion_protection: bool = True
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyAttribute:
    """An attribute that some key of the table uses; `type` is S, N or B."""

    name: str
    type: str


@dataclass(frozen=True)
class Index:
    """A global secondary index."""

    name: str
    partition_key: str
    sort_key: str | None
    projection: str
    projected_attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetTable:
    """A table's definition; billing is on-demand."""

    table_name: str
    attributes: tuple[KeyAttribute, ...]
    partition_key: str
    sort_key: str | None
    indexes: tuple[Index, ...]
    options: TargetOptions

    def to_wire(self) -> dict[str, Any]:
        """The `TableDefinition` of the dynamodb server."""
        wire = {k: v for k, v in asdict(self).items() if k != "options"}
        return wire | {k: v for k, v in asdict(self.options).items() if k != "table_prefix"}
