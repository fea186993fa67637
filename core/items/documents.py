"""JSON text as DynamoDB values: exact digits, real booleans, nothing merged, nothing replaced."""

from __future__ import annotations

import json
from typing import Any, Callable, NoReturn

from core.items.number import canonical
from core.items.rejects import Reason, RejectedRow

AttributeValue = dict[str, Any]

# AWS: "nested attributes up to 32 levels deep"; the attribute itself is level 1, a scalar in 31 lists is level 32.
MAX_LEVELS = 32
MAX_NAME_BYTES = 65_535


class Digits(str):
    """A JSON number as it was written; a plain str is a JSON string."""

    __slots__ = ()


def parse(text: str) -> Any:
    """JSON text as dict, list, str, `Digits`, bool or None.

    Raises RejectedRow: not_json, json_duplicate_name, json_too_deep (deeper than Python's own parser can go).
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise RejectedRow(Reason.NOT_JSON, "the text is not JSON") from None


def map_value(text: str) -> AttributeValue:
    """A JSON object as {"M": ...}."""
    return _shaped(text, dict, "object")


def list_value(text: str) -> AttributeValue:
    """A JSON array as {"L": ...}, in its order."""
    return _shaped(text, list, "array")


def number_value(text: str) -> AttributeValue:
    """A JSON number as {"N": ...}; a JSON string of digits is not a number."""
    value = parse(text)
    if type(value) is not Digits:
        raise RejectedRow(Reason.NOT_A_NUMBER, "the JSON value is not a number")
    return {"N": canonical(value)}


def boolean_value(text: str) -> AttributeValue:
    """JSON true or false as {"BOOL": ...}."""
    value = parse(text)
    if type(value) is not bool:
        raise RejectedRow(Reason.NOT_A_BOOLEAN, "the JSON value is neither true nor false")
    return {"BOOL": value}


def checked_text(text: str) -> str:
    """The text itself; a JSON escape can spell half a surrogate pair, which no UTF-8 can carry (not_text)."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise RejectedRow(Reason.NOT_TEXT, "the JSON holds half a surrogate pair, which is no character") from None
    return text


def _shaped(text: str, shape: type, name: str) -> AttributeValue:
    value = parse(text)
    if type(value) is not shape:
        raise RejectedRow(Reason.JSON_WRONG_SHAPE, f"the JSON value is not an {name}")
    return native(value, 1)


def native(value: Any, level: int) -> AttributeValue:
    """What `parse` returned, as an attribute value that stands at `level` of its attribute (1 is the attribute)."""
    if level > MAX_LEVELS:
        raise _too_deep()
    return _VALUES[type(value)](value, level)


def _map(value: dict[str, Any], level: int) -> AttributeValue:
    return {"M": {_name(name): native(member, level + 1) for name, member in value.items()}}


def _list(value: list[Any], level: int) -> AttributeValue:
    return {"L": [native(element, level + 1) for element in value]}


_VALUES: dict[type, Callable[[Any, int], AttributeValue]] = {
    str: lambda value, _: {"S": checked_text(value)},
    Digits: lambda value, _: {"N": canonical(value)},
    bool: lambda value, _: {"BOOL": value},
    type(None): lambda _value, _level: {"NULL": True},
    dict: _map,
    list: _list,
}


def _name(name: str) -> str:
    if not name:
        raise RejectedRow(Reason.JSON_EMPTY_NAME, "the JSON has an empty name, DynamoDB's have at least one character")
    if len(name) * 4 > MAX_NAME_BYTES and len(checked_text(name).encode("utf-8")) > MAX_NAME_BYTES:
        raise RejectedRow(Reason.JSON_NAME_TOO_LONG, f"a name in the JSON has more than {MAX_NAME_BYTES:,} bytes")
    return checked_text(name)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RejectedRow(Reason.JSON_DUPLICATE_NAME, "the JSON has one name twice in one object")
    return members


def _constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are Python's, not JSON's")


def _too_deep() -> RejectedRow:
    return RejectedRow(Reason.JSON_TOO_DEEP, f"the JSON is nested over {MAX_LEVELS} levels")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_float=Digits, parse_int=Digits, parse_constant=_constant)
