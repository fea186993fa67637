"""The answers that several servers share, as pydantic models; the wire is `docs/mcp-servers.md`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from core.errors import TableferryError

Verdict = Literal["allowed", "denied", "unverified"]


def now_text() -> str:
    """The present time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def time_text(moment: datetime | None) -> str | None:
    """A time of AWS's as ISO 8601 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


class ErrorShape(BaseModel):
    """What a failed call says, in the form that `core.errors` reads."""

    code: str
    message: str
    remedy: str = ""
    retryable: bool = False
    facts: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, error: TableferryError) -> ErrorShape:
        """The wire form of an error."""
        return cls.model_validate(error.to_wire())


class ServiceStatus(BaseModel):
    """Whether the service behind a server answers, and as whom."""

    server: str
    operational: bool
    details: dict[str, Any]
    error: ErrorShape | None = None
    checked_at: str = Field(default_factory=now_text)


class Permission(BaseModel):
    """One action on one resource, and whether it may be done."""

    action: str
    resource: str
    verdict: Verdict
    reason: str = ""


class PermissionReport(BaseModel):
    """`ready` is false as soon as one permission is denied."""

    server: str
    ready: bool
    permissions: list[Permission]
    checked_at: str = Field(default_factory=now_text)

    @classmethod
    def of(cls, server: str, permissions: list[Permission]) -> PermissionReport:
        """The report over these permissions."""
        ready = all(p.verdict != "denied" for p in permissions)
        return cls(server=server, ready=ready, permissions=permissions)


class Difference(BaseModel):
    """One property of something that exists and is not as wanted."""

    property: str
    expected: Any
    actual: Any
