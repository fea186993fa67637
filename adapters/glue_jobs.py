"""`LoadJobs` through the glue server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.mcp_hub import McpHub
from adapters.wire import permissions_from_wire, status_from_wire
from core.errors import NotFoundError
from core.ports import JobDefinition, JobRun, PermissionReport, ServiceStatus


@dataclass(frozen=True)
class GlueJobs:
    """Glue behind the server in the role `glue`."""

    hub: McpHub

    async def status(self) -> ServiceStatus:
        return status_from_wire(await self.hub.call("glue", "glue_test_service"))

    async def permissions(
        self, role_arn: str, requirements: Sequence[tuple[str, str]], connections: Sequence[str]
    ) -> PermissionReport:
        arguments = {
            "role_arn": role_arn,
            "role_requirements": [{"action": a, "resource": r} for a, r in requirements],
            "connection_names": list(connections),
        }
        return permissions_from_wire(await self.hub.call("glue", "glue_validate_permissions", arguments))

    async def create_job(self, job: JobDefinition) -> bool:
        arguments = {
            "name": job.name,
            "role_arn": job.role_arn,
            "script_location": job.script_location,
            "default_arguments": job.default_arguments,
            "max_capacity": job.max_capacity,
            "timeout_minutes": job.timeout_minutes,
            "max_retries": job.max_retries,
            "max_concurrent_runs": 1,
            "connections": list(job.connections),
            "description": job.description,
            "tags": job.tags,
        }
        return bool((await self.hub.call("glue", "glue_create_job", arguments))["created"])

    async def start_run(self, job: str, arguments: dict[str, str]) -> str:
        # Not repeatable: a second start could be a second run. A resume finds the first by its token.
        started = await self.hub.call(
            "glue", "glue_start_job_run", {"name": job, "arguments": arguments}, repeatable=False
        )
        return str(started["run_id"])

    async def run(self, job: str, run_id: str) -> JobRun:
        return _run(await self.hub.call("glue", "glue_get_job_run", {"name": job, "run_id": run_id}))

    async def runs(self, job: str) -> list[JobRun]:
        found = await self.hub.call("glue", "glue_list_job_runs", {"name": job, "max_results": 100})
        return [_run(r) for r in found["runs"]]

    async def logs(self, job: str, run_id: str, max_lines: int = 50) -> list[str]:
        arguments = {"name": job, "run_id": run_id, "max_lines": max_lines}
        found = await self.hub.call("glue", "glue_get_job_logs", arguments)
        return [str(line["message"]) for line in found["lines"]]

    async def stop_run(self, job: str, run_id: str) -> None:
        await self.hub.call("glue", "glue_stop_job_run", {"name": job, "run_id": run_id})

    async def exists(self, job: str) -> bool:
        try:
            await self.hub.call("glue", "glue_get_job", {"name": job})
        except NotFoundError:
            return False
        return True

    async def delete_job(self, job: str) -> bool:
        return bool((await self.hub.call("glue", "glue_delete_job", {"name": job}))["deleted"])


def _run(wire: Mapping[str, Any]) -> JobRun:
    return JobRun(
        run_id=wire["run_id"],
        state=wire["state"],
        arguments=dict(wire.get("arguments") or {}),
        started_at=wire.get("started_at"),
        completed_at=wire.get("completed_at"),
        execution_seconds=wire.get("execution_seconds"),
        error_message=wire.get("error_message"),
        attempt=wire.get("attempt") or 0,
    )
