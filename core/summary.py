"""Checkpoints -> `MigrationResult`: every figure of a report comes from evidence that a transition committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.checkpoints import MigrationRecord, MigrationStatus, TableCheckpoint
from core.chunk_records import ChunkCount
from core.errors import TableferryError
from core.lifecycle import TableState
from core.report import (
    JobResult,
    Metrics,
    MigrationResult,
    Mismatch,
    Problem,
    RepairResult,
    SourceMovement,
    SourceResult,
    TableMetrics,
    TableResult,
    ValidationResult,
    ViewResult,
)
from core.report_preflight import PreflightResult
from core.source_position import movement_between
from core.steps.position import LOAD_BEGAN_AT, LOAD_ENDED_AT, VALIDATION_ENDED_AT


def summarize(
    record: MigrationRecord,
    tables: Sequence[TableCheckpoint],
    now: datetime,
    left_alone: Mapping[str, TableferryError] = {},
    chunks: Mapping[str, ChunkCount] = {},
) -> MigrationResult:
    """The result of a migration as it stands at `now`; `left_alone` are tables that another process drives.

    `chunks` says how far each table is that has been planned.
    """
    status = _status(record, tables)
    finished = (
        now if status is MigrationStatus.RUNNING or record.status is MigrationStatus.RUNNING else record.updated_at
    )
    return MigrationResult(
        migration_id=record.id,
        status=status,
        contract_hash=record.contract_hash,
        started_at=record.created_at,
        finished_at=finished,
        seconds=round((finished - record.created_at).total_seconds(), 3),
        source=SourceResult(**record.settings["source"]),
        views=[_view(t) for t in tables if "view" in t.evidence],
        tables=[_table(t, record) for t in tables],
        preflights=[p for t in tables if (p := _preflight(t)) is not None],
        jobs=[_job(t, chunks.get(t.table)) for t in tables if "job_name" in t.evidence],
        movements=[_movement(t) for t in tables if LOAD_ENDED_AT in t.evidence],
        validation=[v for t in tables if (v := _validation(t)) is not None],
        repairs=[RepairResult(table=t.table, **t.evidence["repair"]) for t in tables if "repair" in t.evidence],
        metrics=_metrics([_table_metrics(t) for t in tables if "load" in t.evidence], tables),
        problems=[
            *(_problem(t) for t in tables if t.error is not None),
            *(_left_alone(t, left_alone[t.table]) for t in tables if t.table in left_alone),
        ],
        imitation=record.settings["imitation"],
        next_steps=_next_steps(record, status, tables),
    )


def _status(record: MigrationRecord, tables: Sequence[TableCheckpoint]) -> MigrationStatus:
    """A pause shows where tables are still on their way, a cancellation always."""
    status = migration_status(tables)
    is_paused = record.status is MigrationStatus.PAUSED and status is MigrationStatus.RUNNING
    return record.status if is_paused or record.status is MigrationStatus.CANCELLED else status


def migration_status(tables: Sequence[TableCheckpoint]) -> MigrationStatus:
    """How the whole stands, from where its tables stand."""
    states = {t.state for t in tables}
    if states <= {TableState.VALIDATED}:
        return MigrationStatus.SUCCEEDED
    if states - {TableState.VALIDATED, TableState.FAILED, TableState.CANCELLED}:
        return MigrationStatus.RUNNING
    if TableState.VALIDATED in states:
        return MigrationStatus.PARTIAL
    return MigrationStatus.FAILED if TableState.FAILED in states else MigrationStatus.CANCELLED


def _view(at: TableCheckpoint) -> ViewResult:
    found = at.evidence
    return ViewResult(
        table=at.table,
        view=found["view"],
        definition_hash=found["view_definition_hash"],
        created=found["view_created"],
    )


def _table(at: TableCheckpoint, record: MigrationRecord) -> TableResult:
    prefix = record.settings["options"]["target"]["table_prefix"]
    return TableResult(
        table=at.table,
        target_table=prefix + at.table,
        state=at.state,
        table_arn=at.evidence.get("table_arn"),
        created=at.evidence.get("table_created", False),
        error=at.error["message"] if at.error else None,
    )


def _preflight(at: TableCheckpoint) -> PreflightResult | None:
    """What the last preflight found; of one that refused the table, the error keeps it."""
    found: dict[str, Any] | None = at.evidence.get("preflight")
    if at.error is not None:
        found = at.error.get("facts", {}).get("preflight", found)
    return None if found is None else PreflightResult.of(at.table, found)


def _job(at: TableCheckpoint, chunks: ChunkCount | None) -> JobResult:
    found = at.evidence
    return JobResult(
        table=at.table,
        job_name=found["job_name"],
        run_id=found.get("run_id"),
        run_state=found.get("run_state"),
        attempts=len(found.get("run_ids", [])),
        execution_seconds=found.get("run_seconds"),
        chunks_done=None if chunks is None else chunks.done,
        chunks_planned=None if chunks is None else chunks.planned,
    )


def _movement(at: TableCheckpoint) -> SourceMovement:
    found = at.evidence
    loading, reason = movement_between(found, LOAD_BEGAN_AT, LOAD_ENDED_AT)
    whole, later_reason = movement_between(found, LOAD_BEGAN_AT, VALIDATION_ENDED_AT)
    return SourceMovement(
        table=at.table,
        during_load=loading,
        until_validated=whole,
        load_began_at=(found.get(LOAD_BEGAN_AT) or {}).get("server_time"),
        load_ended_at=(found.get(LOAD_ENDED_AT) or {}).get("server_time"),
        reason=reason or later_reason,
    )


def _validation(at: TableCheckpoint) -> ValidationResult | None:
    """What the last validation found; of one that failed, the error keeps it."""
    found: dict[str, Any] | None = at.evidence.get("validation")
    if at.error is not None:
        found = at.error.get("facts", {}).get("validation", found)
    if found is None:
        return None
    return ValidationResult(
        table=at.table,
        mismatches=[Mismatch(**m) for m in found["mismatches"]],
        **{k: v for k, v in found.items() if k != "mismatches"},
    )


def _table_metrics(at: TableCheckpoint) -> TableMetrics:
    load = at.evidence["load"]
    started, finished = (datetime.fromisoformat(at.evidence[f"load_{m}_at"]) for m in ("started", "finished"))
    seconds = (finished - started).total_seconds()
    return TableMetrics(
        table=at.table,
        records=load["items_written"],
        rejects=load["rejects"],
        seconds=round(seconds, 3),
        items_per_second=_rate(load["items_written"], seconds),
        error_rate=_share(load["rejects"], load["rows_read"]),
        bytes_written=load["bytes_written"],
        capacity_units=load["capacity_units"],
        retries=load["retries"],
        already_there=load.get("already_there", 0),
        vanished=load.get("vanished", 0),
        read_seconds=load["read_seconds"],
        convert_seconds=load["convert_seconds"],
        write_seconds=load["write_seconds"],
    )


def _metrics(per_table: list[TableMetrics], tables: Sequence[TableCheckpoint]) -> Metrics:
    """Totals; `seconds` is from the first load's start to the last load's end, since tables load side by side."""
    starts = [t.evidence["load_started_at"] for t in tables if "load" in t.evidence]
    ends = [t.evidence["load_finished_at"] for t in tables if "load" in t.evidence]
    seconds = 0.0
    if starts:
        seconds = (datetime.fromisoformat(max(ends)) - datetime.fromisoformat(min(starts))).total_seconds()
    records, rejects = sum(m.records for m in per_table), sum(m.rejects for m in per_table)
    return Metrics(
        records=records,
        rejects=rejects,
        seconds=round(seconds, 3),
        items_per_second=_rate(records, seconds),
        error_rate=_share(rejects, records + rejects),
        bytes_written=sum(m.bytes_written for m in per_table),
        capacity_units=round(sum(m.capacity_units for m in per_table), 3),
        per_table=per_table,
    )


def _problem(at: TableCheckpoint) -> Problem:
    error = at.error or {}
    state = at.failed_from.value if at.failed_from else at.state.value
    return Problem(table=at.table, state=state, error=error["message"], remedy=error.get("remedy", ""))


def _left_alone(at: TableCheckpoint, error: TableferryError) -> Problem:
    return Problem(table=at.table, state=at.state.value, error=error.message, remedy=error.remedy)


def _next_steps(record: MigrationRecord, status: MigrationStatus, tables: Sequence[TableCheckpoint]) -> list[str]:
    options = record.settings["options"]
    steps: list[str] = []
    if status is MigrationStatus.PAUSED:
        steps.append(f"Go on whenever you like: tableferry resume {record.id}")
    elif status is MigrationStatus.CANCELLED:
        steps.append(f"Remove what this migration created: tableferry cleanup {record.id}")
    elif status is not MigrationStatus.SUCCEEDED:
        steps.append(f"Repair what the problems name, then run: tableferry resume {record.id}")
    if any(t.evidence.get("load", {}).get("rejects") for t in tables):
        where = f"s3://{options['bucket']}/{options['key_prefix']}migrations/{record.id}/<table>/rejects/"
        steps.append(f"Look at the rejected rows, with their reasons: tableferry rejects {record.id} (or in {where}).")
        steps.append(f"Repair them at the source, then load them: tableferry retry-rejects {record.id}")
    return steps


def _rate(items: int, seconds: float) -> float:
    return round(items / seconds, 1) if seconds > 0 else 0.0


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
