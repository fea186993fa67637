"""The tables of the checkpoint database, and their rows as core's frozen records."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from core.checkpoints import (
    Json,
    MigrationRecord,
    MigrationStatus,
    PendingTransition,
    TableCheckpoint,
    TransitionRecord,
    TransitionStatus,
)
from core.lifecycle import TableState, Trigger


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored and returned in UTC; SQLite has no time zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a checkpoint's moment needs a time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _words(words: type[StrEnum], name: str) -> SqlEnum:
    # Without validate_strings a misspelt word would be stored, and every later read of the table would fail.
    return SqlEnum(
        words,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
        name=name,
        length=32,
    )


def _json(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=nullable))


class _Row(SQLModel):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class MigrationRow(_Row, table=True):
    """`number` orders migrations by creation; clocks may tie or step back."""

    __tablename__ = "migration"

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(sa_type=String(255), unique=True)
    contract_hash: str = Field(sa_type=String(255))
    contract: Json = _json()
    settings: Json = _json()
    status: MigrationStatus = Field(sa_type=_words(MigrationStatus, "status"))
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)

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
        )

    def record(self) -> MigrationRecord:
        return MigrationRecord(
            self.id, self.contract_hash, self.contract, self.settings, self.status, self.created_at, self.updated_at
        )


class TableRow(_Row, table=True):
    """One table's checkpoint; `version` is SQLAlchemy's optimistic lock, so a stale write is a StaleDataError."""

    __tablename__ = "table_checkpoint"
    __table_args__ = (
        ForeignKeyConstraint(["migration_id"], ["migration.id"]),
        CheckConstraint("(state = 'failed') = (failed_from IS NOT NULL)", name="failed_from_known"),
    )

    migration_id: str = Field(sa_type=String(255), primary_key=True)
    table_name: str = Field(sa_type=String(255), primary_key=True)
    position: int
    state: TableState = Field(sa_type=_words(TableState, "state"))
    failed_from: TableState | None = Field(default=None, sa_type=_words(TableState, "failed_from"), nullable=True)
    evidence: Json = _json()
    error: Json | None = _json(nullable=True)
    version: int = Field(default=None, nullable=False)

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

    def move_to(self, checkpoint: TableCheckpoint) -> None:
        self.state = checkpoint.state
        self.failed_from = checkpoint.failed_from
        self.evidence = checkpoint.evidence
        self.error = checkpoint.error


class TransitionRow(_Row, table=True):
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
    trigger: Trigger = Field(sa_type=_words(Trigger, "trigger"))
    from_state: TableState = Field(sa_type=_words(TableState, "from_state"))
    to_state: TableState = Field(sa_type=_words(TableState, "to_state"))
    status: TransitionStatus = Field(sa_type=_words(TransitionStatus, "status"))
    intent: Json = _json()
    evidence: Json = _json()
    error: Json | None = _json(nullable=True)
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


METADATA = _Row.metadata
