"""One value as an attribute value of a DynamoDB type (rules 1 to 8), numbers as Decimals and sets as frozensets."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.contract_evaluator.sql_values import (
    Bits,
    Document,
    Filled,
    Members,
    Point,
    Single,
    Value,
    number_of,
    text_of,
)

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_SMALLEST, _LARGEST = Decimal("1E-130"), Decimal("9.9999999999999999999999999999999999999E+125")


class RejectedValue(Exception):  # noqa: N818 - a row's outcome
    """This value makes its row a reject, for the reason given."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ParsedText:
    """A text that json-parse read."""

    text: str


@dataclass(frozen=True)
class JsonSpelling:
    """Any JSON text that says the same: same values with the same digits, same order."""

    said: Any

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return bool(read_json(other) == self.said)
        return isinstance(other, JsonSpelling) and other.said == self.said

    __hash__ = None  # type: ignore[assignment] # equal to many texts


@dataclass(frozen=True)
class Digits:
    """A number inside JSON as it is written."""

    text: str


def attribute_value(type_: str, value: Value | ParsedText) -> dict[str, Any] | None:
    """The attribute value; None when the attribute is absent. Raises RejectedValue."""
    if type_ == "NULL":
        if value is not None:
            raise RejectedValue("not_null")
        return {"NULL": True}
    if value is None:
        return None
    if isinstance(value, ParsedText):
        read_json(value.text)
        value = value.text if type_ == "S" else Document(value.text)
    found = _MADE[type_](value)
    return None if found is None else {type_: found}


def exact_number(text: str) -> Decimal:
    """A number that DynamoDB holds exactly: 38 digits, 1E-130 to 9.99E+125. Raises RejectedValue."""
    if not _NUMBER.fullmatch(text):
        raise RejectedValue("not_a_number")
    number = Decimal(text)
    if not number:
        return Decimal(0)
    if not _SMALLEST <= abs(number) <= _LARGEST:
        raise RejectedValue("number_out_of_range")
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > 38:
        raise RejectedValue("number_too_precise")
    return number


def read_json(text: str) -> Any:
    """JSON with its objects as lists of (name, value) and its numbers as Digits. Raises RejectedValue."""

    def no_constant(_: str) -> Any:
        raise ValueError("no JSON")

    def named(pairs: list[tuple[str, Any]]) -> Any:
        if len({name for name, _ in pairs}) < len(pairs):
            raise RejectedValue("json_duplicate_name")
        return tuple(pairs)

    try:
        return json.loads(
            text, parse_int=Digits, parse_float=Digits, parse_constant=no_constant, object_pairs_hook=named
        )
    except ValueError:
        raise RejectedValue("not_json") from None


def nested(said: Any, level: int) -> dict[str, Any]:
    """What `read_json` gave, as an attribute value that stands at `level` of 32."""
    if level > 32:
        raise RejectedValue("json_too_deep")
    if said is None:
        return {"NULL": True}
    if isinstance(said, bool):
        return {"BOOL": said}
    if isinstance(said, Digits):
        return {"N": exact_number(said.text)}
    if isinstance(said, str):
        return {"S": said}
    if isinstance(said, list):
        return {"L": [nested(member, level + 1) for member in said]}
    if any(not name for name, _ in said):
        raise RejectedValue("json_empty_name")
    return {"M": {name: nested(member, level + 1) for name, member in said}}


def shown(value: Value | ParsedText) -> str | None:
    """The text (S) of a value, for keys, templates and formats; None for NULL. Raises RejectedValue."""
    found = attribute_value("S", value)
    return None if found is None else found["S"]


def _string(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise RejectedValue("not_text") from None
    return text_of(value)


def _number(value: Any) -> Decimal:
    if isinstance(value, Document):
        said = read_json(value.text)
        if not isinstance(said, Digits):
            raise RejectedValue("not_a_number")
        return exact_number(said.text)
    return exact_number(value.decode("latin-1") if isinstance(value, bytes) else text_of(value))


def _bytes(value: Any) -> bytes:
    match value:
        case bytes():
            return value
        case Bits():
            return value.number.to_bytes((value.bits + 7) // 8, "big")
        case Point():
            return struct.pack("<BIdd", 1, 1, value.x, value.y)
    return text_of(value).encode()


def _boolean(value: Any) -> bool:
    if isinstance(value, Document):
        said = read_json(value.text)
        if not isinstance(said, bool):
            raise RejectedValue("not_a_boolean")
        return said
    if not isinstance(value, (int, Decimal, float, Single, Filled, Bits)):
        raise TypeError(f"BOOL of {value!r}")
    return bool(number_of(value))


def _shaped(value: Any, shape: type, type_: str) -> Any:
    said = read_json(text_of(value))
    if not isinstance(said, shape):
        raise RejectedValue("json_wrong_shape")
    return nested(said, 1)[type_]


def _set(value: Any, member: type) -> frozenset[Any] | None:
    if isinstance(value, Members):
        found: list[Any] = [exact_number(n) if member is Digits else n for n in value.names]
        return frozenset(found) or None
    said = read_json(text_of(value))
    if not isinstance(said, list) or not all(isinstance(m, member) for m in said):
        raise RejectedValue("json_wrong_shape")
    return frozenset(exact_number(m.text) if isinstance(m, Digits) else m for m in said) or None


_MADE: dict[str, Any] = {
    "S": _string,
    "N": _number,
    "B": _bytes,
    "BOOL": _boolean,
    "M": lambda value: _shaped(value, tuple, "M"),
    "L": lambda value: _shaped(value, list, "L"),
    "SS": lambda value: _set(value, str),
    "NS": lambda value: _set(value, Digits),
}
