"""Tables for the terminal, and the same as JSON documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from core.checkpoints import MigrationRecord, TableCheckpoint
from core.chunk_records import ChunkCount
from core.leases import Lease
from core.readiness import Readiness, ServerReadiness

_COLOURS = {"validated": "green", "succeeded": "green", "failed": "red", "partial": "yellow", "cancelled": "yellow"}


def readiness_table(readiness: Readiness) -> Table:
    """One row a server: is it there, what may be done, what is missing."""
    table = Table(title="Servers", title_justify="left")
    for heading in ("server", "operational", "permissions", "details", "checked"):
        table.add_column(heading)
    for server in readiness.servers:
        table.add_row(
            server.status.server,
            _yes(server.status.operational),
            _permissions(server),
            Text(server.problem or _details(server)),
            server.status.checked_at[11:19],
        )
    return table


def _permissions(server: ServerReadiness) -> Text:
    if server.permissions is None:
        return Text("not asked", style="dim")
    verdicts = [p.verdict for p in server.permissions.permissions]
    counts = {v: verdicts.count(v) for v in ("allowed", "denied", "unverified")}
    style = "red" if counts["denied"] else "yellow" if counts["unverified"] else "green"
    return Text(", ".join(f"{n} {v}" for v, n in counts.items() if n), style=style)


def _details(server: ServerReadiness) -> str:
    wanted = ("engine", "version", "host", "database", "region", "identity_arn", "bucket")
    found = [f"{k}={server.status.details[k]}" for k in wanted if server.status.details.get(k)]
    if server.status.details.get("imitation"):
        found.append("(a local imitation of Glue)")
    return " ".join(found)


def _yes(value: bool) -> Text:
    return Text("yes", style="green") if value else Text("no", style="red")


def rejects_table(migration_id: str, counts: Mapping[str, Mapping[str, int]]) -> Table:
    """One row a table and reason, the most frequent reason first."""
    table = Table(title=f"Rejected rows of {migration_id}", title_justify="left")
    for heading in ("table", "reason"):
        table.add_column(heading)
    table.add_column("rows", justify="right")
    for name, reasons in counts.items():
        for reason, rows in sorted(reasons.items(), key=lambda found: -found[1]):
            table.add_row(Text(name), Text(reason), f"{rows:,}")
    return table


def rejected_rows_table(rows: Sequence[Mapping[str, Any]], total: int) -> Table:
    """One row a rejected row; the caption says how many there are when these are not all."""
    from core.report_markdown import visible

    table = Table(title="Rows", title_justify="left", caption_justify="left")
    entity = ("entity",) if any("entity" in row for row in rows) else ()
    for heading in ("table", *entity, "row", "reason", "attribute", "message", "values"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        of = [row.get("entity", "")] if entity else []
        cells = [row["table"], *of, _pairs(row["row"]), row["reason"], row["attribute"], row["message"]]
        table.add_row(*(Text(visible(cell)) for cell in (*cells, _pairs(row.get("values", {})))))
    if len(rows) < total:
        table.caption = f"{len(rows):,} of {total:,}; --limit shows more, --output-file writes all"
    return table


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def migrations_table(records: Sequence[MigrationRecord]) -> Table:
    """One row a migration, newest first."""
    table = Table(title="Migrations", title_justify="left")
    for heading in ("migration", "status", "tables", "started", "changed"):
        table.add_column(heading)
    for record in records:
        table.add_row(
            record.id,
            Text(record.status.value, style=_COLOURS.get(record.status.value, "")),
            str(len(record.contract["tables"])),
            f"{record.created_at:%Y-%m-%d %H:%M:%S} UTC",
            f"{record.updated_at:%Y-%m-%d %H:%M:%S} UTC",
        )
    return table


def tables_table(
    record: MigrationRecord, checkpoints: Sequence[TableCheckpoint], chunks: Mapping[str, ChunkCount] = {}
) -> Table:
    """One row a table of a migration; `chunks` are of those that have been planned."""
    table = Table(title=f"Migration {record.id}: {record.status.value}", title_justify="left")
    for heading in ("table", "state", "chunks", "rows", "items", "rejects", "job run", "error"):
        table.add_column(heading)
    for at in checkpoints:
        load = at.evidence.get("load", {})
        state = at.state.value if at.failed_from is None else f"{at.state.value} (from {at.failed_from.value})"
        table.add_row(
            Text(at.table),
            Text(state, style=_COLOURS.get(at.state.value, "")),
            f"{chunks[at.table].done:,} of {chunks[at.table].planned:,}" if at.table in chunks else "",
            str(load.get("rows_read", at.evidence.get("rows_planned") or "")),
            str(load.get("items_written", "")),
            str(load.get("rejects", "")),
            str(at.evidence.get("run_id", ""))[:16],
            Text((at.error or {}).get("message", "")),
        )
    return table


def migration_document(
    record: MigrationRecord,
    tables: Sequence[TableCheckpoint] | None = None,
    chunks: Mapping[str, ChunkCount] = {},
    leases: Sequence[Lease] = (),
) -> dict[str, Any]:
    """A migration, and where its tables stand and who drives them if they are given, as JSON data."""
    document: dict[str, Any] = {
        "migration_id": record.id,
        "status": record.status.value,
        "contract_hash": record.contract_hash,
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
    }
    if tables is not None:
        document["tables"] = [
            {
                "table": t.table,
                "state": t.state.value,
                "failed_from": t.failed_from.value if t.failed_from else None,
                "error": t.error,
                "evidence": t.evidence,
                "chunks": asdict(chunks[t.table]) if t.table in chunks else None,
                "driver": next((_driver(lease) for lease in leases if lease.table == t.table), None),
            }
            for t in tables
        ]
    return document


def _driver(lease: Lease) -> dict[str, Any]:
    owner = lease.owner
    return {"host": owner.host, "pid": owner.pid, "since": lease.since.isoformat()}
