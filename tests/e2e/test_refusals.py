"""What is missing or wrong is said once, clearly, before anything is created; one failing table harms no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

SMALL: dict[str, Any] = {
    "table": "Small",
    "type": "single-entity",
    "source_table": "small",
    "pk": "id",
    "attributes": [plain("id", "N")],
}


@pytest.fixture
def contract(ferry: Ferry, database: Database) -> str:
    """A contract that would run."""
    database.execute("CREATE TABLE small (id INT PRIMARY KEY, word VARCHAR(10)); INSERT INTO small VALUES (1, 'a')")
    return ferry.contract(SMALL)


def expect_nothing_created(ferry: Ferry, database: Database) -> None:
    """No view, no target table, no job, no object, no migration."""
    assert not database.query("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    tables = ferry.client("dynamodb").list_tables()["TableNames"]
    assert not [t for t in tables if t.startswith(ferry.prefix)]
    if Path(ferry.environment["TABLEFERRY_HOME"], "state.db").exists():
        assert ferry.result("status")["migrations"] == []


def role_without_permission(ferry: Ferry) -> str:
    """A role that Glue may use, but that may do nothing."""
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    name = f"powerless-{ferry.prefix.strip('.').replace('_', '-')}"
    made = ferry.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])


@pytest.mark.parametrize(
    ("setting", "server", "said"),
    [
        ("no server", "mysql", "127.0.0.1:1"),
        ("wrong password", "mysql", "1045"),
        ("no bucket", "s3", "there-is-no-such-bucket"),
        ("powerless role", "glue", "dynamodb:BatchWriteItem"),
    ],
)
def test_not_ready(ferry: Ferry, database: Database, contract: str, setting: str, server: str, said: str) -> None:
    """Each missing thing is one error of the server that noticed it, exit code 2, nothing created."""
    changed = {
        "no server": lambda: {"TABLEFERRY_MYSQL_URL": database.url.replace(f":{database.port}/", ":1/")},
        "wrong password": lambda: {"TABLEFERRY_MYSQL_URL": database.url.replace(database.password, "not-this-one")},
        "no bucket": lambda: {"TABLEFERRY_BUCKET": "there-is-no-such-bucket"},
        "powerless role": lambda: {"TABLEFERRY_GLUE_ROLE_ARN": role_without_permission(ferry)},
    }[setting]()
    done = ferry.run("run", contract, "--output", "json", **changed)
    assert done.returncode == 2, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "not_ready"
    assert said in error["facts"]["problems"][server]
    assert "Traceback" not in done.stderr
    assert "not-this-one" not in done.stderr + done.stdout
    expect_nothing_created(ferry, database)


def test_a_contract_is_refused_with_every_place(ferry: Ferry, database: Database, contract: str) -> None:
    """Problems that only the live schema shows come all at once, and nothing is created."""
    wrong = {**SMALL, "attributes": [plain("id", "N"), plain("x", "S", "wrod"), plain("day", "M", "id")]}
    other = {**SMALL, "table": "Gone", "source_table": "smal"}
    document = ferry.result("run", ferry.contract(wrong, other), code=2)
    places = [p["place"] for p in document["error"]["facts"]["problems"]]
    assert places == [
        "tables[0] Small, attribute x, source_column",
        "tables[0] Small, attribute day, type",
        "tables[1] Gone, source_table",
    ]
    assert "'word'" in document["error"]["facts"]["problems"][0]["remedy"]
    expect_nothing_created(ferry, database)


def test_a_join_that_matches_twice_is_refused(ferry: Ferry, database: Database, contract: str) -> None:
    """No unique index proves the join, and the rows disprove it: picking one silently would be wrong."""
    database.execute("CREATE TABLE label (small_id INT, text VARCHAR(9)); INSERT INTO label VALUES (1,'x'), (1,'y')")
    join = {
        "type": "foreign-key",
        "target_table": "label",
        "join_condition": "label.small_id = small.id",
        "select_column": "text",
    }
    table = {**SMALL, "attributes": [plain("id", "N"), {"name": "label", "type": "S", "join": join}]}
    document = ferry.result("run", ferry.contract(table), code=2)
    assert [p["place"] for p in document["error"]["facts"]["problems"]] == ["tables[0] Small, attribute label, join"]
    expect_nothing_created(ferry, database)


def test_colliding_keys_fail_their_table_alone(ferry: Ferry, database: Database, contract: str) -> None:
    """Two rows with one key are named and not loaded; the other table is validated."""
    database.execute(
        "CREATE TABLE twins (id INT PRIMARY KEY, word VARCHAR(9)); INSERT INTO twins VALUES (1,'x'), (2,'x')"
    )
    twins = {**SMALL, "table": "Twins", "source_table": "twins", "pk": "word", "attributes": [plain("word", "S")]}
    result = ferry.result("run", ferry.contract(SMALL, twins), code=1)
    assert {t["table"]: t["state"] for t in result["tables"]} == {"Small": "validated", "Twins": "failed"}
    assert "key_collision: 2 rows with 1 key (id='1' = id='2')" in result["problems"][0]["error"]
    assert ferry.items("Twins") == []


def test_a_table_that_holds_items_is_left_alone(ferry: Ferry, database: Database, contract: str) -> None:
    """A second run into the same tables needs to be asked for."""
    ferry.result("run", contract)
    refused = ferry.result("run", contract, code=1)
    assert "holds items already" in refused["problems"][0]["error"]
    again = ferry.result("run", contract, "--into-nonempty", code=1)
    assert f"tableferry resume {refused['migration_id']}" in again["error"]["remedy"]
    allowed = ferry.result("run", contract, "--into-nonempty", "--new")
    assert allowed["status"] == "succeeded"
    assert ferry.items("Small") == [{"id": {"N": "1"}}]


def test_a_table_that_differs_is_a_conflict(ferry: Ferry, database: Database, contract: str) -> None:
    """An existing table is used only if it matches; else every difference is listed and nothing is created."""
    ferry.client("dynamodb").create_table(
        TableName=f"{ferry.prefix}Small",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    document = ferry.result("run", contract, code=2)
    messages = " ".join(p["message"] for p in document["error"]["facts"]["problems"])
    assert "exists and differs" in messages
    assert not database.query("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
