"""Samples items, and carries attribute values as JSON: DynamoDB's own form, with binary as base64 text."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from core.errors import InvalidRequestError, ThrottledError

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

MAX_ANSWER_BYTES = 16 * 1024 * 1024
_ATTEMPTS = 8


class SampleAnswer(BaseModel):
    """Items, and the keys asked for that have none."""

    items: list[Item]
    missing_keys: list[Item]


def items_by_keys(clients: AwsClients, table: str, keys: Sequence[Item]) -> SampleAnswer:
    """The items of these keys, by consistent reads."""
    wanted = {_canonical(key): key for key in keys}
    found: list[Item] = []
    size = 0
    names = list(keys[0])
    requests = [_map_binary(_with_plain_numbers(key), _from_base64) for key in wanted.values()]
    for page in _read_pages(clients, table, requests):
        for raw in page:
            item = _map_binary(raw, _to_base64)
            size += len(str(item))
            found.append(item)
        if size > MAX_ANSWER_BYTES:
            raise InvalidRequestError(
                f"The items of these {len(keys)} keys of {table} are more than {MAX_ANSWER_BYTES // 1024**2} MiB.",
                remedy="Ask for fewer keys at once.",
            )
    present = {_canonical({name: item[name] for name in names}) for item in found}
    return SampleAnswer(items=found, missing_keys=[key for text, key in wanted.items() if text not in present])


def first_items(clients: AwsClients, table: str, limit: int) -> SampleAnswer:
    """Some items: those that a Scan answers first, at most 1 MB of them."""
    with aws_call(f"DynamoDB table {table}"):
        answer = clients.dynamodb.scan(TableName=table, Limit=limit)
    return SampleAnswer(items=[_map_binary(item, _to_base64) for item in answer["Items"]], missing_keys=[])


def _read_pages(clients: AwsClients, table: str, keys: list[Item]) -> Iterator[list[Any]]:
    """BatchGetItem answers at most 16 MB and hands back the keys it did not read."""
    pause = 0.05
    for _ in range(_ATTEMPTS):
        with aws_call(f"DynamoDB table {table}"):
            answer: Any = clients.dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        page = answer["Responses"].get(table, [])
        yield page
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if not left:
            return
        keys = list(left)
        if not page:
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
    raise ThrottledError(
        f"DynamoDB left {len(keys)} keys of {table} unread after {_ATTEMPTS} attempts.", remedy="Try again later."
    )


def _canonical(key: Item) -> str:
    """A key's text, the same for keys that DynamoDB holds for one."""
    return repr(sorted((name, *next(iter(part.items()))) for name, part in _with_plain_numbers(key).items()))


def _with_plain_numbers(key: Item) -> Item:
    """The key with its numbers written in one way: to DynamoDB 1, 1.0 and 1e0 are one number."""
    return {
        name: {kind: _plain_number(name, value) if kind == "N" else value for kind, value in part.items()}
        for name, part in key.items()
    }


def _plain_number(name: str, text: Any) -> str:
    try:
        number = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 130:
        raise InvalidRequestError(f"The key attribute {name} is no number of DynamoDB's.", remedy="Correct the key.")
    # The default context would round to 28 digits; DynamoDB has 38.
    return format(Context(prec=40).normalize(number), "f")


def _map_binary(item: Mapping[str, Any], convert: Any) -> Any:
    return {name: _value(value, convert) for name, value in item.items()}


def _value(value: Mapping[str, Any], convert: Any) -> AttributeValue:
    if len(value) != 1:
        raise InvalidRequestError("An attribute value has exactly one type.", remedy='Write {"S": "x"}, for example.')
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: convert(content)}
    if kind == "BS":
        return {kind: [convert(part) for part in content]}
    if kind == "L":
        return {kind: [_value(part, convert) for part in content]}
    if kind == "M":
        return {kind: _map_binary(content, convert)}
    return {kind: content}


def _to_base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _from_base64(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise InvalidRequestError("A binary key is not base64.", remedy="Encode the bytes as base64.") from None
