"""Objects in the local runtime's bucket."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

import pytest

from adapters.local.runtime import RuntimeState
from adapters.servers import s3
from adapters.servers.aws_clients import AwsClients
from tests.servers.conftest import Caller

pytestmark = pytest.mark.aws


@pytest.fixture
def bucket(runtime: RuntimeState) -> str:
    return runtime.env["TABLEFERRY_BUCKET"]


@pytest.fixture
def prefix() -> str:
    return f"t/{secrets.token_hex(6)}/"


def test_text_and_bytes_come_back_as_they_went(objects: Caller, bucket: str, prefix: str) -> None:
    body = bytes(range(256)) * 1000
    encoded = base64.b64encode(body).decode()
    put = objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}b", base64=encoded)
    assert (put["size_bytes"], put["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    got = objects.answer("s3_get_object", bucket=bucket, key=f"{prefix}b", encoding="base64")
    assert (got["base64"], got["text"], got["truncated"], got["etag"]) == (encoded, None, False, put["etag"])

    objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}ü 𝄞", text="héllo\n", content_type="text/plain")
    assert objects.answer("s3_get_object", bucket=bucket, key=f"{prefix}ü 𝄞")["text"] == "héllo\n"
    assert AwsClients().s3.head_object(Bucket=bucket, Key=f"{prefix}ü 𝄞")["ContentType"] == "text/plain"


def test_an_empty_object_is_an_object(objects: Caller, bucket: str, prefix: str) -> None:
    objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}e", text="")
    got = objects.answer("s3_get_object", bucket=bucket, key=f"{prefix}e")
    assert (got["text"], got["size_bytes"], got["truncated"]) == ("", 0, False)


def test_reading_is_bounded_and_does_not_cut_a_character(objects: Caller, bucket: str, prefix: str) -> None:
    objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}t", text="aé𝄞")
    texts = [
        objects.answer("s3_get_object", bucket=bucket, key=f"{prefix}t", max_bytes=size) for size in (1, 2, 3, 6, 7)
    ]
    assert [(t["text"], t["truncated"]) for t in texts] == [
        ("a", True),
        ("a", True),
        ("aé", True),
        ("aé", True),
        ("aé𝄞", False),
    ]
    assert {t["size_bytes"] for t in texts} == {7}


@pytest.mark.parametrize(
    ("start", "text", "truncated"),
    [(0, "012", True), (4, "456", True), (7, "789", False), (10, "", False), (99, "", False)],
)
def test_reading_can_begin_anywhere(
    objects: Caller, bucket: str, prefix: str, start: int, text: str, truncated: bool
) -> None:
    objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}t", text="0123456789")
    got = objects.answer("s3_get_object", bucket=bucket, key=f"{prefix}t", max_bytes=3, start=start)
    assert (got["text"], got["truncated"], got["size_bytes"]) == (text, truncated, 10)


def test_bytes_that_are_no_text_are_refused_as_text(objects: Caller, bucket: str, prefix: str) -> None:
    objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}x", base64="//4=")
    refusal = objects.refusal("s3_get_object", bucket=bucket, key=f"{prefix}x")
    assert (refusal["code"], "base64" in refusal["remedy"]) == ("invalid_request", True)


@pytest.mark.parametrize(
    "body", [{}, {"text": "a", "base64": "YQ=="}, {"base64": "no base64"}, {"base64": "YQ"}, {"base64": "é"}]
)
def test_a_body_is_text_or_base64(objects: Caller, bucket: str, body: dict[str, Any]) -> None:
    assert objects.refusal("s3_put_object", bucket=bucket, key="k", **body)["code"] == "invalid_request"


def test_listing_goes_on_after_the_last_key(objects: Caller, bucket: str, prefix: str) -> None:
    names = [f"{prefix}{i:02}" for i in range(7)]
    for name in names:
        objects.answer("s3_put_object", bucket=bucket, key=name, text="x")
    found: list[str] = []
    while True:
        page = objects.answer(
            "s3_list_objects", bucket=bucket, prefix=prefix, max_keys=3, start_after=found[-1] if found else ""
        )
        found += [o["key"] for o in page["objects"]]
        if not page["truncated"]:
            break
    assert found == names


def test_deleting_is_idempotent(objects: Caller, bucket: str, prefix: str) -> None:
    objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}d", text="x")
    assert objects.answer("s3_delete_object", bucket=bucket, key=f"{prefix}d") == {"deleted": True}
    assert objects.answer("s3_delete_object", bucket=bucket, key=f"{prefix}d") == {"deleted": True}
    assert objects.refusal("s3_get_object", bucket=bucket, key=f"{prefix}d")["code"] == "not_found"


def test_many_are_deleted_at_once(objects: Caller, bucket: str, prefix: str) -> None:
    for name in ("a", "b", "c"):
        objects.answer("s3_put_object", bucket=bucket, key=f"{prefix}{name}", text="x")
    keys = [f"{prefix}{name}" for name in ("a", "c", "never there")]
    assert objects.answer("s3_delete_objects", bucket=bucket, keys=keys) == {"deleted": 3}
    left = objects.answer("s3_list_objects", bucket=bucket, prefix=prefix)["objects"]
    assert [o["key"] for o in left] == [f"{prefix}b"]
    assert objects.refusal("s3_delete_objects", bucket=bucket, keys=["x"] * 1001)["code"] == "invalid_request"


def test_the_bucket_is_checked(objects: Caller, bucket: str) -> None:
    status = objects.answer("s3_test_service", bucket=bucket)
    assert (status["operational"], status["details"]["bucket"]) == (True, bucket)
    missing = objects.answer("s3_test_service", bucket="no-such-bucket")
    assert (missing["operational"], missing["error"]["code"]) == (False, "not_found")
    assert "no-such-bucket" in missing["error"]["message"]
    report = objects.answer("s3_validate_permissions", bucket=bucket, prefix="p/")
    assert (report["ready"], len(report["permissions"])) == (True, 4)


def test_no_credentials_are_an_authentication_failure(monkeypatch: pytest.MonkeyPatch, aws_env: RuntimeState) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    refusal = Caller(s3.build_server()).refusal("s3_list_objects", bucket="any-bucket")
    assert (refusal["code"], refusal["retryable"]) == ("authentication_failed", False)


def test_an_endpoint_that_is_not_reached_is_a_matter_of_the_network(
    monkeypatch: pytest.MonkeyPatch, aws_env: RuntimeState
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    caller = Caller(s3.build_server())
    refusal = caller.refusal("s3_list_objects", bucket="any-bucket")
    assert (refusal["code"], refusal["retryable"]) == ("network", True)
    assert caller.answer("s3_test_service", bucket="any-bucket")["error"]["code"] == "network"


def test_no_region_is_an_invalid_request(monkeypatch: pytest.MonkeyPatch, aws_env: RuntimeState) -> None:
    from adapters.servers import dynamodb

    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    refusal = Caller(dynamodb.build_server()).refusal("dynamodb_describe_table", table_name="any")
    assert (refusal["code"], "AWS_REGION" in refusal["remedy"]) == ("invalid_request", True)
