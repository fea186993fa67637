"""AWS's error codes as a caller can act on them."""

from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from adapters.servers.aws_errors import aws_call, translate_aws
from core.errors import TableferryError

CODES = [
    ("AccessDeniedException", 400, "permission_denied", False),
    ("AccessDenied", 403, "permission_denied", False),
    ("403", 403, "permission_denied", False),
    ("UnrecognizedClientException", 400, "authentication_failed", False),
    ("InvalidSignatureException", 400, "authentication_failed", False),
    ("InvalidAccessKeyId", 403, "authentication_failed", False),
    ("ExpiredTokenException", 400, "authentication_failed", False),
    ("ThrottlingException", 400, "throttled", True),
    ("ProvisionedThroughputExceededException", 400, "throttled", True),
    ("RequestLimitExceeded", 400, "throttled", True),
    ("SlowDown", 503, "throttled", True),
    ("LimitExceededException", 400, "throttled", True),
    ("ResourceNotFoundException", 400, "not_found", False),
    ("EntityNotFoundException", 400, "not_found", False),
    ("NoSuchKey", 404, "not_found", False),
    ("NoSuchEntity", 404, "not_found", False),
    ("404", 404, "not_found", False),
    ("AlreadyExistsException", 400, "already_exists", False),
    ("ResourceInUseException", 400, "already_exists", False),
    ("ResourceExistsException", 400, "already_exists", False),
    ("ConcurrentRunsExceededException", 400, "conflict", False),
    ("ConcurrentModificationException", 400, "conflict", False),
    ("ValidationException", 400, "invalid_request", False),
    ("InvalidInputException", 400, "invalid_request", False),
    ("InvalidParameterValue", 400, "invalid_request", False),
    ("PermanentRedirect", 301, "invalid_request", False),
    ("InternalServerError", 500, "unavailable", True),
    ("InternalFailure", 500, "unavailable", True),
    ("ServiceUnavailable", 503, "unavailable", True),
    ("SomethingNew", 502, "unavailable", True),
    ("SomethingNew", 400, "invalid_request", False),
    ("OperationTimeoutException", 400, "timeout", True),
]


@pytest.mark.parametrize(("aws_code", "status", "code", "retryable"), CODES)
def test_an_answer_of_aws_has_one_code(aws_code: str, status: int, code: str, retryable: bool) -> None:
    answer = {"Error": {"Code": aws_code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(TableferryError) as caught, aws_call("table orders"):
        raise ClientError(answer, "DescribeTable")  # type: ignore[arg-type]
    error = caught.value
    assert (error.code, error.retryable, error.facts["aws_code"]) == (code, retryable, aws_code)
    assert all(part in error.message for part in ("table orders", "DescribeTable", aws_code, "why"))
    assert error.remedy


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (exceptions.NoCredentialsError(), "authentication_failed"),
        (exceptions.ProfileNotFound(profile="x"), "authentication_failed"),
        (exceptions.NoRegionError(), "invalid_request"),
        (exceptions.ParamValidationError(report="x"), "invalid_request"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), "network"),
        (exceptions.ConnectionClosedError(endpoint_url="http://x"), "unavailable"),
        (exceptions.ConnectTimeoutError(endpoint_url="http://x"), "network"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), "timeout"),
        (exceptions.SSLError(endpoint_url="http://x", error=ValueError("bad")), "network"),
    ],
)
def test_a_request_that_got_no_answer_has_one_code(failure: Exception, code: str) -> None:
    assert translate_aws(failure, "bucket b").code == code


def test_other_exceptions_are_left_alone() -> None:
    with pytest.raises(KeyError), aws_call("x"):
        raise KeyError("ours")
