"""Turns what botocore raises into `core.errors`, by what a caller can do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import (
    AlreadyExistsError,
    AuthenticationFailedError,
    CallTimedOutError,
    ConflictError,
    InternalError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    TableferryError,
    ThrottledError,
    UnavailableError,
)

# The first pattern that matches AWS's error code decides. HEAD requests have no body, so S3 answers them by number.
_BY_CODE: tuple[tuple[str, type[TableferryError], str], ...] = (
    (
        r"UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|InvalidClientTokenId|InvalidAccessKeyId"
        r"|InvalidToken|MissingAuthenticationToken|IncompleteSignature|RequestExpired|RequestTimeTooSkewed|InvalidSecurity",
        AuthenticationFailedError,
        "Check the AWS credentials (AWS_PROFILE or AWS_ACCESS_KEY_ID) and the clock.",
    ),
    (
        r"^(AccessDenied|UnauthorizedOperation|UnauthorizedAccess|NotAuthorized|AllAccessDisabled|KMSAccessDenied|403)",
        PermissionDeniedError,
        "Allow this identity the action that the message names.",
    ),
    (
        r"Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|TooManyRequests|SlowDown|BandwidthLimit"
        r"|^LimitExceeded|ResourceNumberLimitExceeded|^429$",
        ThrottledError,
        "Try again later, or ask AWS to raise the limit.",
    ),
    (r"^ConcurrentRunsExceeded", ConflictError, "A run of this job is still going on: look at its runs."),
    (
        r"ResourceNotFound|^NoSuch|EntityNotFound|TableNotFound|^NotFound|^404$",
        NotFoundError,
        "Check the name, the region and the account.",
    ),
    (
        r"AlreadyExists|ResourceExists|ResourceInUse|BucketAlreadyOwnedByYou|IdempotentParameterMismatch",
        AlreadyExistsError,
        "Use another name, or look at what has it.",
    ),
    (r"ConcurrentModification|OperationAborted|ConditionalCheckFailed|^409$", ConflictError, "Look again, then retry."),
    (r"RequestTimeout|OperationTimeout", CallTimedOutError, "Try again."),
    (r"Internal|ServiceUnavailable|^5\d\d$", UnavailableError, "Try again."),
    (
        r"Validation|Invalid|Malformed|MissingParameter|BadDigest|EntityTooLarge|PermanentRedirect|^30\d$|^400$"
        r"|IllegalLocation|Serialization|NotImplemented|MethodNotAllowed|UnknownOperation|KMS",
        InvalidRequestError,
        "Correct the request.",
    ),
)


def is_aws_failure(exc: BaseException) -> bool:
    """Whether botocore raised it."""
    return type(exc).__module__.startswith(("botocore.", "boto3."))


@contextmanager
def aws_call(where: str) -> Iterator[None]:
    """Calls to AWS about `where` ("DynamoDB table 'orders'"); what fails is raised as a `TableferryError`."""
    try:
        yield
    except Exception as exc:
        if not is_aws_failure(exc):
            raise
        raise translate_aws(exc, where) from exc


def aws_code(exc: BaseException) -> str:
    """AWS's own error code, or the exception's name."""
    response: dict[str, Any] = getattr(exc, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(exc).__name__)


def translate_aws(exc: BaseException, where: str) -> TableferryError:
    """The typed form of a botocore exception; `where` names the resource for the message."""
    if isinstance(getattr(exc, "response", None), dict):
        return _of_answer(exc, where)
    return _of_client(exc, where)


def _of_answer(exc: Any, where: str) -> TableferryError:
    code, message = aws_code(exc), str(exc.response.get("Error", {}).get("Message", ""))
    status = int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    facts = {"aws_code": code, "operation": exc.operation_name, "http_status": status}
    text = f"AWS refused {exc.operation_name} for {where} ({code}): {message or 'no message'}".rstrip(".") + "."
    for pattern, error, remedy in _BY_CODE:
        if re.search(pattern, code):
            return error(text, remedy=remedy, **facts)
    if status >= 500:
        return UnavailableError(text, remedy="Try again.", **facts)
    if 400 <= status < 500:
        return InvalidRequestError(text, remedy="Correct the request.", **facts)
    return InternalError(text, **facts)


_BY_EXCEPTION: tuple[tuple[tuple[str, ...], type[TableferryError], str], ...] = (
    (
        (
            "NoCredentialsError",
            "PartialCredentialsError",
            "CredentialRetrievalError",
            "ProfileNotFound",
            "TokenRetrievalError",
            "SSOTokenLoadError",
            "UnauthorizedSSOTokenError",
            "LoginRefreshRequired",
        ),
        AuthenticationFailedError,
        "Give AWS credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.",
    ),
    (("NoRegionError",), InvalidRequestError, "Set AWS_REGION."),
    (("ReadTimeoutError",), CallTimedOutError, "Try again; look first whether it happened."),
    (("ParamValidationError", "InvalidRegionError"), InvalidRequestError, "Correct the request."),
)


def _of_client(exc: BaseException, where: str) -> TableferryError:
    kinds = {cls.__name__ for cls in type(exc).__mro__}
    facts = {"exception": type(exc).__name__}
    for names, error, remedy in _BY_EXCEPTION:
        if kinds & set(names):
            return error(f"The request about {where} failed: {_one_line(exc)}.", remedy=remedy, **facts)
    remedy = "Check the network and AWS_ENDPOINT_URL, then try again."
    if kinds & {"EndpointConnectionError", "ConnectTimeoutError", "SSLError", "ProxyConnectionError"}:
        return NetworkError(f"AWS cannot be reached about {where}: {_one_line(exc)}.", remedy=remedy, **facts)
    if kinds & {"HTTPClientError", "ConnectionError"}:
        return UnavailableError(f"AWS did not answer about {where}: {_one_line(exc)}.", remedy=remedy, **facts)
    return InvalidRequestError(f"The request about {where} failed: {_one_line(exc)}.", **facts)


def _one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split()).rstrip(".")
