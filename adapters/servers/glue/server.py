"""The Glue server's tools."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server import MCPServer
from pydantic import Field

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call, aws_code, is_aws_failure
from adapters.servers.aws_identity import service_status
from adapters.servers.command_line import Transport, run
from adapters.servers.glue.jobs import (
    CreateAnswer,
    DeleteAnswer,
    Job,
    JobName,
    MaxCapacity,
    WantedJob,
    create_job,
    delete_job,
    get_job,
)
from adapters.servers.glue.logs import JobLogs, run_logs
from adapters.servers.glue.permissions import RoleRequirement, permission_report
from adapters.servers.glue.runs import JobRun, JobRuns, StartAnswer, StopAnswer, get_run, list_runs, start_run, stop_run
from adapters.servers.shapes import PermissionReport, ServiceStatus
from adapters.servers.tool_server import CREATE, READ, REPLACE, START, ToolServer

Arguments = Annotated[dict[str, str], Field(max_length=100, description="each name begins with --; never a secret")]
RoleArn = Annotated[str, Field(pattern=r"^arn:[\w-]+:iam::\d{12}:role/.+$", max_length=2048)]
RunId = Annotated[str, Field(min_length=1, max_length=255)]
ConnectionNames = Annotated[list[Annotated[str, Field(min_length=1, max_length=255)]], Field(max_length=10)]


def build_server() -> MCPServer[Any]:
    """The server; it starts without credentials, and a call without them fails with a typed error."""
    server = ToolServer(
        "glue", instructions="Creates, runs and watches a migration's load jobs in AWS Glue.", log_level="WARNING"
    )
    clients = AwsClients()
    _add_checks(server, clients)
    _add_jobs(server, clients)
    _add_runs(server, clients)
    return server


def main(transport: Transport = "stdio", host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until the client leaves."""
    run(build_server(), transport, host, port)


def _add_checks(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=READ)
    def glue_test_service() -> ServiceStatus:
        """Whether Glue answers, as whom, and whether it is the local imitation."""
        return service_status(clients, "glue", lambda: clients.glue, lambda: _probe(clients))

    @server.tool(annotations=READ)
    def glue_validate_permissions(
        role_arn: RoleArn,
        role_requirements: Annotated[list[RoleRequirement], Field(max_length=200)] = [],  # noqa: B006  # MCP clients see the default in the tool's schema
        connection_names: ConnectionNames = [],  # noqa: B006
    ) -> PermissionReport:
        """Whether the caller may drive load jobs, and whether the job's role can do its work."""
        return permission_report(clients, role_arn, role_requirements, connection_names)


def _add_jobs(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=CREATE)
    def glue_create_job(
        name: JobName,
        role_arn: RoleArn,
        script_location: Annotated[str, Field(pattern=r"^s3://[^/]+/.+$", max_length=2048)],
        default_arguments: Arguments = {},  # noqa: B006
        max_capacity: MaxCapacity = 1.0,
        timeout_minutes: Annotated[int, Field(ge=1, le=10_080)] = 2880,
        max_retries: Annotated[int, Field(ge=0, le=10)] = 0,
        max_concurrent_runs: Annotated[int, Field(ge=1, le=1000)] = 1,
        connections: ConnectionNames = [],  # noqa: B006
        description: Annotated[str, Field(max_length=2048)] = "",
        tags: Annotated[dict[str, str], Field(max_length=50)] = {},  # noqa: B006
    ) -> CreateAnswer:
        """Create a Python shell job; the same job that exists already is taken, another of its name is a conflict."""
        return create_job(
            clients,
            WantedJob(
                name=name,
                role_arn=role_arn,
                script_location=script_location,
                default_arguments=default_arguments,
                max_capacity=max_capacity,
                timeout_minutes=timeout_minutes,
                max_retries=max_retries,
                max_concurrent_runs=max_concurrent_runs,
                connections=connections,
                description=description,
                tags=tags,
            ),
        )

    @server.tool(annotations=READ)
    def glue_get_job(name: JobName) -> Job:
        """A job's definition."""
        return get_job(clients, name)

    @server.tool(annotations=REPLACE)
    def glue_delete_job(name: JobName) -> DeleteAnswer:
        """Delete a job; one that is not there is no error."""
        return delete_job(clients, name)


def _add_runs(server: ToolServer, clients: AwsClients) -> None:
    @server.tool(annotations=START)
    def glue_start_job_run(name: JobName, arguments: Arguments = {}) -> StartAnswer:  # noqa: B006
        """Start a run; its arguments go before the job's own."""
        return start_run(clients, name, arguments)

    @server.tool(annotations=READ)
    def glue_get_job_run(name: JobName, run_id: RunId) -> JobRun:
        """A run's state."""
        return get_run(clients, name, run_id)

    @server.tool(annotations=READ)
    def glue_list_job_runs(name: JobName, max_results: Annotated[int, Field(ge=1, le=1000)] = 50) -> JobRuns:
        """A job's runs, the newest first."""
        return list_runs(clients, name, max_results)

    @server.tool(annotations=READ)
    def glue_get_job_logs(
        name: JobName, run_id: RunId, max_lines: Annotated[int, Field(ge=1, le=2000)] = 100
    ) -> JobLogs:
        """The last lines that a run wrote to stdout and stderr."""
        return run_logs(clients, name, run_id, max_lines)

    @server.tool(annotations=REPLACE)
    def glue_stop_job_run(name: JobName, run_id: RunId) -> StopAnswer:
        """Tell a run to stop; one that is over already is no error."""
        return stop_run(clients, name, run_id)


def _probe(clients: AwsClients) -> dict[str, Any]:
    """Ask for a job that nobody has: it needs no other permission than migrations do."""
    try:
        answer: Any = clients.glue.get_job(JobName="tableferry-permission-check")
    except Exception as exc:
        if not is_aws_failure(exc) or aws_code(exc) != "EntityNotFoundException":
            with aws_call("the glue service"):
                raise
        answer = getattr(exc, "response", {})
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return {"imitation": "x-tableferry-imitation" in headers}
