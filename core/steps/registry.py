"""Which step makes which transition."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from core.lifecycle import Trigger
from core.steps.job import create_job
from core.steps.load import finish_load, start_load
from core.steps.position import VALIDATION_BEGAN_AT, VALIDATION_ENDED_AT, source_position
from core.steps.retry_rejects import restart_load
from core.steps.table_run import Evidence, TableRun
from core.steps.target import create_table
from core.steps.validation import finish_validation
from core.steps.view import create_view

Step = Callable[[TableRun, Evidence, Evidence], Awaitable[dict[str, Any]]]


async def start_validation(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """Nothing changes in the world: the state itself says that loading is over and comparing has begun."""
    now = run.world.clock.now().isoformat()
    return {"validation_started_at": now, VALIDATION_BEGAN_AT: await source_position(run), VALIDATION_ENDED_AT: None}


async def positioned_validation(run: TableRun, intent: Evidence, evidence: Evidence) -> dict[str, Any]:
    """The comparison, and where the source stood when it was over."""
    found = await finish_validation(run, intent, evidence)
    return {**found, VALIDATION_ENDED_AT: await source_position(run)}


STEPS: Final[Mapping[Trigger, Step]] = {
    Trigger.CREATE_VIEW: create_view,
    Trigger.CREATE_TABLE: create_table,
    Trigger.CREATE_JOB: create_job,
    Trigger.START_LOAD: start_load,
    Trigger.RESTART_LOAD: restart_load,
    Trigger.FINISH_LOAD: finish_load,
    Trigger.START_VALIDATION: start_validation,
    Trigger.FINISH_VALIDATION: positioned_validation,
}
