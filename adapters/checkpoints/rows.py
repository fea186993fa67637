"""The tables of the checkpoint database, and their rows as core's frozen records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, String, text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field

from adapters.checkpoints.columns import Row, UtcDateTime, json_column, words
from core.checkpoints import (
    Json,
    MigrationRecord,
    MigrationStatus,
    PendingTransition,
    Request,
    TableCheckpoint,
    TransitionRecord,
    TransitionStatus,
)
from core.leases import Lease, Owner
from core.lifecycle import TableState, Trigger


class MigrationRow(Row, table=True):
    """`number` orders migrations by creation; clocks may tie or step back."""

    __tablename__ = "migration"

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=String(255), unique=True)
    contract_hash: str = Field(sa_type=String(255))
    contract: Json = json_column()
    settings: Json = json_column()
    status: MigrationStatus = Field(sa_type=words(MigrationStatus, "status"))
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    request: Request | None = Field(default=None, sa_type=words(Request, "request"), nullable=True)
    subject: str | None = Field(default=None, sa_type=String(255))

    @classmethod
    def of(cls, record: MigrationRecord) -> MigrationRow:
        return cls(
            id=record.id,
            contract_hash=record.contract_hash,
            contract=record.contract,
            settings=record.settings,
            status=record.status,
            created_at=record.created_at,
            updated_at=record.updated_at,
            subject=record.subject,
        )

    def record(self) -> MigrationRecord:
        return MigrationRecord(
            self.id,
            self.contract_hash,
            self.contract,
            self.settings,
            self.status,
            self.created_at,
            self.updated_at,
            self.subject,
        )


class TableRow(Row, table=True):
    """One table's checkpoint; `version` is SQLAlchemy's optimistic lock, so a stale write is a StaleDataError."""

    __tablename__ = "table_checkpoint"
    __table_args__ = (
        ForeignKeyConstraint(["migration_id"], ["migration.id"]),
        CheckConstraint("(state = 'failed') = (failed_from IS NOT NULL)", name="failed_from_known"),
    )

    migration_id: str = Field(sa_type=String(255), primary_key=True)
    table_name: str = Field(sa_type=String(255), primary_key=True)
    position: int
    state: TableState = Field(sa_type=words(TableState, "state"))
    failed_from: TableState | None = Field(default=None, sa_type=words(TableState, "failed_from"), nullable=True)
    evidence: Json = json_column()
    error: Json | None = json_column(nullable=True)
    version: int = Field(default=None, nullable=False)
    lease_owner: Json | None = json_column(nullable=True)
    lease_fence: int = Field(default=0, sa_type=Integer, sa_column_kwargs={"server_default": "0"})
    lease_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy passes the class
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]

    @classmethod
    def new(cls, migration_id: str, table: str, position: int) -> TableRow:
        return cls(
            migration_id=migration_id, table_name=table, position=position, state=TableState.PENDING, evidence={}
        )

    def checkpoint(self) -> TableCheckpoint:
        return TableCheckpoint(
            self.migration_id,
            self.table_name,
            self.state,
            self.failed_from,
            self.evidence,
            self.error,
            self.version,
        )

    def lease(self) -> Lease | None:
        """Who holds the table, whether or not that expired."""
        if self.lease_owner is None or self.lease_expires_at is None:
            return None
        owner = dict(self.lease_owner)
        since = datetime.fromisoformat(owner.pop("since"))
        return Lease(self.migration_id, self.table_name, Owner(**owner), self.lease_fence, since, self.lease_expires_at)

    def move_to(self, checkpoint: TableCheckpoint) -> None:
        self.state = checkpoint.state
        self.failed_from = checkpoint.failed_from
        self.evidence = checkpoint.evidence
        self.error = checkpoint.error


class TransitionRow(Row, table=True):
    """One transition; the partial index lets the database itself hold "at most one pending a table"."""

    __tablename__ = "transition"
    __table_args__ = (
        ForeignKeyConstraint(
            ["migration_id", "table_name"], ["table_checkpoint.migration_id", "table_checkpoint.table_name"]
        ),
        Index("ix_transition_table", "migration_id", "table_name", "id"),
        Index(
            "uq_transition_one_pending",
            "migration_id",
            "table_name",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    migration_id: str = Field(sa_type=String(255))
    table_name: str = Field(sa_type=String(255))
    trigger: Trigger = Field(sa_type=words(Trigger, "trigger"))
    from_state: TableState = Field(sa_type=words(TableState, "from_state"))
    to_state: TableState = Field(sa_type=words(TableState, "to_state"))
    status: TransitionStatus = Field(sa_type=words(TransitionStatus, "status"))
    intent: Json = json_column()
    evidence: Json = json_column()
    error: Json | None = json_column(nullable=True)
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def _number(self) -> int:
        if self.id is None:
            raise ValueError("the transition was not flushed to the database yet")
        return self.id

    def as_pending(self) -> PendingTransition:
        return PendingTransition(
            self._number(),
            self.migration_id,
            self.table_name,
            self.trigger,
            self.from_state,
            self.to_state,
            self.intent,
            self.started_at,
        )

    def record(self) -> TransitionRecord:
        return TransitionRecord(
            **vars(self.as_pending()),
            status=self.status,
            evidence=self.evidence,
            error=self.error,
            ended_at=self.ended_at,
        )
