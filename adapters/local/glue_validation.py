"""What real Glue refuses in a job definition, refused here as well: green here must not be red there.

Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html and its Job structure.
"""

from __future__ import annotations

import re
from typing import Any

from adapters.local.glue_errors import invalid_input
from adapters.local.glue_requests import Json

COMMANDS = ("pythonshell", "glueetl", "gluestreaming", "glueray")
CAPACITIES = (0.0625, 1.0)
PYTHON_VERSIONS = ("3", "3.9")
GLUE_VERSIONS = ("0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1")
# "Jobs must have timeout values less than 7 days or 10080 minutes."
MOST_TIMEOUT_MINUTES = 10_080
MOST_RETRIES = 10
MOST_CONCURRENT_RUNS = 1_000

_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_S3_URI = re.compile(r"s3a?://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+")


def check_name(name: Any) -> str:
    """A single-line text of 1 to 255 characters."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid_input("Name must be 1 to 255 characters on one line.")
    return name


def check_job(job: Json) -> None:
    """Refuse a definition (the fields of CreateJob without Name and Tags) that Glue refuses or that is not run here."""
    if not job.get("Role"):
        raise invalid_input("Role is missing.")
    _check_command(job.get("Command"))
    if "WorkerType" in job or "NumberOfWorkers" in job:
        raise invalid_input("Worker Type is not supported for Job Command pythonshell.")
    if job.get("GlueVersion", "3.0") not in GLUE_VERSIONS:
        raise invalid_input(f"Glue version {job['GlueVersion']} is not supported.")
    _check_number(job, "MaxRetries", 0, MOST_RETRIES)
    _check_number(job.get("ExecutionProperty") or {}, "MaxConcurrentRuns", 1, MOST_CONCURRENT_RUNS)
    for name in ("DefaultArguments", "NonOverridableArguments"):
        check_arguments(job.get(name) or {})
    check_run_settings(job)


def check_run_settings(settings: Json) -> None:
    """Refuse what a job and a run may both set: capacity and timeout."""
    if "MaxCapacity" in settings and settings["MaxCapacity"] not in CAPACITIES:
        raise invalid_input("Max capacity must be 0.0625 or 1.0 for Job Command pythonshell.")
    _check_number(settings, "Timeout", 1, MOST_TIMEOUT_MINUTES)


def check_arguments(arguments: Any) -> None:
    """Arguments are texts by name."""
    if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
        raise invalid_input("Arguments must be texts by name.")


def _check_command(command: Any) -> None:
    if not isinstance(command, dict) or command.get("Name") not in COMMANDS:
        raise invalid_input(f"Command.Name must be one of {', '.join(COMMANDS)}.")
    if command["Name"] != "pythonshell":
        raise invalid_input(f"tableferry's local imitation of Glue runs pythonshell jobs only, not {command['Name']}.")
    if not _S3_URI.fullmatch(str(command.get("ScriptLocation", ""))):
        raise invalid_input("Command.ScriptLocation must be an S3 location such as s3://bucket/key.py.")
    if command.get("PythonVersion", "3.9") not in PYTHON_VERSIONS:
        raise invalid_input("PythonVersion must be 3 or 3.9 for Job Command pythonshell.")


def _check_number(values: Json, name: str, least: int, most: int) -> None:
    value = values.get(name, least)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise invalid_input(f"{name} must be a whole number from {least} to {most}.")
