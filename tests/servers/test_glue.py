"""Load jobs at the local runtime's imitation of Glue."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.local.runtime import RuntimeState
from adapters.servers.aws_clients import AwsClients
from tests.servers.conftest import Caller

pytestmark = pytest.mark.aws

GLUE_MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def job(runtime: RuntimeState) -> dict[str, Any]:
    name = f"job-{secrets.token_hex(5)}"
    return {
        "name": name,
        "role_arn": runtime.env["TABLEFERRY_GLUE_ROLE_ARN"],
        "script_location": f"s3://{runtime.env['TABLEFERRY_BUCKET']}/scripts/{name}.py",
        "default_arguments": {"--plan": "s3://b/plan.json"},
        "max_capacity": 0.0625,
        "timeout_minutes": 60,
        "max_retries": 0,
        "max_concurrent_runs": 1,
        "description": "a test",
        "tags": {"tableferry": "m1"},
    }


def script(job: dict[str, Any], text: str) -> None:
    bucket, _, key = job["script_location"].removeprefix("s3://").partition("/")
    AwsClients().s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def wait_for(jobs: Caller, job: str, run_id: str, *states: str) -> dict[str, Any]:
    """The run, once it is in one of the states; at most a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = jobs.answer("glue_get_job_run", name=job, run_id=run_id)
        if run["state"] in states:
            return run
    raise AssertionError(f"the run is still {run['state']}: {run}")


def test_a_job_is_created_once(jobs: Caller, job: dict[str, Any]) -> None:
    assert jobs.answer("glue_create_job", **job) == {"name": job["name"], "created": True}
    assert jobs.answer("glue_create_job", **job) == {"name": job["name"], "created": False}
    found = jobs.answer("glue_get_job", name=job["name"])
    assert {key: found[key] for key in job if key != "tags"} == {k: v for k, v in job.items() if k != "tags"}
    assert (found["command"], found["python_version"]) == ("pythonshell", "3.9")


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("max_capacity", 1.0),
        ("timeout_minutes", 61),
        ("max_retries", 1),
        ("max_concurrent_runs", 2),
        ("default_arguments", {"--plan": "s3://b/other.json"}),
        ("script_location", "s3://tableferry-local/other.py"),
        ("role_arn", "arn:aws:iam::000000000000:role/other"),
    ],
)
def test_another_job_of_the_name_is_a_conflict(jobs: Caller, job: dict[str, Any], changed: str, value: Any) -> None:
    jobs.answer("glue_create_job", **job)
    refusal = jobs.refusal("glue_create_job", **(job | {changed: value}))
    assert refusal["code"] == "conflict"
    assert refusal["facts"]["differences"] == [{"property": changed, "expected": value, "actual": job[changed]}]


def test_deleting_a_job_is_idempotent(jobs: Caller, job: dict[str, Any]) -> None:
    jobs.answer("glue_create_job", **job)
    assert jobs.answer("glue_delete_job", name=job["name"])["deleted"] is True
    assert jobs.answer("glue_delete_job", name=job["name"])["deleted"] is False
    assert jobs.refusal("glue_get_job", name=job["name"])["code"] == "not_found"


def test_a_run_goes_from_start_to_its_logs(jobs: Caller, job: dict[str, Any]) -> None:
    script(job, "import sys\nfor i in range(5): print('line', i)\nprint('oops', file=sys.stderr)\n")
    jobs.answer("glue_create_job", **job)
    run_id = jobs.answer("glue_start_job_run", name=job["name"], arguments={"--chunks": "1-2"})["run_id"]
    run = wait_for(jobs, job["name"], run_id, "SUCCEEDED", "FAILED")
    assert (run["state"], run["error_message"], run["arguments"]["--chunks"]) == ("SUCCEEDED", None, "1-2")
    assert run["started_at"] <= run["completed_at"]

    logs = jobs.answer("glue_get_job_logs", name=job["name"], run_id=run_id)
    assert [line["message"] for line in logs["lines"] if line["stream"] == "output"] == [f"line {i}" for i in range(5)]
    assert [line["message"] for line in logs["lines"] if line["stream"] == "error"] == ["oops"]
    assert [line["timestamp"] for line in logs["lines"]] == sorted(line["timestamp"] for line in logs["lines"])
    assert logs["truncated"] is False
    last = jobs.answer("glue_get_job_logs", name=job["name"], run_id=run_id, max_lines=2)
    assert (last["lines"], last["truncated"]) == (logs["lines"][-2:], True)

    again = jobs.answer("glue_start_job_run", name=job["name"])["run_id"]
    wait_for(jobs, job["name"], again, "SUCCEEDED")
    runs = jobs.answer("glue_list_job_runs", name=job["name"])["runs"]
    assert [r["run_id"] for r in runs] == [again, run_id]
    assert len(jobs.answer("glue_list_job_runs", name=job["name"], max_results=1)["runs"]) == 1


def test_a_script_that_fails_is_a_failed_run(jobs: Caller, job: dict[str, Any]) -> None:
    script(job, "raise SystemExit('the reason')\n")
    jobs.answer("glue_create_job", **job)
    run_id = jobs.answer("glue_start_job_run", name=job["name"])["run_id"]
    run = wait_for(jobs, job["name"], run_id, "SUCCEEDED", "FAILED")
    assert run["state"] == "FAILED"
    assert "the reason" in run["error_message"]


def test_a_running_run_is_stopped_and_a_second_stop_is_no_error(jobs: Caller, job: dict[str, Any]) -> None:
    script(job, "import time\nprint('up', flush=True)\ntime.sleep(120)\n")
    jobs.answer("glue_create_job", **job)
    run_id = jobs.answer("glue_start_job_run", name=job["name"])["run_id"]
    wait_for(jobs, job["name"], run_id, "RUNNING")
    refusal = jobs.refusal("glue_start_job_run", name=job["name"])
    assert (refusal["code"], refusal["facts"]["aws_code"]) == ("conflict", "ConcurrentRunsExceededException")
    assert jobs.answer("glue_stop_job_run", name=job["name"], run_id=run_id)["state"] in ("STOPPING", "STOPPED")
    wait_for(jobs, job["name"], run_id, "STOPPED")
    assert jobs.answer("glue_stop_job_run", name=job["name"], run_id=run_id)["state"] == "STOPPED"


def test_what_is_not_there_is_not_found(jobs: Caller, job: dict[str, Any]) -> None:
    assert jobs.refusal("glue_start_job_run", name="nowhere")["code"] == "not_found"
    jobs.answer("glue_create_job", **job)
    run = {"name": job["name"], "run_id": "jr_" + "0" * 64}
    for tool in ("glue_get_job_run", "glue_stop_job_run", "glue_get_job_logs"):
        assert jobs.refusal(tool, **run)["code"] == "not_found"


@pytest.mark.parametrize(
    "change",
    [
        {"max_capacity": 2.0},
        {"timeout_minutes": 0},
        {"role_arn": "role"},
        {"script_location": "/tmp/x.py"},
        {"default_arguments": {"--a": 1}},
        {"name": ""},
    ],
)
def test_a_job_that_glue_would_not_take_is_refused(jobs: Caller, job: dict[str, Any], change: dict[str, Any]) -> None:
    assert jobs.refusal("glue_create_job", **(job | change))["code"] == "invalid_request"


def test_the_local_imitation_is_called_so(jobs: Caller) -> None:
    status = jobs.answer("glue_test_service")
    assert (status["operational"], status["details"]["imitation"]) == (True, True)


@pytest.fixture
def role(aws_env: RuntimeState) -> Iterator[str]:
    name = f"role-{secrets.token_hex(4)}"
    iam = AwsClients().iam
    yield iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(GLUE_MAY))["Role"]["Arn"]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_role(RoleName=name)


WRITE = {"action": "dynamodb:BatchWriteItem", "resource": "arn:aws:dynamodb:us-east-1:000000000000:table/orders"}


def verdicts(jobs: Caller, role: str, **arguments: Any) -> dict[str, tuple[str, str]]:
    report = jobs.answer("glue_validate_permissions", role_arn=role, **arguments)
    assert report["ready"] == all(p["verdict"] != "denied" for p in report["permissions"])
    return {p["action"]: (p["verdict"], p["reason"]) for p in report["permissions"]}


def test_a_role_is_judged_by_its_policies(jobs: Caller, role: str) -> None:
    name = role.rpartition("/")[2]
    assert verdicts(jobs, role, role_requirements=[WRITE])["dynamodb:BatchWriteItem"][0] == "denied"
    statement = {"Effect": "Allow", "Action": WRITE["action"], "Resource": WRITE["resource"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    AwsClients().iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    found = verdicts(jobs, role, role_requirements=[WRITE])
    assert (found["dynamodb:BatchWriteItem"][0], found["sts:AssumeRole"][0]) == ("allowed", "allowed")
    assert (found["iam:PassRole"][0], found["glue:StartJobRun"][0]) == ("allowed", "allowed")


def test_a_managed_policy_that_iam_does_not_know_makes_it_unverified(jobs: Caller, role: str) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    AwsClients().iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=arn)
    verdict, reason = verdicts(jobs, role, role_requirements=[WRITE])["dynamodb:BatchWriteItem"]
    assert verdict == "unverified"
    assert arn in reason


def test_a_role_that_is_not_there_is_denied(jobs: Caller) -> None:
    found = verdicts(jobs, "arn:aws:iam::000000000000:role/nobody", role_requirements=[WRITE])
    assert found["sts:AssumeRole"] == ("denied", "the role does not exist")
    assert "dynamodb:BatchWriteItem" not in found


def test_a_role_that_does_not_trust_glue_is_denied(jobs: Caller, role: str) -> None:
    trust = json.dumps(GLUE_MAY).replace("glue.amazonaws.com", "ec2.amazonaws.com")
    AwsClients().iam.update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=trust)
    verdict, reason = verdicts(jobs, role)["sts:AssumeRole"]
    assert verdict == "denied"
    assert "trust policy" in reason


def test_a_connection_must_exist(jobs: Caller, role: str) -> None:
    found = verdicts(jobs, role, connection_names=["nowhere"])
    assert found["glue:GetConnection"] == ("denied", "the connection does not exist")


def test_the_accounts_root_user_is_allowed(jobs: Caller, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    found = verdicts(jobs, role)
    assert "root" in found["glue:StartJobRun"][1]
    assert found["glue:StartJobRun"][0] == "allowed"
