"""The source's position as evidence; a source that will not tell it is no reason to stop."""

from __future__ import annotations

from typing import Any, Final

from core.errors import TableferryError
from core.source_position import SourcePosition
from core.steps.table_run import TableRun

# The evidence's names, in the order in which a table comes by them.
JOB_CREATED_AT: Final = "job_created_at_position"
LOAD_BEGAN_AT: Final = "load_began_at_position"
LOAD_ENDED_AT: Final = "load_ended_at_position"
VALIDATION_BEGAN_AT: Final = "validation_began_at_position"
VALIDATION_ENDED_AT: Final = "validation_ended_at_position"


async def source_position(run: TableRun) -> dict[str, Any]:
    """Where the source stands now, as JSON data (`SourcePosition.to_record`)."""
    try:
        return (await run.world.source.position()).to_record()
    except TableferryError as error:
        # A mysql server of the user's own may lack the tool.
        return SourcePosition(None, reason=error.message).to_record()
