"""The password of the MySQL URL is nowhere but in the process environment and in the secret made for the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.local.runtime import RuntimeState
from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.test_refusals import SMALL

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect]


def everything_written(ferry: Ferry, runtime: RuntimeState) -> Iterator[tuple[str, bytes]]:
    """Every place where a secret could have been left: (where, what it holds)."""
    for directory in (Path(ferry.environment["TABLEFERRY_HOME"]), Path(ferry.environment["PREFECT_HOME"])):
        for file in directory.rglob("*"):
            if file.is_file():
                yield str(file), file.read_bytes()
    for part in ("glue", "emulator"):  # the emulator keeps the secret in memory while it runs; its log is a file
        for file in (runtime.directory / part).rglob("*"):
            if file.is_file() and "secretsmanager" not in file.name:
                yield str(file), file.read_bytes()
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            yield entry["Key"], s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
    glue = ferry.client("glue")
    for job in glue.get_jobs()["Jobs"]:
        yield job["Name"], json.dumps([job, glue.get_job_runs(JobName=job["Name"])["JobRuns"]], default=str).encode()
    logs = ferry.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        yield group["logGroupName"], json.dumps(events).encode()


def test_the_password_is_nowhere(ferry: Ferry, database: Database, runtime: RuntimeState) -> None:
    """After a run that went well and one that failed; every place is searched, and the search itself is proved."""
    database.execute("CREATE TABLE small (id INT PRIMARY KEY); INSERT INTO small VALUES (1)")
    outputs = [ferry.run("run", ferry.contract(SMALL)), ferry.run("run", ferry.contract(SMALL)), ferry.run("check")]
    assert [o.returncode for o in outputs] == [0, 1, 0], outputs
    password = database.password.encode()
    places = dict(everything_written(ferry, runtime))
    assert any(b"ddb_small_view" in content for content in places.values())  # the search sees what runs leave
    assert any(name.endswith("state.db") for name in places)
    assert any("prefect.db" in name for name in places)
    assert [where for where, content in places.items() if password in content] == []
    assert [o for o in outputs if database.password in o.stdout + o.stderr] == []
    assert password in secrets_of_loaders(ferry)


def test_any_password_works(ferry: Ferry, database: Database) -> None:
    """Characters beyond Latin-1 and those that mean something in a URL, for the server and for the job."""
    database.execute("CREATE TABLE small (id INT PRIMARY KEY); INSERT INTO small VALUES (1)")
    password = "pä€日@:/%'\"#?&+"
    database.execute("SET PASSWORD = %s" if database.engine == "mysql" else "SET PASSWORD = PASSWORD(%s)", password)
    url = database.url.replace(f":{database.password}@", f":{quote(password, safe='')}@")
    ferry.result("run", ferry.contract(SMALL), TABLEFERRY_MYSQL_URL=url)
    assert ferry.items("Small") == [{"id": {"N": "1"}}]


def secrets_of_loaders(ferry: Ferry) -> set[bytes]:
    """The passwords in the secrets that the mysql server made."""
    client = ferry.client("secretsmanager")
    made = [s["ARN"] for s in client.list_secrets()["SecretList"] if s["Name"].startswith("tableferry/")]
    texts = [client.get_secret_value(SecretId=arn)["SecretString"] for arn in made]
    return {json.loads(text)["password"].encode() for text in texts}
