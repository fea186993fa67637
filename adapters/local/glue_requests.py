"""Reading the JSON of a Glue request: typed access, and pages of a listing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from adapters.local.glue_errors import invalid_input

Json = dict[str, Any]
Listed = TypeVar("Listed")

# MaxResults is 1 to 200 for runs, 1 to 1000 elsewhere.
# https://docs.aws.amazon.com/glue/latest/webapi/API_GetJobRuns.html
MOST_RESULTS = 1000


def required(request: Json, name: str) -> str:
    """A text that must be there and not be empty."""
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_input(f"{name} is missing.")
    return value


def page(entries: Sequence[Listed], request: Json, *, most: int = MOST_RESULTS) -> tuple[list[Listed], Json]:
    """One page of a listing, and `{"NextToken": ...}` when there is another one."""
    wanted = request.get("MaxResults", most)
    if not isinstance(wanted, int) or not 1 <= wanted <= most:
        raise invalid_input(f"MaxResults must be between 1 and {most}.")
    token = request.get("NextToken") or "0"
    if not isinstance(token, str) or not token.isdecimal():
        raise invalid_input("NextToken is not one of ours.")
    start, end = int(token), int(token) + wanted
    return list(entries[start:end]), {"NextToken": str(end)} if end < len(entries) else {}
