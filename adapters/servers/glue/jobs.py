"""Load jobs: always Python shell jobs on Python 3.9, the newest that Glue's Python shell has.

Source: https://docs.aws.amazon.com/glue/latest/dg/add-job-python.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.shapes import Difference
from core.errors import AlreadyExistsError, ConflictError, NotFoundError

JobName = Annotated[str, Field(min_length=1, max_length=255)]


def _shell_capacity(units: float) -> float:
    if units not in (0.0625, 1.0):
        raise ValueError("a Python shell job has 0.0625 or 1.0 DPU")
    return units


MaxCapacity = Annotated[float, AfterValidator(_shell_capacity), Field(description="DPUs: 0.0625 or 1.0")]
_COMMAND = {"Name": "pythonshell", "PythonVersion": "3.9"}


class Job(BaseModel):
    """A job as it is defined in Glue."""

    name: str
    role_arn: str
    script_location: str
    default_arguments: dict[str, str]
    max_capacity: float | None
    timeout_minutes: int | None
    max_retries: int
    max_concurrent_runs: int
    connections: list[str]
    description: str
    command: str
    python_version: str | None


class WantedJob(BaseModel):
    """A job as a migration wants it."""

    name: str
    role_arn: str
    script_location: str
    default_arguments: dict[str, str]
    max_capacity: MaxCapacity
    timeout_minutes: int
    max_retries: int
    max_concurrent_runs: int
    connections: list[str]
    description: str
    tags: dict[str, str]


class CreateAnswer(BaseModel):
    """`created` is false when the same job was there already."""

    name: str
    created: bool


class DeleteAnswer(BaseModel):
    """`deleted` is false when there was no such job."""

    name: str
    deleted: bool


def create_job(clients: AwsClients, wanted: WantedJob) -> CreateAnswer:
    """Create the job, or take the same one. Raises ConflictError for another job of this name."""
    try:
        present = get_job(clients, wanted.name)
    except NotFoundError:
        return _create(clients, wanted)
    _require_same(wanted, present)
    return CreateAnswer(name=wanted.name, created=False)


def get_job(clients: AwsClients, name: str) -> Job:
    """The job. Raises NotFoundError."""
    with aws_call(_where(name)):
        return _job(clients.glue.get_job(JobName=name)["Job"])


def delete_job(clients: AwsClients, name: str) -> DeleteAnswer:
    """Delete the job; AWS does not say whether there was one, so it is looked at first."""
    try:
        get_job(clients, name)
    except NotFoundError:
        return DeleteAnswer(name=name, deleted=False)
    with aws_call(_where(name)):
        clients.glue.delete_job(JobName=name)
    return DeleteAnswer(name=name, deleted=True)


def _create(clients: AwsClients, wanted: WantedJob) -> CreateAnswer:
    request: dict[str, Any] = {
        "Name": wanted.name,
        "Role": wanted.role_arn,
        "Command": {**_COMMAND, "ScriptLocation": wanted.script_location},
        "DefaultArguments": wanted.default_arguments,
        "MaxCapacity": wanted.max_capacity,
        "Timeout": wanted.timeout_minutes,
        "MaxRetries": wanted.max_retries,
        "ExecutionProperty": {"MaxConcurrentRuns": wanted.max_concurrent_runs},
        "Description": wanted.description,
        "Tags": wanted.tags,
    }
    if wanted.connections:
        request["Connections"] = {"Connections": wanted.connections}
    try:
        with aws_call(_where(wanted.name)):
            clients.glue.create_job(**request)
    except AlreadyExistsError:
        # A retry of ours, or somebody else, was faster.
        _require_same(wanted, get_job(clients, wanted.name))
        return CreateAnswer(name=wanted.name, created=False)
    return CreateAnswer(name=wanted.name, created=True)


def _require_same(wanted: WantedJob, present: Job) -> None:
    want = {**wanted.model_dump(exclude={"tags", "description"}), "connections": sorted(wanted.connections)}
    want |= {"command": _COMMAND["Name"], "python_version": _COMMAND["PythonVersion"]}
    have = {**present.model_dump(), "connections": sorted(present.connections)}
    differences = [
        Difference(property=name, expected=value, actual=have[name])
        for name, value in want.items()
        if have[name] != value and not (name == "role_arn" and _same_role(value, have[name]))
    ]
    if differences:
        raise ConflictError(
            f"{_where(wanted.name)} exists and differs in {', '.join(d.property for d in differences)}.",
            remedy="Delete the job, or choose another name.",
            differences=[d.model_dump() for d in differences],
        )


def _same_role(wanted: str, present: str) -> bool:
    # Glue takes a role by its bare name too, and then answers with that name.
    return "/" not in present and wanted.rpartition("/")[2] == present


def _job(job: Mapping[str, Any]) -> Job:
    command = job.get("Command") or {}
    return Job(
        name=job["Name"],
        role_arn=job.get("Role", ""),
        script_location=command.get("ScriptLocation", ""),
        default_arguments=job.get("DefaultArguments") or {},
        max_capacity=job.get("MaxCapacity"),
        timeout_minutes=job.get("Timeout"),
        max_retries=job.get("MaxRetries", 0),
        max_concurrent_runs=(job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1),
        connections=(job.get("Connections") or {}).get("Connections") or [],
        description=job.get("Description", ""),
        command=command.get("Name", ""),
        python_version=command.get("PythonVersion"),
    )


def _where(name: str) -> str:
    return f"Glue job {name}"
