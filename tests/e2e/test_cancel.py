"""Cancel and cleanup of a migration that loads, by the command, against real servers."""

from __future__ import annotations

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.stopped_loads import MARKS, ended, job_runs, many_small_chunks, started

pytestmark = MARKS


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    return many_small_chunks(ferry, database)


def test_a_cancelled_migration_is_final_and_cleaned_up(ferry: Ferry, database: Database, contract: str) -> None:
    database.execute("CREATE VIEW ddb_mine_view AS SELECT 1 AS mine")
    s3, bucket = ferry.client("s3"), ferry.environment["TABLEFERRY_BUCKET"]
    root = ferry.environment["TABLEFERRY_KEY_PREFIX"]
    s3.put_object(Bucket=bucket, Key=f"{root}mine", Body=b"mine")
    running = started(ferry, "run", contract)
    migration = ferry.result("status")["migrations"][0]["migration_id"]
    assert ferry.result("cleanup", migration, "--yes", code=2)["error"]["code"] == "lease_held"

    cancelled = ferry.result("cancel", migration)
    assert (cancelled["status"], cancelled["tables"][0]["state"]) == ("cancelled", "cancelled")
    report, _ = ended(running, 4)
    assert (report["status"], report["problems"]) == ("cancelled", [])
    assert {run["JobRunState"] for run in job_runs(ferry, migration)} <= {"STOPPED", "SUCCEEDED"}
    assert ferry.result("resume", migration, code=2)["error"]["code"] == "state"

    plan = ferry.result("cleanup", migration, code=2)
    assert (plan["agreed"], plan["removed"]) == (False, [])
    assert {"Glue job", "view", "secret", "S3 objects"} <= {thing["kind"] for thing in plan["remove"]}
    done = ferry.result("cleanup", migration, "--yes", "--drop-tables", "--disable-deletion-protection")
    assert [thing["kind"] for thing in done["removed"]][-1] == "target table"

    views = database.query("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    assert views == [("ddb_mine_view",)]
    tables = ferry.client("dynamodb").list_tables()["TableNames"]
    assert [t for t in tables if t.startswith(ferry.prefix)] == []
    assert not [j for j in ferry.client("glue").get_jobs()["Jobs"] if migration in j["Name"]]
    secrets = ferry.client("secretsmanager").list_secrets()["SecretList"]
    assert not [s for s in secrets if migration in s["Name"]]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=root)["Contents"]]
    assert {k.removeprefix(root) for k in keys} == {
        "mine",
        f"migrations/{migration}/report.json",
        f"migrations/{migration}/report.md",
    }
    assert ferry.result("cleanup", migration, "--yes", "--drop-tables")["removed"] == []
