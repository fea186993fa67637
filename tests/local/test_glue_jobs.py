"""Definitions and connections: what the local Glue endpoint keeps, and what it refuses because Glue does."""

from __future__ import annotations

import json
import secrets
import stat
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import Workbench


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def connection(name: str) -> Any:
    properties = {"JDBC_CONNECTION_URL": "jdbc:mysql://h:3306/d", "USERNAME": "u", "PASSWORD": "hunter2-secret"}
    return {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": properties}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Command": {"Name": "bogus", "ScriptLocation": "s3://bucket/x.py"}}, "Command.Name"),
        ({"Command": {"Name": "glueetl", "ScriptLocation": "s3://bucket/x.py"}}, "pythonshell jobs only, not glueetl"),
        ({"Command": {"Name": "gluestreaming", "ScriptLocation": "s3://bucket/x.py"}}, "pythonshell jobs only"),
        ({"Command": {"Name": "pythonshell"}}, "ScriptLocation"),
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "/tmp/x.py"}}, "ScriptLocation"),
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "s3://bucket/x.py", "PythonVersion": "3.7"}}, "Python"),
        ({"WorkerType": "G.1X", "NumberOfWorkers": 2}, "Worker Type is not supported for Job Command pythonshell"),
        ({"MaxCapacity": 3.0}, "0.0625 or 1.0"),
        ({"Timeout": 10_081}, "Timeout"),
        ({"MaxRetries": 11}, "MaxRetries"),
        ({"ExecutionProperty": {"MaxConcurrentRuns": 0}}, "MaxConcurrentRuns"),
        ({"GlueVersion": "9.9"}, "9.9"),
        ({"Name": "two\nlines"}, "Name"),
        ({"Role": "arn:aws:iam::000000000000:role/not-there"}, "there is no such role"),
    ],
)
def test_what_glue_refuses_is_refused(bench: Workbench, changes: dict[str, Any], says: str) -> None:
    definition = bench.definition(**changes)
    with pytest.raises(ClientError) as error:
        bench.glue.create_job(**definition)
    code, message = refusal(error)
    assert code == "InvalidInputException"
    assert says in message
    assert definition["Name"] not in bench.glue.list_jobs()["JobNames"]


def test_a_role_that_does_not_trust_glue_is_refused(bench: Workbench) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = boto3.client("iam").create_role(RoleName=f"role-{secrets.token_hex(4)}", AssumeRolePolicyDocument=document)[
        "Role"
    ]
    with pytest.raises(ClientError, match=r"does not trust glue\.amazonaws\.com"):
        bench.glue.create_job(**bench.definition(Role=role["Arn"]))


def test_a_job_is_kept_as_it_was_created_until_it_is_deleted(bench: Workbench) -> None:
    definition = bench.definition(
        Description="d", DefaultArguments={"--a": "1"}, MaxCapacity=1.0, Timeout=5, MaxRetries=1, Tags={"team": "data"}
    )
    name = bench.glue.create_job(**definition)["Name"]
    job: Any = bench.glue.get_job(JobName=name)["Job"]
    assert {key: job[key] for key in definition if key != "Tags"} == {
        key: value for key, value in definition.items() if key != "Tags"
    }
    arn = f"arn:aws:glue:us-east-1:000000000000:job/{name}"
    bench.glue.tag_resource(ResourceArn=arn, TagsToAdd={"more": "x"})
    assert bench.glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data", "more": "x"}
    assert bench.glue.list_jobs(Tags={"team": "data", "more": "x"})["JobNames"] == [name]
    with pytest.raises(bench.glue.exceptions.AlreadyExistsException):
        bench.glue.create_job(**definition)
    bench.glue.delete_job(JobName=name)
    bench.glue.delete_job(JobName=name)
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException):
        bench.glue.get_job(JobName=name)


def test_update_replaces_the_whole_definition_and_is_checked(bench: Workbench) -> None:
    definition = bench.definition(DefaultArguments={"--a": "1"}, MaxRetries=3)
    name = bench.glue.create_job(**definition)["Name"]
    update: Any = {"Role": definition["Role"], "Command": definition["Command"], "Timeout": 7}
    bench.glue.update_job(JobName=name, JobUpdate=update)
    job = bench.glue.get_job(JobName=name)["Job"]
    assert (job.get("DefaultArguments"), job["MaxRetries"], job["Timeout"]) == (None, 0, 7)
    update["MaxCapacity"] = 2.0
    with pytest.raises(bench.glue.exceptions.InvalidInputException):
        bench.glue.update_job(JobName=name, JobUpdate=update)


def test_a_job_created_again_does_not_show_the_runs_of_the_old_one(bench: Workbench) -> None:
    definition: Any = bench.definition()
    name = bench.glue.create_job(**definition)["Name"]
    bench.ended(name, bench.start(name))
    bench.glue.delete_job(JobName=name)
    bench.glue.create_job(**definition)
    assert bench.glue.get_job_runs(JobName=name)["JobRuns"] == []


def test_jobs_are_listed_in_pages(bench: Workbench) -> None:
    names = {bench.job() for _ in range(3)}
    paged = [
        job["Name"]
        for page in bench.glue.get_paginator("get_jobs").paginate(PaginationConfig={"PageSize": 2})
        for job in page["Jobs"]
    ]
    assert len(paged) == len(set(paged))
    assert names <= set(paged)


def test_a_run_of_a_job_with_an_unknown_connection_is_refused(bench: Workbench) -> None:
    job = bench.job(Connections={"Connections": ["nowhere"]})
    with pytest.raises(bench.glue.exceptions.EntityNotFoundException, match="nowhere"):
        bench.start(job)


@pytest.mark.parametrize("settings", [{"MaxCapacity": 2.0}, {"WorkerType": "G.1X"}, {"Timeout": 10_081}])
def test_a_run_with_settings_that_glue_refuses_is_refused(bench: Workbench, settings: dict[str, Any]) -> None:
    job = bench.job()
    with pytest.raises(bench.glue.exceptions.InvalidInputException):
        bench.start(job, **settings)


def test_a_connections_password_is_shown_only_when_asked_for_and_never_logged(
    own_bench: Workbench, own_glue: Any
) -> None:
    glue = own_bench.glue
    glue.create_connection(ConnectionInput=connection("c"))
    shown = glue.get_connection(Name="c")["Connection"]["ConnectionProperties"]
    hidden = glue.get_connection(Name="c", HidePassword=True)["Connection"]["ConnectionProperties"]
    assert shown["PASSWORD"] == "hunter2-secret"
    assert hidden == {name: value for name, value in shown.items() if name != "PASSWORD"}
    assert "hunter2" not in str(glue.get_connections(HidePassword=True)["ConnectionList"])
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_connection(ConnectionInput=connection("c"))
    holding = [file for file in own_glue.directory.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]
    assert [file.name for file in holding] == ["connections.json"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    glue.delete_connection(ConnectionName="c")
    assert b"hunter2" not in holding[0].read_bytes()
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_connection(Name="c")


def test_what_is_not_imitated_is_refused_by_name(bench: Workbench) -> None:
    with pytest.raises(ClientError) as error:
        bench.glue.get_databases()
    code, message = refusal(error)
    assert code == "InvalidActionException"
    assert "GetDatabases" in message


def test_every_answer_says_that_it_is_an_imitation(bench: Workbench) -> None:
    answer = bench.glue.get_job(JobName=bench.job())
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-tableferry-imitation"] == "glue"


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_a_page_in_a_browser_is_refused(bench: Workbench, header: dict[str, str]) -> None:
    headers = {"X-Amz-Target": "AWSGlue.GetJobs", "Content-Type": "application/x-amz-json-1.1", **header}
    request = urllib.request.Request(bench.runtime.env["AWS_ENDPOINT_URL_GLUE"], b"{}", headers)  # noqa: S310 - ours
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)  # noqa: S310 - ours
    with error.value as answer:
        assert json.load(answer)["__type"] == "AccessDeniedException"
