"""create_view: the view exists, is ours, has the columns that the plan counts on, and gives each row its own key."""

from __future__ import annotations

from typing import Any

from core.contract.problems import shown
from core.errors import ConflictError, ValidationFailedError
from core.steps.table_run import Evidence, TableRun


async def create_view(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Create the table's view, or replace one that tableferry made for another contract.

    Raises ConflictError for a view that somebody else made, ValidationFailedError when rows share a key.
    """
    view = run.table.view
    source = run.world.source
    run.report("creating view")
    found = await source.view_state(view.name, view.definition_hash)
    if found.exists and not found.ours:
        raise ConflictError(
            f"The view {view.name} exists in {run.database} and was not made by tableferry.",
            remedy="Drop or rename it, then resume.",
            view=view.name,
        )
    if not found.matches:
        await source.execute_ddl(view.create_sql(replace=found.exists))
        await _require_columns(run)
    await _require_own_keys(run)
    return {"view": view.name, "view_definition_hash": view.definition_hash, "view_created": not found.matches}


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


async def _require_own_keys(run: TableRun) -> None:
    if run.table.collision_sql is None:
        return
    run.report("looking for rows that share a key")
    found = await run.world.source.query(run.table.collision_sql, timeout_seconds=3_600)
    if not found.rows:
        return
    keys = [dict(zip(found.columns, (_text(c) for c in row), strict=True)) for row in found.rows]
    named = "; ".join(
        ", ".join(f"{k}={shown(v)}" for k, v in key.items() if k != "n") + f" ({key['n']} rows)" for key in keys
    )
    raise ValidationFailedError(
        f"Several rows of {run.table.view.name} have the same key and would overwrite each other: {named}.",
        remedy="Choose a key that tells these rows apart, or repair them at the source. Nothing was written.",
        collisions=keys,
    )


def _text(cell: str | bytes | None) -> str:
    return cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else str(cell)
