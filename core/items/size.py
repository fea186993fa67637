"""How many bytes DynamoDB counts for an item; never fewer than it does.

Source: "DynamoDB item sizes and formats",
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
- a name or a string: its bytes of UTF-8; a binary: its bytes; null and boolean: 1 byte
- a number: "approximately" 1 byte per two significant digits + 1 byte, zeros at both ends not counted
- a list or map: 3 bytes + 1 byte per element + the elements (and their names)
What the page leaves open is counted high here: how digits pair up, a byte for the minus sign, sets as if lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

MAX_ITEM_BYTES = 409_600
_MAX_NUMBER_BYTES = 21  # of 38 digits: 20 for the pairs at their worst, 1 for the exponent


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of an item in low-level form, names included; the limit is 409,600."""
    total = 0
    for name, value in item.items():
        total += len(name) if name.isascii() else len(name.encode("utf-8"))
        for type_, content in value.items():
            total += _SIZES[type_](content)
    return total


def value_size(value: Mapping[str, Any]) -> int:
    """Bytes of one attribute value in low-level form, its name not included."""
    for type_, content in value.items():
        return _SIZES[type_](content)
    raise ValueError("an attribute value without a type")


def text_size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8"))


def number_size(digits: str) -> int:
    """Bytes of a number in canonical text, at most 21; for n digits the worst pairing, n // 2 + 1, and 1 more."""
    significant = len(digits.replace(".", "").strip("-0"))
    return min(significant // 2 + 2 + digits.startswith("-"), _MAX_NUMBER_BYTES)


def _map_size(members: Mapping[str, Mapping[str, Any]]) -> int:
    return 3 + len(members) + item_size(members)


def _list_size(elements: list[Mapping[str, Any]]) -> int:
    return 3 + len(elements) + sum(map(value_size, elements))


def _strings_size(members: list[str]) -> int:
    return 3 + len(members) + sum(map(text_size, members))


def _numbers_size(members: list[str]) -> int:
    return 3 + len(members) + sum(map(number_size, members))


def _binaries_size(members: list[bytes]) -> int:
    return 3 + len(members) + sum(map(len, members))


def _one_byte(_: object) -> int:
    return 1


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": text_size,
    "N": number_size,
    "B": len,
    "BOOL": _one_byte,
    "NULL": _one_byte,
    "M": _map_size,
    "L": _list_size,
    "SS": _strings_size,
    "NS": _numbers_size,
    "BS": _binaries_size,
}
