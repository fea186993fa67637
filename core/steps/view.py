"""create_view: the view exists, is ours, and has the columns that the plan counts on."""

from __future__ import annotations

from typing import Any

from core.errors import ConflictError
from core.outages import UNKNOWN_OUTCOME
from core.ports import ViewState
from core.steps.table_run import Evidence, TableRun

_TRIES = 3


async def create_view(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Create the table's view, or replace one that tableferry made for another contract.

    Raises ConflictError for a view that somebody else made.
    """
    view = run.table.view
    run.report("creating view")
    found = await _own_or_none(run)
    if not found.matches:
        await _make(run, found)
        await _require_columns(run)
    return {"view": view.name, "view_definition_hash": view.definition_hash, "view_created": not found.matches}


async def _make(run: TableRun, found: ViewState) -> None:
    """Create it; where the answer was lost, look whether it is there before asking again."""
    for tries_left in reversed(range(_TRIES)):
        try:
            await run.world.source.execute_ddl(run.table.view.create_sql(replace=found.exists))
        except UNKNOWN_OUTCOME:
            if not tries_left:
                raise
            found = await _own_or_none(run)
            if found.matches:
                return
        else:
            return


async def _own_or_none(run: TableRun) -> ViewState:
    view = run.table.view
    found = await run.world.source.view_state(view.name, view.definition_hash)
    if found.exists and not found.ours:
        raise ConflictError(
            f"The view {view.name} exists in {run.database} and was not made by tableferry.",
            remedy="Drop or rename it, then resume.",
            view=view.name,
        )
    return found


async def _require_columns(run: TableRun) -> None:
    view = run.table.view
    made = await run.world.source.view_state(view.name, view.definition_hash)
    expected = view.columns
    if not made.matches or made.columns[: len(expected)] != expected:
        raise ConflictError(
            f"The view {view.name} is not what was just created: somebody else changes it.",
            remedy="Make sure that one migration at a time uses this database, then resume.",
            expected=list(expected),
            actual=list(made.columns),
        )
