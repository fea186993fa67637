"""What a run would make, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot

from core.compile import CompiledTable
from flows.console import printable


@dataclass(frozen=True)
class PlannedTable:
    """A compiled table, and the rows that its view would have."""

    table: CompiledTable
    rows: int


def plan_document(planned: Sequence[PlannedTable]) -> dict[str, Any]:
    """The plan as JSON data."""
    return {
        "tables": [
            {
                "table": p.table.name,
                "view": p.table.view.name,
                "view_sql": p.table.view.create_sql(replace=True),
                "definition": p.table.target.to_wire(),
                "rows_expected": p.rows,
                "warnings": list(p.table.warnings),
            }
            for p in planned
        ]
    }


def print_plan(planned: Sequence[PlannedTable]) -> None:
    """Print each table: its view's SQL, its definition, its rows."""
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console()
    for p in planned:
        console.rule(p.table.name)
        console.print(f"{p.rows:,} rows expected in {p.table.view.name}", markup=False)
        sql = printable(_pretty(p.table.view.select_sql))
        console.print(Syntax(sql, "sql", word_wrap=True, background_color="default"))
        definition = json.dumps(p.table.target.to_wire(), indent=2)
        console.print(Syntax(definition, "json", word_wrap=True, background_color="default"))
        for warning in p.table.warnings:
            console.print(printable(f"warning: {warning}"), style="yellow", markup=False)


def _pretty(sql: str) -> str:
    return sqlglot.parse_one(sql, dialect="mysql").sql("mysql", pretty=True)
