"""Jobs of the local Glue endpoint, as tests write them: a script as text, and the words it is called with."""

from __future__ import annotations

import secrets
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from adapters.local.glue import Glue
from adapters.local.processes import wait_for
from adapters.local.runtime import RuntimeState

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

# Variables that the shell of an endpoint has and that no job may see.
PLANTED = {"MYSQL_PWD", "TABLEFERRY_MYSQL_URL", "TABLEFERRY_LOCAL_GLUE_MINUTE_SECONDS"}
FINAL = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")


@dataclass(frozen=True)
class Workbench:
    """A Glue endpoint with the emulator's bucket and role."""

    glue: GlueClient
    runtime: RuntimeState

    def upload(self, content: str | bytes, key: str | None = None) -> str:
        key = key or f"{secrets.token_hex(4)}/main.py"
        body = textwrap.dedent(content).encode() if isinstance(content, str) else content
        bucket = self.runtime.env["TABLEFERRY_BUCKET"]
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def definition(self, script: str = "print('done')", **changes: Any) -> dict[str, Any]:
        command = {"Name": "pythonshell", "ScriptLocation": self.upload(script), "PythonVersion": "3.9"}
        role = self.runtime.env["TABLEFERRY_GLUE_ROLE_ARN"]
        return {"Name": f"job-{secrets.token_hex(4)}", "Role": role, "Command": command, **changes}

    def job(self, script: str = "print('done')", **changes: Any) -> str:
        return self.glue.create_job(**self.definition(script, **changes))["Name"]

    def start(self, job: str, **settings: Any) -> str:
        return self.glue.start_job_run(JobName=job, **settings)["JobRunId"]

    def run(self, job: str, run_id: str) -> Any:
        return self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]

    def state(self, job: str, run_id: str) -> str:
        return str(self.run(job, run_id)["JobRunState"])

    def reaches(self, job: str, run_id: str, *states: str) -> Any:
        """The run as soon as it is in one of these states; fails when it ends otherwise."""
        wait_for(lambda: self.state(job, run_id) in (*states, *FINAL), seconds=60)
        run = self.run(job, run_id)
        assert run["JobRunState"] in states, run
        return run

    def ended(self, job: str, run_id: str) -> Any:
        return self.reaches(job, run_id, *FINAL)

    def result(self, script: str, *, arguments: dict[str, str] | None = None, **changes: Any) -> Any:
        """Create a job of this script, run it, and answer the run when it has ended."""
        job = self.job(script, **changes)
        return self.ended(job, self.start(job, Arguments=arguments or {}))

    def printed(self, run_id: str, *, kind: str = "output") -> list[str]:
        group = f"/aws-glue/python-jobs/{kind}"
        events = boto3.client("logs").get_log_events(logGroupName=group, logStreamName=run_id, startFromHead=True)
        return [event["message"] for event in events["events"]]

    def prints(self, run_id: str, line: str) -> bool:
        """Whether this line reaches CloudWatch within a while."""

        def is_there() -> bool:
            try:
                return line in self.printed(run_id)
            except ClientError:  # no log stream yet
                return False

        return wait_for(is_there, seconds=20)

    def directory(self, run_id: str) -> Path:
        return self.runtime.directory / "glue" / "runs" / run_id


@pytest.fixture
def bench(aws_env: RuntimeState) -> Workbench:
    return Workbench(boto3.client("glue"), aws_env)


@pytest.fixture
def own_glue(aws_env: RuntimeState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Glue]:
    """A Glue endpoint of the test's own, beside the shared emulator; a minute of a Timeout is a second."""
    for name in PLANTED:
        monkeypatch.setenv(name, "1")
    with Glue(tmp_path / "glue", aws_env.env["AWS_ENDPOINT_URL"]) as part:
        yield part


@pytest.fixture
def own_bench(own_glue: Glue, aws_env: RuntimeState) -> Workbench:
    return Workbench(boto3.client("glue", endpoint_url=own_glue.url), aws_env)
