"""`tableferry validate` and `tableferry repair` as their users run them."""

from __future__ import annotations

import os
import signal
from typing import Any

import pymysql
import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

THINGS: dict[str, Any] = {
    "table": "Things",
    "type": "single-entity",
    "source_table": "things",
    "pk": "kind",
    "sk": "id",
    "gsis": [{"index_name": "ByNote", "pk": "note", "projection": "KEYS_ONLY"}],
    "attributes": [plain("kind", "S"), plain("id", "N"), plain("note", "S"), plain("doc", "M")],
}
ROWS = 40


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    database.execute(
        "CREATE TABLE things (id INT PRIMARY KEY, kind VARCHAR(20), note VARCHAR(20), doc JSON,"
        " written TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"
    )
    values = ", ".join(
        f"({n}, 'kind {n % 3}', {'NULL' if n % 4 == 0 else repr(f'note {n}')}, '{{\"n\": {n}.5}}')" for n in range(ROWS)
    )
    database.execute(f"INSERT INTO things (id, kind, note, doc) VALUES {values}")
    ferry.environment["TABLEFERRY_ROWS_PER_CHUNK"] = "10"
    return ferry.contract(THINGS)


def key(n: int) -> dict[str, Any]:
    return {"kind": {"S": f"kind {n % 3}"}, "id": {"N": str(n)}}


def key_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"kind": item["kind"], "id": item["id"]}


def damage(ferry: Ferry) -> None:
    """One item less, one more, one other."""
    dynamodb, table = ferry.client("dynamodb"), f"{ferry.prefix}Things"
    dynamodb.delete_item(TableName=table, Key=key(5))
    dynamodb.put_item(TableName=table, Item={**key(1000), "note": {"S": "who"}})
    dynamodb.put_item(TableName=table, Item={**key(7), "note": {"S": "note 7"}, "doc": {"M": {"n": {"N": "7.6"}}}})


def only(document: dict[str, Any]) -> dict[str, Any]:
    (check,) = document["tables"]
    found: dict[str, Any] = check
    return found


def test_a_table_is_validated_damaged_validated_and_repaired(ferry: Ferry, database: Database, contract: str) -> None:
    """Full after the load by default; every damage is named; repair restores it, deleting only when asked."""
    run = ferry.result("run", contract)
    (check,) = run["validation"]
    assert (check["mode"], check["compared"], check["missing"]) == ("full", ROWS, 0)
    assert check["indexes"] == [{"index": "ByNote", "expected": 30, "in_table": 30, "in_index": 30}]
    before = {str(key_of(item)) for item in ferry.items("Things")}
    equal = ferry.result("validate")
    assert (equal["equal"], only(equal)["mode"], only(equal)["state"]) == (True, "full", "validated")

    damage(ferry)
    assert ferry.result("validate", "--mode", "counts")["equal"], "one less and one more are the same count"
    database.execute("""UPDATE things SET doc = '{"n": 1}' WHERE id = 11""")
    different = ferry.result("validate", "--mode", "full", code=1)
    found = only(different)
    assert (found["missing"], found["extra"], found["differing"], found["state"]) == (1, 1, 2, "failed")
    listed = {(m["kind"], m["attribute"], m["expected"], m["actual"], m["changed_since"]) for m in found["mismatches"]}
    assert listed == {
        ("missing", None, "an item", "missing", False),
        ("extra", None, "no item", "an item", None),
        ("differing", "doc", '{"M":{"n":{"N":"7.5"}}}', '{"M":{"n":{"N":"7.6"}}}', False),
        ("differing", "doc", '{"M":{"n":{"N":"1"}}}', '{"M":{"n":{"N":"11.5"}}}', True),
    }
    shown = ferry.run("validate", "--mode", "full")
    assert shown.returncode == 1
    assert "different" in shown.stdout

    half = only(ferry.result("repair", code=1))
    assert (half["repair"]["written"], half["repair"]["left"], half["extra"], half["missing"]) == (3, 1, 1, 0)
    whole = ferry.result("repair", "--delete-extra")
    assert (whole["equal"], only(whole)["repair"]["deleted"]) == (True, 1)
    assert {str(key_of(item)) for item in ferry.items("Things")} == before
    assert ferry.result("status", run["migration_id"])["status"] == "succeeded"


def test_what_is_not_loaded_is_not_compared(ferry: Ferry, database: Database, contract: str) -> None:
    database.execute("CREATE VIEW ddb_things_view AS SELECT 1 AS mine")
    ferry.result("run", contract, code=1)
    refused = ferry.result("validate", code=1)
    assert refused["error"]["code"] == "state"
    refused = ferry.result("validate", "--table", "Nothing", code=2)
    assert refused["error"]["code"] == "state"


@pytest.mark.crash
def test_a_killed_validation_is_gone_on_with(ferry: Ferry, database: Database, contract: str) -> None:
    """Orchestrator and job run die while they compare; the next validation goes on under the same id."""
    migration = ferry.result("run", contract)["migration_id"]
    damage(ferry)
    glue, job = ferry.client("glue"), f"tableferry-{migration}-Things"
    before, stored_before = len(runs(glue, job)), set(stored(ferry, migration))
    process = ferry.start("validate", migration, "--mode", "full")
    with (
        pymysql.connect(
            host=database.host,
            port=database.port,
            user=database.user,
            password=database.password,
            database=database.name,
        ) as locks,
        locks.cursor() as cursor,
    ):
        wait_until(lambda: len(runs(glue, job)) > before or process.poll() is not None, "the run's start")
        cursor.execute("LOCK TABLES things WRITE")  # the run reads the table to its end, but no row
        wait_until(lambda: any("target.state" in k for k in new(ferry, migration, stored_before)), "a stored scan")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        latest = runs(glue, job)[0]
        glue.batch_stop_job_run(JobName=job, JobRunIds=[latest["Id"]])
        wait_until(lambda: runs(glue, job)[0]["JobRunState"] == "STOPPED", "the run's end")
        cursor.execute("UNLOCK TABLES")
    begun = new(ferry, migration, stored_before)
    found = only(ferry.result("validate", migration, "--mode", "full", code=1))
    assert (found["missing"], found["extra"], found["differing"]) == (1, 1, 1)
    assert {k.split("/")[0] for k in new(ferry, migration, stored_before)} == {found["validation_id"]}
    scan = f"{found['validation_id']}/target.state"
    assert new(ferry, migration, stored_before)[scan] == begun[scan], "the scan was not made again"


def runs(glue: Any, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = glue.get_job_runs(JobName=job)["JobRuns"]
    return found


def stored(ferry: Ferry, migration: str) -> dict[str, Any]:
    """What validations of the table left in S3, and when."""
    prefix = f"{ferry.environment['TABLEFERRY_KEY_PREFIX']}migrations/{migration}/Things/validation/"
    found = ferry.client("s3").list_objects_v2(Bucket=ferry.environment["TABLEFERRY_BUCKET"], Prefix=prefix)
    return {o["Key"].removeprefix(prefix): o["LastModified"] for o in found.get("Contents", [])}


def new(ferry: Ferry, migration: str, before: set[str]) -> dict[str, Any]:
    return {key: at for key, at in stored(ferry, migration).items() if key not in before}
