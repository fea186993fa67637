"""`up`, `down` and `status` of the whole local runtime."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from adapters.local import runtime
from adapters.local.emulator import Emulator
from adapters.local.glue import Glue
from adapters.local.processes import Daemon, is_running, start_time, stop_daemon, wait_for
from adapters.local.runtime import Health
from core.errors import UnavailableError


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "local"
    runtime.down(tmp_path / "local")


def daemons(directory: Path) -> list[Daemon]:
    found = [Emulator(directory / "emulator").daemon, Glue(directory / "glue", "").daemon]
    return [daemon for daemon in found if daemon is not None]


def client(service: Any, env: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=env["AWS_ENDPOINT_URL_GLUE" if service == "glue" else "AWS_ENDPOINT_URL"],
        region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )


def test_a_directory_that_was_never_up_is_reported_as_stopped_and_not_made(directory: Path) -> None:
    for state in (runtime.status(directory), runtime.down(directory)):
        assert [part.health for part in state.parts] == [Health.STOPPED, Health.STOPPED]
        assert not state.is_up
        assert state.env == {}
    assert not directory.exists()


def test_up_twice_is_up_once_and_down_keeps_what_was_made(directory: Path) -> None:
    first = runtime.up(directory)
    assert first.is_up
    assert set(first.env) == {
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_GLUE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "TABLEFERRY_BUCKET",
        "TABLEFERRY_GLUE_ROLE_ARN",
    }
    assert runtime.up(directory) == first == runtime.status(directory)
    client("s3", first.env).put_object(Bucket=first.env["TABLEFERRY_BUCKET"], Key="kept", Body=b"x")
    down = runtime.down(directory)
    assert [part.health for part in down.parts] == [Health.STOPPED, Health.STOPPED]
    assert daemons(directory) == []
    again = runtime.up(directory)
    assert again.env == first.env
    assert client("s3", again.env).get_object(Bucket=again.env["TABLEFERRY_BUCKET"], Key="kept")["Body"].read() == b"x"


def test_the_environment_file_is_private_and_its_key_is_in_no_other_text(directory: Path) -> None:
    state = runtime.up(directory)
    assert stat.S_IMODE((directory / "env.json").stat().st_mode) == 0o600
    secret = state.env["AWS_SECRET_ACCESS_KEY"]
    assert secret not in repr(state)
    assert all(secret not in log.read_text() for log in directory.rglob("*.log"))


@pytest.mark.parametrize("part", [0, 1])
def test_up_starts_what_crashed_and_nothing_else(directory: Path, part: int) -> None:
    before = runtime.up(directory)
    crashed, other = daemons(directory)[part], daemons(directory)[1 - part]
    os.kill(crashed.pid, signal.SIGKILL)
    assert wait_for(lambda: not is_running(crashed), seconds=10)
    assert runtime.status(directory).parts[part].health is Health.STOPPED
    after = runtime.up(directory)
    assert after.is_up
    assert after.env["AWS_ENDPOINT_URL"] == before.env["AWS_ENDPOINT_URL"]
    assert is_running(other)
    assert client("sts", after.env).get_caller_identity()["Arn"].endswith(":user/tableferry")


def test_a_part_that_hangs_is_reported_and_replaced(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.up(directory)
    monkeypatch.setattr("adapters.local.part.HEALTH_SECONDS", 1.0)
    monkeypatch.setattr(Glue, "stop_seconds", 1.0)
    hanging = daemons(directory)[1]
    os.kill(hanging.pid, signal.SIGSTOP)
    assert runtime.status(directory).parts[1].health is Health.NOT_ANSWERING
    assert runtime.up(directory).is_up
    assert not is_running(hanging)


def test_an_up_that_fails_leaves_nothing_running(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulators: list[Daemon] = []

    def crashes(self: Glue, port: int) -> Any:
        emulators.extend(daemons(directory))
        return runtime_command(sys.executable, "-c", "raise SystemExit('cannot start')")

    monkeypatch.setattr(Glue, "command", crashes)
    with pytest.raises(UnavailableError, match="cannot start"):
        runtime.up(directory)
    assert len(emulators) == 1
    assert daemons(directory) == []
    assert not is_running(emulators[0])


def runtime_command(*arguments: str) -> Any:
    from adapters.local.part import Command

    return Command(arguments, {})


def test_the_user_may_do_what_the_servers_do_and_the_role_what_the_loader_does(directory: Path) -> None:
    env = runtime.up(directory).env
    iam = client("iam", env)

    def allowed(arn: str, action: str, resource: str = "*") -> bool:
        asked = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action], ResourceArns=[resource])
        return bool(asked["EvaluationResults"][0]["EvalDecision"] == "allowed")

    user = client("sts", env).get_caller_identity()["Arn"]
    role, bucket = env["TABLEFERRY_GLUE_ROLE_ARN"], f"arn:aws:s3:::{env['TABLEFERRY_BUCKET']}/x"
    for action in ("glue:CreateJob", "iam:PassRole", "dynamodb:CreateTable", "cloudwatch:GetMetricData"):
        assert allowed(user, action), action
    for action in (
        "dynamodb:BatchWriteItem",
        "dynamodb:PutItem",
        "dynamodb:GetItem",
        "secretsmanager:GetSecretValue",
        "glue:GetConnection",
        "logs:PutLogEvents",
    ):
        assert allowed(role, action), action
    assert allowed(role, "s3:PutObject", bucket)
    assert not allowed(role, "s3:PutObject", "arn:aws:s3:::another/x")
    assert not allowed(role, "dynamodb:DeleteTable")
    assert not allowed(user, "iam:CreateUser")


def test_the_parts_outlive_the_program_that_started_them(directory: Path) -> None:
    script = "import pathlib, sys; from adapters.local import runtime; runtime.up(pathlib.Path(sys.argv[1]))"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script, str(directory)], check=True, cwd=root, timeout=120)
    assert runtime.status(directory).is_up
    for daemon in daemons(directory):
        # A session of its own, and no child of anything of ours.
        assert os.getsid(daemon.pid) == daemon.pid
        parent = int(Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()[1])
        assert parent != os.getpid()


def test_a_process_that_got_a_recorded_pid_later_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "300"]) as bystander:
        try:
            recorded = Daemon(pid=bystander.pid, started="1", port=0)
            stop_daemon(recorded, grace_seconds=1)
            assert not is_running(recorded)
            assert start_time(bystander.pid)
        finally:
            bystander.kill()
