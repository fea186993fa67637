"""create_table: the target table is ACTIVE, as the contract wants it, and empty unless that was waived."""

from __future__ import annotations

from typing import Any

from core.errors import ConflictError, StateError
from core.steps.table_run import Evidence, TableRun


async def create_table(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Create the target table, or take one that matches.

    Raises ConflictError when a table of this name differs, or holds items and `into_nonempty` was not asked for.
    """
    target = run.table.target
    run.report("creating table")
    definition = target.to_wire()
    made = await run.world.targets.create(definition | {"tags": {**definition["tags"], **run.tags}})
    if not made.created and not run.options.into_nonempty and not await run.world.targets.is_empty(target.table_name):
        raise ConflictError(
            f"The table {target.table_name} exists and holds items already.",
            remedy="Resume the migration that wrote them, choose a --table-prefix, or allow it with --into-nonempty.",
            table=target.table_name,
        )
    return {
        "target_table": target.table_name,
        "table_arn": made.arn,
        "table_id": made.table_id,
        "table_created": made.created,
    }


async def require_target(run: TableRun, evidence: Evidence) -> dict[str, Any]:
    """Make sure that the table which the migration began with is still there; one that holds nothing is made again.

    Raises StateError when it was deleted or replaced after chunks had been loaded into it.
    """
    there = await run.world.targets.find(run.table.target.table_name)
    if there is not None and there.table_id == evidence.get("table_id", there.table_id):
        return {}
    if await has_results(run):
        raise _gone(run, "deleted" if there is None else "replaced by another of its name")
    return await create_table(run, {}, evidence)


async def has_results(run: TableRun) -> bool:
    """Whether any chunk of the table was loaded."""
    return await run.world.objects.first(f"{run.prefix}results/") is not None


def _gone(run: TableRun, how: str) -> StateError:
    table = run.table.target.table_name
    return StateError(
        f"The table {table} was {how} after a part of its items had been loaded; they are gone.",
        remedy="Start another migration with `tableferry run --new`, which loads everything.",
        table=table,
    )
