"""What a cleanup would remove, and what it would keep and why, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What can be removed, in the order of its removal."""

    JOB = "Glue job"
    VIEW = "view"
    SECRET = "secret"  # noqa: S105 - a word, not a secret
    OBJECTS = "S3 objects"
    LOADER = "loader package"
    TABLE = "target table"


@dataclass(frozen=True)
class Removable:
    """One thing that goes; `identity` is what it must still be then (a view's hash, a table's id, S3 keys)."""

    kind: Kind
    name: str
    detail: str = ""
    identity: tuple[str, ...] = ()
    unprotect: bool = False

    def to_record(self) -> dict[str, Any]:
        """As JSON data."""
        return {"kind": self.kind.value, "name": self.name, "detail": self.detail}


@dataclass(frozen=True)
class Kept:
    """One thing that stays, and why."""

    kind: Kind
    name: str
    why: str

    def to_record(self) -> dict[str, Any]:
        """As JSON data."""
        return {"kind": self.kind.value, "name": self.name, "why": self.why}


@dataclass(frozen=True)
class CleanupPlan:
    """Both lists, each in the order of the kinds."""

    migration_id: str
    remove: Sequence[Removable]
    keep: Sequence[Kept]

    def to_record(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "migration_id": self.migration_id,
            "remove": [r.to_record() for r in self.remove],
            "keep": [k.to_record() for k in self.keep],
        }
