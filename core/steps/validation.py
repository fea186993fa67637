"""finish_validation: what the table holds is what the view says, by counts, by a sample, or item by item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import ValidationFailedError
from core.items.plan import LoadPlan
from core.items.ranges import quoted
from core.options import COUNTS, FULL
from core.source_position import Movement, SourcePosition, movement
from core.steps.changed_since import with_changes_since
from core.steps.full_validation import DIFFERENCES, MovedRejects, compare_everything, contents_of, problems_of
from core.steps.job import is_beside_others, keeps_others, load_plan
from core.steps.own_view import require_own_view
from core.steps.position import LOAD_BEGAN_AT, source_position
from core.steps.sampling import compare_sample
from core.steps.table_run import Evidence, TableRun
from core.steps.validation_remedy import movement_told, remedy_of_counts, remedy_of_differences

MAX_MISMATCHES = 100


async def finish_validation(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Compare as the options say. Raises ValidationFailedError with every finding; reads only."""
    plan = await load_plan(run)
    await require_own_view(run)
    mode = run.options.validation_of(int(evidence["load"]["rows_read"]))
    other = await run.other_writer(evidence)
    others = other is not None or is_beside_others(run, evidence)
    accounts: dict[str, Any] = {}
    if mode == FULL:
        keeps = other is not None or keeps_others(run, evidence)
        found, problems = await _full(run, intent, evidence, others=others, keeps=keeps)
        rejects = MovedRejects.of(found, evidence["load"])
        accounts = {"accounts": {"of": contents_of(evidence), "items": found["compared"]}}
        remedy = remedy_of_differences(run.migration_id, found, rejects, others=others, keeps=keeps)
    else:
        found, problems = await _sampled(run, plan, _accounted(evidence), mode, others=others)
        remedy = remedy_of_counts(run.migration_id)
    validation = {"mode": mode, "passed": not problems, **found, "message": "; ".join(problems)}
    if problems:
        moved = await _moved(run, evidence)
        validation["mismatches"] = await with_changes_since(run, evidence, validation["mismatches"])
        raise ValidationFailedError(
            f"{run.table.target.table_name} does not agree with {plan.view}: {'; '.join(problems)}.",
            remedy=f"{movement_told(moved)} {remedy}",
            validation={**validation, "source": moved.value},
        )
    return {"validation": validation, **accounts}


def _accounted(evidence: Evidence) -> dict[str, Any]:
    """The load's counts; the items are those that the last full validation of these very contents found right."""
    load, last = dict(evidence["load"]), evidence.get("accounts")
    if last is not None and last["of"] == contents_of(evidence):
        load["items_written"] = last["items"]
    return load


async def _full(
    run: TableRun, intent: Evidence, evidence: Evidence, *, others: bool, keeps: bool
) -> tuple[dict[str, Any], Sequence[str]]:
    result = await compare_everything(run, str(intent["run_token"]), evidence, keeps=keeps)
    counts = ("rows_in_view", "items_in_target", "rejects", "rejects_by_reason", "compared", "indexes", "seconds")
    found = {name: result[name] for name in (*counts, *DIFFERENCES, "repairable", "claims")}
    moved = MovedRejects.of(result, evidence["load"])
    found |= {
        # After a repair the load's own figure is of items that were not all there, or not all right.
        "items_written": result["compared"] if "repair" in evidence else evidence["load"]["items_written"],
        "validation_id": result["validation"],
        "mismatches": result["mismatches"][:MAX_MISMATCHES],
        "peak_memory_bytes": result["peak_memory_bytes"],
        "rejects_since_load": moved.became,
    }
    return found, [*problems_of(result, others=others), *moved.problems]


async def _sampled(
    run: TableRun, plan: LoadPlan, load: dict[str, Any], mode: str, *, others: bool
) -> tuple[dict[str, Any], Sequence[str]]:
    counts = await _counts(run, load)
    wanted = 0 if mode == COUNTS else run.options.sample_items
    sampled, mismatches = await compare_sample(run, plan, wanted)
    problems = _count_problems(counts, load, others=others)
    if mismatches:
        problems.append(f"{len(mismatches)} differences in {sampled} sampled items")
    found = {
        **counts,
        "items_written": load["items_written"],
        "rejects": load["rejects"],
        "rejects_by_reason": load["rejects_by_reason"],
        "sampled": sampled,
        "mismatches": mismatches[:MAX_MISMATCHES],
    }
    return found, problems


async def _moved(run: TableRun, evidence: Evidence) -> Movement:
    """Whether the source moved since the load began."""
    before = evidence.get(LOAD_BEGAN_AT)
    now = SourcePosition.from_record(await source_position(run))
    moved, _ = movement(None if before is None else SourcePosition.from_record(before), now)
    return moved


async def _counts(run: TableRun, load: dict[str, Any]) -> dict[str, int]:
    run.report("counting rows", 0, load["rows_read"])
    sql = f"SELECT COUNT(*) FROM {quoted(run.table.view.name)}"  # noqa: S608 - our own view, quoted
    rows = await run.world.source.query(sql, timeout_seconds=3_600)
    run.report("counting items", 0, load["items_written"])
    items = await run.world.targets.count(
        run.table.target.table_name, lambda n: run.going_on("counting items", n, load["items_written"])
    )
    return {"rows_in_view": int(str(rows.rows[0][0])), "items_in_target": items}


def _count_problems(counts: dict[str, int], load: dict[str, Any], *, others: bool) -> list[str]:
    """`others`: items that this migration did not write may stand in the table too."""
    problems: list[str] = []
    accounted = load["items_written"] + load["rejects"]
    if counts["rows_in_view"] != accounted:
        problems.append(
            f"{counts['rows_in_view']} rows in the view, but {load['items_written']} items written and "
            f"{load['rejects']} rows rejected"
        )
    too_few = counts["items_in_target"] < load["items_written"]
    if too_few or (not others and counts["items_in_target"] != load["items_written"]):
        problems.append(
            f"{counts['items_in_target']} items in the table, but {load['items_written']} written "
            "(rows with equal keys overwrite each other)"
        )
    return problems
