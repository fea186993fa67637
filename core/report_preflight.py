"""What the preflights found, as a part of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SharingRow(_Part):
    """A source row by its key; `entity` in multi-entity tables."""

    row: dict[str, str | None]
    entity: str = ""


class SharedKey(_Part):
    """Rows that have one key: how many, and at most ten of them."""

    count: int
    rows: list[SharingRow] = Field(default_factory=list)


class PreflightFinding(_Part):
    """Rows that cannot become items for one reason: how many, and at most ten of them (of shared keys: ten keys)."""

    reason: str
    attribute: str = ""
    entity: str = ""
    message: str = ""
    count: int
    keys: int | None = None
    rows: list[dict[str, str | None]] = Field(default_factory=list)
    groups: list[SharedKey] = Field(default_factory=list)


class PreflightResult(_Part):
    """How the rows of one table were looked at before the load (schema, sql or run), why so, and what was found."""

    table: str
    tier: str
    because: list[str] = Field(default_factory=list)
    rows: int | None = None
    seconds: float = 0.0
    run_seconds: float | None = None
    peak_memory_bytes: int | None = None
    on_collision: str = "none"
    findings: list[PreflightFinding] = Field(default_factory=list)

    @classmethod
    def of(cls, table: str, record: Mapping[str, Any]) -> PreflightResult:
        """Read a preflight's evidence."""
        return cls(table=table, **{name: value for name, value in record.items() if name in cls.model_fields})
