"""`tableferry validate` and `tableferry repair` as their users run them."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry, wait_until
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect]

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
    database.execute("CREATE TABLE things (id INT PRIMARY KEY, kind VARCHAR(20), note VARCHAR(20), doc JSON)")
    values = ", ".join(
        f"({n}, 'kind {n % 3}', {'NULL' if n % 4 == 0 else repr(f'note {n}')}, '{{\"n\": {n}.5}}')" for n in range(ROWS)
    )
    database.execute(f"INSERT INTO things VALUES {values}")
    ferry.environment["TABLEFERRY_ROWS_PER_CHUNK"] = "10"
    return ferry.contract(THINGS)


def key(n: int) -> dict[str, Any]:
    return {"kind": {"S": f"kind {n % 3}"}, "id": {"N": str(n)}}


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


def test_a_table_is_validated_damaged_validated_and_repaired(ferry: Ferry, contract: str) -> None:
    """Full after the load by default; every damage is named; repair restores it, deleting only when asked."""
    run = ferry.result("run", contract)
    (check,) = run["validation"]
    assert (check["mode"], check["compared"], check["missing"]) == ("full", ROWS, 0)
    assert check["indexes"] == [{"index": "ByNote", "expected": 30, "in_table": 30, "in_index": 30}]
    before = sorted(map(str, ferry.items("Things")))
    equal = ferry.result("validate")
    assert (equal["equal"], only(equal)["mode"], only(equal)["state"]) == (True, "full", "validated")

    damage(ferry)
    assert ferry.result("validate", "--mode", "counts")["equal"], "one less and one more are the same count"
    different = ferry.result("validate", "--mode", "full", code=1)
    found = only(different)
    assert (found["missing"], found["extra"], found["differing"], found["state"]) == (1, 1, 1, "failed")
    assert {(m["kind"], m["attribute"], m["expected"], m["actual"]) for m in found["mismatches"]} == {
        ("missing", None, "an item", "missing"),
        ("extra", None, "no item", "an item"),
        ("differing", "doc", '{"M":{"n":{"N":"7.5"}}}', '{"M":{"n":{"N":"7.6"}}}'),
    }
    shown = ferry.run("validate", "--mode", "full")
    assert shown.returncode == 1
    assert "different" in shown.stdout

    half = only(ferry.result("repair", code=1))
    assert (half["repair"]["written"], half["repair"]["left"], half["extra"], half["missing"]) == (2, 1, 1, 0)
    whole = ferry.result("repair", "--delete-extra")
    assert (whole["equal"], only(whole)["repair"]["deleted"]) == (True, 1)
    assert sorted(map(str, ferry.items("Things"))) == before
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
    # Many rows that were not loaded, so that comparing takes long enough to be killed in the middle.
    database.execute("SET SESSION cte_max_recursion_depth = 100000" if database.engine == "mysql" else "SELECT 1")
    process = ferry.start("validate", migration, "--mode", "full")
    wait_until(lambda: validations(ferry, migration) != set() or process.poll() is not None, "the validation's begin")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    glue, job = ferry.client("glue"), f"tableferry-{migration}-Things"
    latest = glue.get_job_runs(JobName=job)["JobRuns"][0]
    glue.batch_stop_job_run(JobName=job, JobRunIds=[latest["Id"]])
    wait_until(lambda: state(glue, job, latest["Id"]) in {"STOPPED", "SUCCEEDED"}, "the run's end")
    begun = validations(ferry, migration)
    found = only(ferry.result("validate", migration, "--mode", "full", code=1))
    assert (found["missing"], found["extra"], found["differing"]) == (1, 1, 1)
    assert found["validation_id"] in begun
    assert validations(ferry, migration) == begun


def state(glue: Any, job: str, run: str) -> str:
    return str(glue.get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"])


def validations(ferry: Ferry, migration: str) -> set[str]:
    """The ids under which something of a second validation is stored."""
    prefix = f"{ferry.environment['TABLEFERRY_KEY_PREFIX']}migrations/{migration}/Things/validation/"
    bucket = ferry.environment["TABLEFERRY_BUCKET"]
    s3 = ferry.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    names = {o["Key"].removeprefix(prefix).split("/")[0] for o in found}
    first = json.loads(ferry.run("report", migration, "--output", "json").stdout)["validation"][0]["validation_id"]
    return names - {"latest.json", first}
