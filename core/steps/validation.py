"""finish_validation: rows of the view = items + rejects, and sampled items equal their rows by value."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core.errors import ValidationFailedError
from core.items.canonical import key_digest
from core.items.collisions import Collisions
from core.items.compare import differences
from core.items.item import ItemConverter
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.ranges import item_condition, quoted
from core.items.rejects import RejectedRow
from core.ports import Item
from core.steps.load import load_plan
from core.steps.own_view import require_own_view
from core.steps.preflight import shared_keys
from core.steps.table_run import Evidence, TableRun

_ROWS_PER_PROBE = 10  # sampled rows come from many places rather than many from one
_KEYS_PER_CALL = 25  # 25 items of at most 400 KB stay under the wire's 16 MB
MAX_MISMATCHES = 20


async def finish_validation(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Compare counts and samples. Raises ValidationFailedError with every finding; reads only."""
    plan = await load_plan(run)
    await require_own_view(run)
    load = evidence["load"]
    counts = await _counts(run, load)
    sampled, mismatches = await _sample(run, plan, await shared_keys(run, evidence))
    problems = _count_problems(counts, load, others=not evidence.get("table_created") and run.options.into_nonempty)
    if mismatches:
        problems.append(f"{len(mismatches)} differences in {sampled} sampled items")
    validation = {
        "passed": not problems,
        **counts,
        "items_written": load["items_written"],
        "rejects": load["rejects"],
        "rejects_by_reason": load["rejects_by_reason"],
        "sampled": sampled,
        "mismatches": mismatches[:MAX_MISMATCHES],
        "message": "; ".join(problems),
    }
    if problems:
        raise ValidationFailedError(
            f"{run.table.target.table_name} does not agree with {plan.view}: {'; '.join(problems)}.",
            remedy="If the source changed while it was loaded, migrate again from a quiet source.",
            validation=validation,
        )
    return {"validation": validation}


async def _counts(run: TableRun, load: dict[str, Any]) -> dict[str, int]:
    run.report("counting rows", 0, load["rows_read"])
    sql = f"SELECT COUNT(*) FROM {quoted(run.table.view.name)}"  # noqa: S608 - our own view, quoted
    rows = await run.world.source.query(sql, timeout_seconds=3_600)
    run.report("counting items", 0, load["items_written"])
    items = await run.world.targets.count(
        run.table.target.table_name, lambda n: run.report("counting items", n, load["items_written"])
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


async def _sample(run: TableRun, plan: LoadPlan, shared: Collisions) -> tuple[int, list[dict[str, Any]]]:
    expected = await _expected_items(run, plan, shared)
    mismatches: list[dict[str, Any]] = []
    for start in range(0, len(expected), _KEYS_PER_CALL):
        run.report("comparing items", start, len(expected))
        mismatches += await _compare(run, plan, expected[start : start + _KEYS_PER_CALL])
    return len(expected), mismatches


async def _expected_items(run: TableRun, plan: LoadPlan, shared: Collisions) -> list[Item]:
    """What sampled rows must have become; rejects are counted elsewhere, and those of a shared key are no sample."""
    wanted = run.options.sample_items
    if wanted == 0:
        return []
    converters = [ItemConverter(item) for item in plan.items]
    keys = [key.name for key in plan.item.keys if key.index is None]
    probes = min(len(plan.chunks), max(1, wanted // _ROWS_PER_PROBE))
    # Seeded by the migration: a validation that is repeated looks at the same places.
    chosen = random.Random(plan.migration + plan.table).sample(plan.chunks, probes)  # noqa: S311 - no secret
    expected: list[Item] = []
    for chunk in chosen:
        for row in await _probe(run, plan, chunk, -(-wanted // probes)):
            try:
                item = converters[chunk.item].convert(row)
            except RejectedRow:
                continue
            if key_digest(item, keys) not in shared:
                expected.append(item)
    return expected[:wanted]


async def _probe(run: TableRun, plan: LoadPlan, chunk: Chunk, limit: int) -> Sequence[tuple[Cell, ...]]:
    item = plan.item_of(chunk)
    where, parameters = item_condition(item, chunk, plan.entity_column)
    columns = ", ".join(quoted(c.name) for c in item.columns)
    sql = f"SELECT {columns} FROM {quoted(plan.view)} WHERE {where} LIMIT {limit}"  # noqa: S608 - quoted, parametrised
    found = await run.world.source.query(sql, parameters, max_rows=limit)
    return found.rows


async def _compare(run: TableRun, plan: LoadPlan, expected: Sequence[Item]) -> list[dict[str, Any]]:
    names = [k.name for k in plan.item.keys if k.index is None]
    keys = [{n: item[n] for n in names} for item in expected]
    actual = await run.world.targets.get(plan.target_table, keys)
    found = {_identity(item, names): item for item in actual}
    mismatches: list[dict[str, Any]] = []
    for key, item in zip(keys, expected, strict=True):
        at = found.get(_identity(item, names))
        if at is None:
            mismatches.append({"key": _shown(key), "attribute": "", "expected": "an item", "actual": "missing"})
            continue
        mismatches += [
            {"key": _shown(key), "attribute": name, "expected": _shown(wanted), "actual": _shown(was)}
            for name, wanted, was in differences(item, at)
        ]
    return mismatches


def _identity(item: Item, names: Sequence[str]) -> tuple[Any, ...]:
    """The key by DynamoDB's equality: numbers by value, all else by bytes."""
    return tuple(Decimal(v["N"]) if "N" in v else repr(v) for v in (item[n] for n in names))


def _shown(value: Any, limit: int = 200) -> str:
    text = "absent" if value is None else repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
