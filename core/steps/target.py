"""create_table: the target table is ACTIVE, as the contract wants it, and empty unless that was waived."""

from __future__ import annotations

from typing import Any

from core.errors import ConflictError
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
