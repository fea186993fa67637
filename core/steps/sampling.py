"""Sampled items compared by value with their rows."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core.errors import NotFoundError
from core.items.canonical import key_digest
from core.items.compare import differences
from core.items.item import ItemConverter
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.ranges import item_condition, quoted
from core.items.rejects import ITEM_KEY, RejectedRow
from core.ports import Item
from core.steps.table_run import TableRun

_ROWS_PER_PROBE = 10  # sampled rows come from many places rather than many from one
_KEYS_PER_CALL = 25  # 25 items of at most 400 KB stay under the wire's 16 MB


async def compare_sample(run: TableRun, plan: LoadPlan, wanted: int) -> tuple[int, list[dict[str, Any]]]:
    """Compare up to `wanted` items; returns how many, and every difference."""
    expected = await _expected_items(run, plan, wanted)
    mismatches: list[dict[str, Any]] = []
    for start in range(0, len(expected), _KEYS_PER_CALL):
        run.report("comparing items", start, len(expected))
        mismatches += await _compare(run, plan, expected[start : start + _KEYS_PER_CALL])
    return len(expected), mismatches


async def _expected_items(run: TableRun, plan: LoadPlan, wanted: int) -> list[Item]:
    """What sampled rows must have become; rows that cannot become items are counted as rejects elsewhere."""
    if wanted == 0:
        return []
    converters = [ItemConverter(item) for item in plan.items]
    probes = min(len(plan.chunks), max(1, wanted // _ROWS_PER_PROBE))
    # Seeded by the migration: a validation that is repeated looks at the same places.
    chosen = random.Random(plan.migration + plan.table).sample(plan.chunks, probes)  # noqa: S311 - no secret
    expected: list[Item] = []
    for chunk in chosen:
        left_out = await _left_out(run, plan, chunk)
        for row in await _probe(run, plan, chunk, -(-wanted // probes)):
            try:
                item = converters[chunk.item].convert(row)
            except RejectedRow:
                continue
            key = key_digest(item, plan.item_of(chunk).table_keys()).hex()
            if left_out.isdisjoint((key, _row_identity(converters[chunk.item].row_key(row)))):
                expected.append(item)
    return expected[:wanted]


async def _left_out(run: TableRun, plan: LoadPlan, chunk: Chunk) -> frozenset[str]:
    """Rows that the load itself rejected, for another row's or item's sake too: by their own keys or their items'."""
    try:
        lines = (await run.world.objects.get(plan.rejects_key(chunk.number))).decode().split("\n")
    except NotFoundError:
        return frozenset()
    rejected = [json.loads(line) for line in lines if line]
    # Of rows without a key of their own, the item's tells them apart.
    own = {_row_identity(r["row"]) for r in rejected if r["row"]}
    return frozenset(own | {r[ITEM_KEY] for r in rejected if ITEM_KEY in r})


def _row_identity(row: dict[str, Any]) -> str:
    """One text for a row's key as rejects name it."""
    return json.dumps(row, sort_keys=True)


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
