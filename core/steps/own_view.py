"""Whether the view is still this migration's own: another contract's run may have replaced it."""

from __future__ import annotations

from core.errors import ConflictError
from core.steps.table_run import TableRun


async def require_own_view(run: TableRun) -> None:
    """Raises ConflictError when the view is gone, or is another one than the table was begun with."""
    view = run.table.view
    found = await run.world.source.view_state(view.name, view.definition_hash)
    if not found.matches:
        raise ConflictError(
            f"The view {view.name} is no longer the one that this migration made; another run replaced or dropped it.",
            remedy="What was loaded through it cannot be trusted. Empty the target table and start a new migration, "
            "one contract at a time in this database.",
            view=view.name,
        )
