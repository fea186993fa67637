"""restart_load of a table whose rejected rows are to be loaded again: a run that does nothing else."""

from __future__ import annotations

from typing import Any, Final

from core.steps.job_run import start_task
from core.steps.load import start_load
from core.steps.own_view import require_own_view
from core.steps.preflight import load_arguments, preflight
from core.steps.table_run import Evidence, TableRun

RETRY_REJECTS: Final = "retry-rejects"
TASK: Final = "task"  # in the intent of a restart_load: what its run is to do


async def restart_load(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Start another run: of the rejected rows alone when that was asked for, or when the one that died did that."""
    task = intent.get(TASK) or evidence.get("load_task")
    return await (_start_retry if task == RETRY_REJECTS else start_load)(run, intent, evidence)


async def _start_retry(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """The preflight is made anew: repaired rows may share their keys with others, or no longer do."""
    job, token = str(evidence["job_name"]), str(intent["run_token"])
    await require_own_view(run)
    looked = await preflight(run, job, token)
    # Jobs of earlier versions cannot tell several items of one source row apart.
    whole = {"--whole-chunks": "true"} if any(e.item.several_items for e in run.table.entities) else {}
    run.report("starting the retry of rejected rows")
    run_id = await start_task(run, job, RETRY_REJECTS, token, {**load_arguments(looked), **whole})
    before = [i for i in evidence.get("run_ids", []) if i != run_id]
    return {
        "run_id": run_id,
        "run_ids": [*before, run_id],
        "load_task": RETRY_REJECTS,
        "preflight": looked,
        "rejects_before_retry": evidence.get("load", {}).get("rejects"),
    }
