"""Target tables in the local runtime."""

from __future__ import annotations

import secrets
from typing import Any

import anyio
import pytest
from mcp import Client

from adapters.servers.aws_clients import AwsClients
from tests.servers.conftest import Caller

pytestmark = pytest.mark.aws


def definition(**changes: Any) -> dict[str, Any]:
    index = {
        "name": "ByDay",
        "partition_key": "day",
        "sort_key": "raw",
        "projection": "INCLUDE",
        "projected_attributes": ["total", "note"],
    }
    wanted = {
        "table_name": f"t_{secrets.token_hex(6)}",
        "attributes": [{"name": n, "type": t} for n, t in (("id", "S"), ("no", "N"), ("day", "S"), ("raw", "B"))],
        "partition_key": "id",
        "sort_key": "no",
        "indexes": [index],
        "stream": "NEW_IMAGE",
        "point_in_time_recovery": True,
        "encryption": "AWS_OWNED",
        "kms_key_id": None,
        "deletion_protection": False,
        "tags": {"tableferry": "m1"},
    }
    return wanted | changes


def keys_only(wanted: dict[str, Any]) -> dict[str, Any]:
    types = [a for a in wanted["attributes"] if a["name"] in ("id", "no")]
    return wanted | {"attributes": types, "indexes": []}


def test_a_table_is_made_as_defined_and_described_as_made(target: Caller) -> None:
    wanted = definition()
    made = target.answer("dynamodb_create_table", definition=wanted)
    assert (made["created"], made["status"]) == (True, "ACTIVE")
    described = target.answer("dynamodb_describe_table", table_name=wanted["table_name"])
    assert (described["exists"], described["table_arn"], described["table_id"]) == (
        True,
        made["table_arn"],
        made["table_id"],
    )
    found = described["definition"]
    found["attributes"].sort(key=lambda a: ["id", "no", "day", "raw"].index(a["name"]))
    found["indexes"][0]["projected_attributes"].sort(reverse=True)
    assert found == wanted
    table = AwsClients().dynamodb.describe_table(TableName=wanted["table_name"])["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_creating_it_again_takes_it_as_it_is(target: Caller) -> None:
    wanted = definition()
    first = target.answer("dynamodb_create_table", definition=wanted)
    again = target.answer("dynamodb_create_table", definition=wanted)
    assert again == first | {"created": False}


def test_a_call_that_died_before_recovery_was_set_is_mended_by_the_next(target: Caller) -> None:
    wanted = definition()
    target.answer("dynamodb_create_table", definition=wanted)
    AwsClients().dynamodb.update_continuous_backups(
        TableName=wanted["table_name"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    assert target.answer("dynamodb_create_table", definition=wanted)["created"] is False
    assert target.answer("dynamodb_validate_table_schema", definition=wanted)["matches"] is True


def test_somebody_elses_table_is_a_conflict_and_stays_as_it_is(target: Caller) -> None:
    theirs = definition(point_in_time_recovery=False, tags={})
    target.answer("dynamodb_create_table", definition=theirs)
    wanted = theirs | {"point_in_time_recovery": True, "tags": {"tableferry": "m1"}}
    refusal = target.refusal("dynamodb_create_table", definition=wanted)
    assert refusal["code"] == "conflict"
    assert refusal["facts"]["differences"] == [
        {"property": "point_in_time_recovery", "expected": True, "actual": False}
    ]
    assert target.answer("dynamodb_validate_table_schema", definition=theirs)["matches"] is True


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"stream": None}, ["stream"]),
    ({"stream": "KEYS_ONLY"}, ["stream"]),
    ({"point_in_time_recovery": False}, ["point_in_time_recovery"]),
    ({"deletion_protection": True}, ["deletion_protection"]),
    ({"encryption": "KMS"}, ["encryption"]),
    ({"partition_key": "no", "sort_key": "id"}, ["partition_key", "sort_key"]),
    ({"indexes": []}, ["indexes.ByDay"]),
    (
        {"attributes": [{"name": n, "type": t} for n, t in (("id", "S"), ("no", "S"), ("day", "S"), ("raw", "B"))]},
        ["attributes.no"],
    ),
    (
        {"indexes": [{"name": "ByDay", "partition_key": "day", "projection": "ALL"}]},
        ["indexes.ByDay.projected_attributes", "indexes.ByDay.projection", "indexes.ByDay.sort_key"],
    ),
    ({"tags": {"other": "x"}}, []),
]


@pytest.mark.parametrize(("change", "properties"), CHANGES)
def test_every_difference_is_listed(target: Caller, change: dict[str, Any], properties: list[str]) -> None:
    actual = definition()
    target.answer("dynamodb_create_table", definition=actual)
    answer = target.answer("dynamodb_validate_table_schema", definition=actual | change)
    assert (answer["exists"], answer["matches"]) == (True, not properties)
    assert sorted(d["property"] for d in answer["differences"]) == properties


def test_the_order_of_projected_attributes_is_no_difference(target: Caller) -> None:
    wanted = definition()
    target.answer("dynamodb_create_table", definition=wanted)
    wanted["indexes"][0]["projected_attributes"].reverse()
    assert target.answer("dynamodb_validate_table_schema", definition=wanted)["differences"] == []


def test_a_table_with_provisioned_billing_differs(target: Caller) -> None:
    wanted = keys_only(definition(stream=None, point_in_time_recovery=False))
    AwsClients().dynamodb.create_table(
        TableName=wanted["table_name"],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "no", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "no", "KeyType": "RANGE"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    answer = target.answer("dynamodb_validate_table_schema", definition=wanted)
    assert [d["property"] for d in answer["differences"]] == ["billing_mode"]


def test_a_definition_that_types_other_attributes_than_its_keys_is_refused(target: Caller) -> None:
    wanted = definition(indexes=[])
    refusal = target.refusal("dynamodb_create_table", definition=wanted)
    assert (refusal["code"], refusal["facts"]["superfluous"]) == ("invalid_request", ["day", "raw"])
    assert target.answer("dynamodb_describe_table", table_name=wanted["table_name"])["exists"] is False


def test_unknown_fields_of_a_definition_are_refused(target: Caller) -> None:
    assert target.refusal("dynamodb_create_table", definition=definition(colour="red"))["code"] == "invalid_request"


def test_progress_is_told_while_a_table_is_made(target: Caller) -> None:
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def create() -> None:
        async with Client(target.server) as client:
            await client.call_tool("dynamodb_create_table", {"definition": wanted}, progress_callback=note)

    wanted = definition()
    anyio.run(create)
    assert told[-1] == f"{wanted['table_name']} is ACTIVE"


def put(table: str, *items: dict[str, Any]) -> None:
    client = AwsClients().dynamodb
    for item in items:
        client.put_item(TableName=table, Item=item)


def test_items_are_read_by_their_keys_and_the_missing_are_named(target: Caller) -> None:
    wanted = keys_only(definition())
    target.answer("dynamodb_create_table", definition=wanted)
    item = {
        "id": {"S": "a"},
        "no": {"N": "1"},
        "raw": {"B": b"\x00\xff"},
        "deep": {"M": {"l": {"L": [{"B": b"\x01"}, {"NULL": True}, {"BS": [b"\x02"]}]}}},
    }
    put(wanted["table_name"], item)
    there, missing = {"id": {"S": "a"}, "no": {"N": "1.0"}}, {"id": {"S": "b"}, "no": {"N": "2"}}
    answer = target.answer("dynamodb_sample_items", table_name=wanted["table_name"], keys=[there, missing, there])
    assert answer["missing_keys"] == [missing]
    (found,) = answer["items"]
    assert found == {
        "id": {"S": "a"},
        "no": {"N": "1"},
        "raw": {"B": "AP8="},
        "deep": {"M": {"l": {"L": [{"B": "AQ=="}, {"NULL": True}, {"BS": ["Ag=="]}]}}},
    }


def test_a_protected_table_is_deleted_only_when_asked_and_only_the_one_that_was_meant(target: Caller) -> None:
    wanted = definition(deletion_protection=True)
    made = target.answer("dynamodb_create_table", definition=wanted)
    name = wanted["table_name"]
    assert target.refusal("dynamodb_delete_table", table_name=name, table_id=made["table_id"])["code"] != "not_found"
    other = {"table_name": name, "table_id": "another", "disable_deletion_protection": True}
    assert target.refusal("dynamodb_delete_table", **other)["code"] == "conflict"
    assert target.answer("dynamodb_describe_table", table_name=name)["definition"]["deletion_protection"] is True
    meant = other | {"table_id": made["table_id"]}
    assert [target.answer("dynamodb_delete_table", **meant)["deleted"] for _ in range(2)] == [True, False]


def test_numbers_of_38_digits_are_different_keys(target: Caller) -> None:
    name = f"t_{secrets.token_hex(6)}"
    wanted = {"table_name": name, "attributes": [{"name": "k", "type": "N"}], "partition_key": "k"}
    target.answer("dynamodb_create_table", definition=wanted)
    numbers = ["12345678901234567890123456789012345678", "12345678901234567890123456789012345679", "0.00", "-1E-120"]
    put(name, *({"k": {"N": number}} for number in numbers))
    answer = target.answer("dynamodb_sample_items", table_name=name, keys=[{"k": {"N": number}} for number in numbers])
    assert (len(answer["items"]), answer["missing_keys"]) == (4, [])
    for wrong in ("x", "", "NaN", "1E500"):
        refusal = target.refusal("dynamodb_sample_items", table_name=name, keys=[{"k": {"N": wrong}}])
        assert refusal["code"] == "invalid_request"


def test_binary_keys_are_base64(target: Caller) -> None:
    name = f"t_{secrets.token_hex(6)}"
    wanted = {"table_name": name, "attributes": [{"name": "k", "type": "B"}], "partition_key": "k"}
    target.answer("dynamodb_create_table", definition=wanted)
    put(name, {"k": {"B": b"\x00\x01"}})
    answer = target.answer("dynamodb_sample_items", table_name=name, keys=[{"k": {"B": "AAE="}}, {"k": {"B": "AAI="}}])
    assert (answer["items"], answer["missing_keys"]) == ([{"k": {"B": "AAE="}}], [{"k": {"B": "AAI="}}])


def test_a_hundred_large_items_are_refused_rather_than_cut(target: Caller) -> None:
    wanted = keys_only(definition())
    target.answer("dynamodb_create_table", definition=wanted)
    put(wanted["table_name"], *({"id": {"S": "a"}, "no": {"N": str(i)}, "x": {"S": "x" * 390_000}} for i in range(45)))
    keys = [{"id": {"S": "a"}, "no": {"N": str(i)}} for i in range(45)]
    refusal = target.refusal("dynamodb_sample_items", table_name=wanted["table_name"], keys=keys)
    assert refusal["code"] == "invalid_request"
    assert len(target.answer("dynamodb_sample_items", table_name=wanted["table_name"], keys=keys[:10])["items"]) == 10


@pytest.mark.parametrize(
    "arguments",
    [{}, {"keys": []}, {"limit": 0}, {"limit": 1, "keys": [{"id": {"S": "a"}}]}, {"keys": [{"id": {"S": "a"}}] * 101}],
)
def test_items_are_sampled_by_keys_or_by_a_limit(target: Caller, arguments: dict[str, Any]) -> None:
    assert target.refusal("dynamodb_sample_items", table_name="any", **arguments)["code"] == "invalid_request"


def test_counting_goes_on_from_its_cursor_and_adds_up(target: Caller) -> None:
    wanted = keys_only(definition())
    target.answer("dynamodb_create_table", definition=wanted)
    put(wanted["table_name"], *({"id": {"S": "a"}, "no": {"N": str(i)}, "x": {"S": "x" * 300_000}} for i in range(12)))
    total, cursor, calls = 0, None, 0
    while True:
        part = target.answer(
            "dynamodb_get_table_metrics", table_name=wanted["table_name"], exact=True, cursor=cursor, max_seconds=0.1
        )
        total, calls, cursor = total + part["exact_count"], calls + 1, part["cursor"]
        if part["complete"]:
            break
    assert total == 12
    assert part["status"] == "ACTIVE"


def test_metrics_without_counting(target: Caller) -> None:
    wanted = keys_only(definition())
    target.answer("dynamodb_create_table", definition=wanted)
    metrics = target.answer("dynamodb_get_table_metrics", table_name=wanted["table_name"])
    assert (metrics["exact_count"], metrics["cursor"], metrics["complete"]) == (None, None, True)
    assert metrics["consumed_write_units"] is None


def test_a_cursor_that_is_none_is_refused(target: Caller) -> None:
    wanted = keys_only(definition())
    target.answer("dynamodb_create_table", definition=wanted)
    for cursor in ("nonsense", "e30", "WzFd"):
        refusal = target.refusal(
            "dynamodb_get_table_metrics", table_name=wanted["table_name"], exact=True, cursor=cursor
        )
        assert refusal["code"] == "invalid_request"


def test_deleting_is_idempotent_and_refused_while_protected(target: Caller) -> None:
    wanted = definition(deletion_protection=True)
    target.answer("dynamodb_create_table", definition=wanted)
    name = wanted["table_name"]
    refusal = target.refusal("dynamodb_delete_table", table_name=name)
    assert refusal["code"] == "invalid_request"
    assert name in refusal["message"]
    AwsClients().dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    assert target.answer("dynamodb_delete_table", table_name=name)["deleted"] is True
    assert target.answer("dynamodb_delete_table", table_name=name)["deleted"] is False
    assert target.answer("dynamodb_describe_table", table_name=name)["exists"] is False


def test_what_is_not_there_is_not_found(target: Caller) -> None:
    assert target.refusal("dynamodb_get_table_metrics", table_name="nowhere")["code"] == "not_found"
    assert target.refusal("dynamodb_sample_items", table_name="nowhere", limit=1)["code"] == "not_found"
    assert target.answer("dynamodb_validate_table_schema", definition=definition())["exists"] is False


def test_the_service_is_described_and_the_caller_may_do_all(target: Caller) -> None:
    status = target.answer("dynamodb_test_service")
    assert (status["operational"], status["details"]["region"]) == (True, "us-east-1")
    report = target.answer("dynamodb_validate_permissions", table_names=["orders"])
    assert report["ready"] is True
    assert {p["verdict"] for p in report["permissions"]} == {"allowed"}
