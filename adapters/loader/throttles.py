"""Which refusals of DynamoDB pass by themselves."""

from __future__ import annotations

from botocore.exceptions import ClientError

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionConflictException",
        "InternalServerError",
        "ServiceUnavailable",
    }
)


def passing(error: ClientError) -> str:
    """Why the same request may succeed later, in a word; "" when it will not."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return f"{code} {status}" if code in _THROTTLED or status >= 500 else ""
