"""A repair as a run of the table's job: what a full validation found is written again, extra items deleted if asked."""

from __future__ import annotations

import json
from typing import Any, Final

from core.errors import ConflictError
from core.steps.full_validation import VALIDATION, MovedRejects, validation_key
from core.steps.job import EXISTING, is_beside_others, keeps_others, load_plan
from core.steps.job_run import progress_told, start_task, watch
from core.steps.load import read_totals
from core.steps.own_view import require_own_view
from core.steps.table_run import Evidence, TableRun

REPAIR: Final = "repair"
DELETE_EXTRA: Final = "--delete-extra"


async def repair_table(
    run: TableRun,
    evidence: Evidence,
    validation: str,
    *,
    delete_extra: bool,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Evidence of what the run did (`RepairResult`), and the load's accounts after it.

    It is a new run, or one for the same findings that a killed process started. Where others' items may stand,
    differing items are left unless the load overwrote such, or `overwrite` says so.
    Raises JobFailedError when it died, ConflictError for deletions where others' items may stand, or items of rows that
    became rejects.
    """
    other_writer = await run.other_writer(evidence)
    others = f"migration {other_writer}" if other_writer is not None else "others"
    beside_others = other_writer is not None or is_beside_others(run, evidence)
    if delete_extra and beside_others:
        raise ConflictError(
            f"{run.table.target.table_name} was loaded beside items of {others}; they have no rows here, and stay.",
            remedy="Repair it without --delete-extra.",
            table=run.table.target.table_name,
        )
    if delete_extra:
        await _require_no_new_rejects(run, evidence, validation)
    await require_own_view(run)
    keeps = (other_writer is not None or keeps_others(run, evidence)) and not overwrite
    job, token = str(evidence["job_name"]), f"{validation}-{'all' if delete_extra else 'rows'}"
    if overwrite:
        token += "-over"  # a run that left them must not be taken for it
    arguments = {
        VALIDATION: validation,
        DELETE_EXTRA: "true" if delete_extra else "false",
        EXISTING: "keep" if keeps else "overwrite",
        # Under the key of a row that is taken others' items stay, whatever is written over differing ones.
        "--claims": "false" if beside_others else "true",
    }
    run_id = await start_task(run, job, REPAIR, token, arguments)
    told = progress_told(run, validation_key(run, f"{validation}/repair-progress.json"), "repairing")
    await watch(run, job, run_id, told)
    done: dict[str, Any] = json.loads(await run.world.objects.get(validation_key(run, f"{validation}/repair.json")))
    return {"repair": done, "load": (await read_totals(run, await load_plan(run))).to_record()}


async def _require_no_new_rejects(run: TableRun, evidence: Evidence, validation: str) -> None:
    """The item of a row that broke at the source looks extra, and is the only copy of what the row said."""
    found = json.loads(await run.world.objects.get(validation_key(run, f"{validation}/result.json")))
    became = MovedRejects.of(found, evidence["load"]).became
    if became:
        raise ConflictError(
            f"{became:,} rows of {run.table.name} became rejects since the load; items that look extra may be theirs.",
            remedy=f"Mend these rows at the source, or delete them there, then `tableferry validate {run.migration_id} "
            "--mode full`; or repair without --delete-extra.",
            table=run.table.target.table_name,
        )
