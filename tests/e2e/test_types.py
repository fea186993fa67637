"""Every MySQL type to every DynamoDB type that may hold it, at its extremes: the items of a real run, value by value.

A source row holds one value and else NULLs, so that each is judged by itself: as an item, or as a reject with reason.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.cell_tables import (
    KEEP_REJECTS,
    NUMBERS,
    Items,
    Rejects,
    cell_of,
    fill,
    found_items,
    found_rejects,
    single,
)
from tests.e2e.cells import CellRow
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain
from tests.items.evaluator import REJECT, evaluate
from tests.items.reasons import reason_of

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

KINDS = NUMBERS | {"bit", "text", "binary", "date", "datetime", "time", "set", "json", "geometry"}
POSSIBLE: dict[str, set[str]] = {
    "S": KINDS,
    "N": NUMBERS | {"bit", "text", "binary", "json"},
    "B": {"binary", "bit", "text", "geometry"},
    "BOOL": NUMBERS | {"bit", "json"},
    "M": {"json", "text"},
    "L": {"json", "text"},
    "SS": {"set", "json", "text"},
    "NS": {"set", "json", "text"},
    "BS": set(),
    "NULL": KINDS - {"geometry"},
}


def expected(type_: str, rows: list[CellRow], names: set[str]) -> tuple[Items, Rejects]:
    """What becomes of the rows where each of these columns is an attribute of this type."""
    items: Items = {}
    rejects: Rejects = {}
    for row in rows:
        items[row.id] = {"id": {"N": row.id}}
        if type_ == "NULL":
            items[row.id] |= {name: {"NULL": True} for name in names}
        for name in (n for n in row.shown if n in names):
            kind, cell = cell_of(type_, *row.shown[name])
            value = evaluate(type_, kind, cell)
            if value is REJECT:
                rejects.setdefault(row.id, (name, reason_of(type_, kind, cell)))
            elif value is not None:
                items[row.id][name] = value
    return {id_: item for id_, item in items.items() if id_ not in rejects}, rejects


def test_every_type_to_every_type(ferry: Ferry, database: Database) -> None:
    """Nine target tables of one source, one for each DynamoDB type."""
    found, rows = fill(database)
    names = {t: {s.name for s in found if s.kind in kinds} for t, kinds in POSSIBLE.items() if kinds}
    tables = [single(f"As{t}", "cells", [plain(s.name, t) for s in found if s.name in names[t]]) for t in names]
    result = ferry.result("run", ferry.contract(*tables), code=3, **KEEP_REJECTS)
    checks = {v["table"]: v for v in result["validation"]}
    for type_, columns in names.items():
        items, rejects = expected(type_, rows, columns)
        assert found_rejects(ferry, result["migration_id"], f"As{type_}") == rejects, type_
        assert found_items(ferry, f"As{type_}") == items, type_
        assert checks[f"As{type_}"]["rows_in_view"] == len(rows) == len(items) + len(rejects)


def test_a_type_that_cannot_hold_a_column_is_refused_by_name(ferry: Ferry, database: Database) -> None:
    """Each impossible pair is a problem at its own attribute, all of them at once."""
    found, _ = fill(database)
    places: list[str] = []
    tables: list[dict[str, Any]] = []
    for type_, kinds in POSSIBLE.items():
        impossible = [s.name for s in found if s.kind not in kinds]
        if impossible:
            table = {**single(f"As{type_}", "cells", [plain(n, type_) for n in impossible])}
            places += [f"tables[{len(tables)}] As{type_}, attribute {n}, type" for n in impossible]
            tables.append(table)
    problems = ferry.result("plan", ferry.contract(*tables), code=2)["error"]["facts"]["problems"]
    assert [p["place"] for p in problems] == places
    assert all(p["message"] and p["remedy"] is not None for p in problems)
