"""One spelling for what DynamoDB takes for equal: two values are the same exactly when their bytes here are the same.

Numbers are equal by value, sets in any order, maps by name, lists by position, and only within one type (`compare.same`
decides the same for a pair). Every part says its length, so that no two values run into each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from core.items.number import canonical

DIGEST_BYTES = 16  # collisions by chance stay out of reach up to 10^15 items

AttributeValue = Mapping[str, Any]


def item_digest(item: Mapping[str, AttributeValue]) -> bytes:
    """16 bytes that equal items (low-level form, binary as bytes) share and others do not."""
    return _digest(_map(item))


def key_digest(item: Mapping[str, AttributeValue], names: Sequence[str]) -> bytes:
    """16 bytes of the item's key, whose attributes are `names` in the table's order."""
    return _digest(b"".join(map(_value, (item[name] for name in names))))


def content_digest(cells: Sequence[str | bytes | None]) -> bytes:
    """16 bytes of a row of a view as it was read; what rows without a name of their own are known by."""
    return _digest(b"".join(b"-" if cell is None else _cell(cell) for cell in cells))


def _cell(cell: str | bytes) -> bytes:
    return _framed(b"B", cell) if isinstance(cell, bytes) else _framed(b"S", _text(cell))


def _digest(encoded: bytes) -> bytes:
    return hashlib.blake2b(encoded, digest_size=DIGEST_BYTES).digest()


def _value(value: AttributeValue) -> bytes:
    for type_, content in value.items():
        return _framed(type_.encode("ascii"), _ENCODE[type_](content))
    raise ValueError("an attribute value without a type")


def _framed(tag: bytes, body: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(body), body)


def _text(content: str) -> bytes:
    return content.encode("utf-8", "surrogatepass")


def _number(content: str) -> bytes:
    return canonical(content).encode("ascii")


def _members(encode: Callable[[Any], bytes]) -> Callable[[Sequence[Any]], bytes]:
    def encode_set(content: Sequence[Any]) -> bytes:
        return b"".join(_framed(b"", part) for part in sorted({encode(member) for member in content}))

    return encode_set


def _list(content: Sequence[AttributeValue]) -> bytes:
    return b"".join(map(_value, content))


def _map(content: Mapping[str, AttributeValue]) -> bytes:
    return b"".join(_framed(b"", _text(name)) + _value(content[name]) for name in sorted(content))


def _truth(content: bool) -> bytes:
    return b"1" if content else b"0"


_ENCODE: dict[str, Callable[[Any], bytes]] = {
    "S": _text,
    "N": _number,
    "B": bytes,
    "BOOL": _truth,
    "NULL": _truth,
    "SS": _members(_text),
    "NS": _members(_number),
    "BS": _members(bytes),
    "L": _list,
    "M": _map,
}
