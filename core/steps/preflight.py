"""The preflight of one table, inside start_load: every row that cannot become an item, before anything is written.

The result is one object in S3, whatever tier it is of, under the token of the load that it belongs to: a load that a
killed process started is adopted together with its preflight.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.compile import ENTITY_COLUMN, CompiledTable
from core.errors import PreflightFailedError
from core.items.collisions import MAX_KEYS
from core.items.preflight import FORMAT, collisions_key, progress_key, result_key
from core.items.rejects import Reason
from core.options import KEEP
from core.ports import SourceDatabase
from core.preflight import ColumnFacts, EntityRows, PreflightPlan, Tier, plan_preflight
from core.preflight.wording import describe
from core.source_schema import SourceTable
from core.steps.job_run import RUN_TOKEN, progress_told, runs_of, start_task, watch
from core.steps.preflight_sql import ask
from core.steps.table_run import TableRun
from core.steps.unfinished import unfinished_or_new

TASK = "preflight"
# Rows that were looked at longer ago are looked at again.
_GOES_ON_FOR = timedelta(hours=6)


async def preflight(run: TableRun, job: str, token: str) -> dict[str, Any]:
    """What was found, as evidence; made once for each token. Raises PreflightFailedError when it refuses the table."""
    record = await run.document(_place(run, token))
    if record is None or _says_too_little(run, record):
        record = await _made(run, job, token)
        await run.world.objects.put(_place(run, token), json.dumps(record).encode(), "application/json")
    _require_loadable(run, record)
    return record


def load_arguments(record: dict[str, Any]) -> dict[str, str]:
    """What a load run must be told of the preflight."""
    return {"--collisions": record["collisions_key"]} if record.get("collisions_key") else {}


async def _made(run: TableRun, job: str, token: str) -> dict[str, Any]:
    began = run.world.clock.now()
    plan = await plan_of(run.world.source, run.table)
    tier, because = plan.tier, plan.because
    found: dict[str, Any] = {"findings": [], "rows": None}
    if tier is Tier.SQL:
        view, source = run.table.view.name, run.world.source
        findings = await ask(source, view, ENTITY_COLUMN, plan, lambda now: run.going_on(f"preflight ({now})"))
        if findings is None or (run.options.rejects == KEEP and _shared(findings)):
            tier = Tier.RUN
            because = (*because, _why_after_all(findings))
        else:
            found["findings"] = findings
    if tier is Tier.RUN:
        found = await _by_a_run(run, job, token, plan)
    survey = found.pop("survey", token)
    seconds = (run.world.clock.now() - began).total_seconds()
    shares_keys = tier is Tier.RUN and _shared(found["findings"])
    return {
        **found,
        "format": FORMAT,
        "view_hash": run.table.view.definition_hash,
        "token": token,
        "tier": tier.value,
        "because": list(because),
        "seconds": round(seconds, 3),
        "on_collision": run.options.on_collision,
        "collisions_key": collisions_key(run.prefix, survey) if shares_keys else "",
    }


async def plan_of(source: SourceDatabase, table: CompiledTable) -> PreflightPlan:
    """How a table's rows are looked at, by what the server says of the columns of its view, which must exist."""
    view = (await source.describe_schema([table.view.name])).table(table.view.name)
    entities = [EntityRows(e.item, _facts(e.item.columns, e.never_null, view)) for e in table.entities]
    return plan_preflight(entities, distinct_keys=table.distinct_keys)


def _facts(columns: Sequence[Any], never_null: frozenset[int], view: SourceTable | None) -> tuple[ColumnFacts, ...]:
    found = [None if view is None else view.column(column.name) for column in columns]
    return tuple(
        ColumnFacts(c.name, c.kind, number not in never_null, f.column_type if f else "", f.collation if f else None)
        for number, (c, f) in enumerate(zip(columns, found, strict=True))
    )


async def _by_a_run(run: TableRun, job: str, token: str, plan: PreflightPlan) -> dict[str, Any]:
    run.report("starting the preflight's run")
    await _end_others(run, job, token)
    survey = await unfinished_or_new(run, TASK, token, goes_on_for=_GOES_ON_FOR)
    arguments = {
        "--distinct-keys": str(plan.distinct_keys).lower(),
        "--on-collision": run.options.on_collision,
        "--survey": survey,
    }
    run_id = await start_task(run, job, TASK, token, arguments)
    finished = await watch(run, job, run_id, progress_told(run, progress_key(run.prefix, survey), "preflight"))
    made = json.loads(await run.world.objects.get(result_key(run.prefix, survey)))
    kept = {name: made[name] for name in ("rows", "findings", "peak_memory_bytes")}
    return {**kept, "run_id": finished.run_id, "run_seconds": made["seconds"], "survey": survey}


async def _end_others(run: TableRun, job: str, token: str) -> None:
    """A preflight that was given up may still run; what it finds is of yesterday, and Glue lets one run live."""
    for found in await runs_of(run, job, TASK):
        if found.is_over or found.arguments.get(RUN_TOKEN) == token:
            continue
        await run.world.jobs.stop_run(job, found.run_id)
        while not (await run.world.jobs.run(job, found.run_id)).is_over:
            await run.world.clock.sleep(run.options.poll_seconds)


def _says_too_little(run: TableRun, record: dict[str, Any]) -> bool:
    """SQL counted shared keys, enough to refuse the table; to keep the other rows, a run must say which share them."""
    return run.options.rejects == KEEP and bool(_shared(record["findings"])) and not record["collisions_key"]


def _place(run: TableRun, token: str) -> str:
    return f"{run.prefix}preflight/{token}/evidence.json"


def _shared(findings: Sequence[dict[str, Any]]) -> int:
    return sum(f["keys"] for f in findings if f["reason"] == Reason.KEY_COLLISION)


def _why_after_all(findings: Sequence[dict[str, Any]] | None) -> str:
    return "some rows need a closer look" if findings is None else "rows share keys, and the loader must know which"


def _require_loadable(run: TableRun, record: dict[str, Any]) -> None:
    findings = record["findings"]
    if run.options.rejects == KEEP and _shared(findings) > MAX_KEYS:
        raise PreflightFailedError(
            f"{_shared(findings):,} keys of {run.table.name} are shared by several rows, more than {MAX_KEYS:,}: "
            f"the contract's key is wrong. {describe(findings)}",
            remedy="Choose a key that tells these rows apart, and start a new migration. Nothing was written.",
            preflight=record,
        )
    if findings and run.options.rejects != KEEP:
        choose = " (with --on-collision first or last, one row of each shared key)" if _shared(findings) else ""
        raise PreflightFailedError(
            f"Rows of {run.table.name} cannot become items. {describe(findings)}",
            remedy="Nothing was written. Repair these rows at the source, then "
            f"`tableferry resume {run.migration_id}`; or load the others by adding --rejects keep{choose}.",
            preflight=record,
        )
