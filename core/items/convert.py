"""One cell to one attribute value: which MySQL kinds can be which DynamoDB types, and how.

`Optional` is spelled out in what runs at import: Glue's Python 3.9 has no `X | None` there.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from core.items import documents, sets
from core.items.documents import AttributeValue
from core.items.number import canonical, is_nonzero
from core.items.plan import Cell, Kind
from core.items.rejects import Reason, RejectedRow

Converter = Callable[[Cell], Optional[AttributeValue]]
ValueConverter = Callable[[Any], Optional[AttributeValue]]

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE)
_MOMENTS = (Kind.DATE, Kind.DATETIME, Kind.TIME)
_SHOWN = (*_NUMBERS, *_MOMENTS, Kind.TEXT, Kind.SET, Kind.JSON)


def converter(type_: str, kind: str) -> Converter:
    """How a cell of `kind` becomes an attribute value of `type_`; None means that the attribute is absent.

    The function it returns raises RejectedRow (its `attribute` still empty) for a value DynamoDB cannot hold exactly,
    and TypeError when the server sent bytes for text or text for bytes. Raises ValueError for what `unsupported` names.
    """
    convert = value_converter(type_, kind)
    return _null if type_ == "NULL" else _unless_null(convert)


def value_converter(type_: str, kind: str) -> ValueConverter:
    """The same for cells that are not NULL: what a loop over rows calls, which looks for NULL itself."""
    reason = unsupported(type_, kind)
    if reason is not None:
        raise ValueError(reason)
    return _null if type_ == "NULL" else _CONVERSIONS[type_][kind]


def unsupported(type_: str, kind: str) -> str | None:
    """Why no column of `kind` can be an attribute of `type_`, with what to use instead; None when it can."""
    if type_ == "NULL" and kind in Kind.ALL:
        return None
    if type_ == "BS":
        return "BS: no MySQL type holds a set of binaries; use B for one binary"
    if type_ not in _CONVERSIONS:
        return f"{type_} is not a DynamoDB type; use S, N, B, SS, NS, M, L, BOOL or NULL"
    if kind in _CONVERSIONS[type_]:
        return None
    return f"{type_} cannot hold MySQL's {kind}; {_INSTEAD[type_]}"


def _unless_null(convert: ValueConverter) -> Converter:
    def converted(cell: Cell) -> AttributeValue | None:
        return None if cell is None else convert(cell)

    return converted


def _null(cell: Cell) -> AttributeValue | None:
    if cell is None:
        return {"NULL": True}
    raise RejectedRow(Reason.NOT_NULL, "the column holds a value, the attribute's type NULL holds none")


def _text(cell: str) -> AttributeValue:
    if type(cell) is not str:
        raise TypeError("the server sent bytes for a column that the plan calls text")
    return {"S": cell}


def _text_of_bytes(cell: bytes) -> AttributeValue:
    try:
        return {"S": cell.decode("utf-8")}
    except UnicodeDecodeError:
        raise RejectedRow(Reason.NOT_TEXT, "the bytes are not UTF-8 text") from None


def _text_of_bits(cell: bytes) -> AttributeValue:
    return {"S": str(int.from_bytes(cell, "big"))}


def _number(cell: str) -> AttributeValue:
    return {"N": canonical(cell)}


def _number_of_bits(cell: bytes) -> AttributeValue:
    return {"N": str(int.from_bytes(cell, "big"))}


def _number_of_bytes(cell: bytes) -> AttributeValue:
    try:
        return {"N": canonical(cell.decode("ascii"))}
    except UnicodeDecodeError:
        raise RejectedRow(Reason.NOT_A_NUMBER, "the bytes are not the digits of a number") from None


def _binary(cell: bytes) -> AttributeValue:
    if type(cell) is not bytes:
        raise TypeError("the server sent text for a column that the plan calls binary")
    return {"B": cell}


def _binary_of_text(cell: str) -> AttributeValue:
    return {"B": cell.encode("utf-8")}


def _boolean(cell: str) -> AttributeValue:
    return {"BOOL": is_nonzero(cell)}


def _boolean_of_bits(cell: bytes) -> AttributeValue:
    return {"BOOL": any(cell)}


_CONVERSIONS: dict[str, dict[str, ValueConverter]] = {
    "S": {**dict.fromkeys(_SHOWN, _text), Kind.BINARY: _text_of_bytes, Kind.BIT: _text_of_bits},
    "N": {
        **dict.fromkeys((*_NUMBERS, Kind.TEXT), _number),
        Kind.BIT: _number_of_bits,
        Kind.BINARY: _number_of_bytes,
        Kind.JSON: documents.number_value,
    },
    "B": {Kind.BINARY: _binary, Kind.BIT: _binary, Kind.TEXT: _binary_of_text},
    "BOOL": {**dict.fromkeys(_NUMBERS, _boolean), Kind.BIT: _boolean_of_bits, Kind.JSON: documents.boolean_value},
    "M": dict.fromkeys((Kind.JSON, Kind.TEXT), documents.map_value),
    "L": dict.fromkeys((Kind.JSON, Kind.TEXT), documents.list_value),
    "SS": {Kind.SET: sets.strings_of_members, **dict.fromkeys((Kind.JSON, Kind.TEXT), sets.strings_of_json)},
    "NS": {Kind.SET: sets.numbers_of_members, **dict.fromkeys((Kind.JSON, Kind.TEXT), sets.numbers_of_json)},
}

_INSTEAD = {
    "S": "no type can",
    "N": "use S, or a column of numbers",
    "B": "use S or N, or a column of bytes or text",
    "BOOL": "use S, or a column of integers, BIT(1) or JSON booleans",
    "M": "use S, or a column of JSON objects",
    "L": "use S, or a column of JSON arrays",
    "SS": "use S, or a SET column, or a column of JSON arrays of strings",
    "NS": "use N or S, or a SET column, or a column of JSON arrays of numbers",
}
