"""What a cell should become, worked out a second time with other means: `decimal`, `json` with Decimals, plain loops.

It shares nothing with core.items, on purpose: where both agree, both would have to be wrong in the same way.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

REJECT = object()
ABSENT = None

_NUMERIC = {"integer", "decimal", "float", "double"}
_SMALLEST = Decimal("1E-130")
_LARGEST = Decimal("9.9999999999999999999999999999999999999E+125")


def evaluate(type_: str, kind: str, cell: str | bytes | None) -> Any:
    """The attribute value with numbers as Decimals, None when absent, or REJECT."""
    if type_ == "NULL":
        return {"NULL": True} if cell is None else REJECT
    if cell is None:
        return ABSENT
    found = _FORMS[type_](kind, cell)
    return found if found is REJECT or found is ABSENT else {type_: found}


def as_number(text: str) -> Any:
    """A Decimal that DynamoDB can hold exactly, or REJECT."""
    if not text.isascii() or text != text.strip() or "_" in text:
        return REJECT
    try:
        value = Decimal(text)
    except InvalidOperation:
        return REJECT
    if not value.is_finite():
        return REJECT
    return value if _fits(value) else REJECT


def with_decimals(value: dict[str, Any] | None) -> Any:
    """An attribute value with its numbers as Decimals and its sets as Python sets, for comparing."""
    if value is None:
        return None
    ((type_, content),) = value.items()
    if type_ == "N":
        return {"N": Decimal(content)}
    if type_ == "NS":
        assert len(set(content)) == len(content)
        return {"NS": {Decimal(member) for member in content}}
    if type_ == "SS":
        assert len(set(content)) == len(content)
        return {"SS": set(content)}
    if type_ == "L":
        return {"L": [with_decimals(element) for element in content]}
    if type_ == "M":
        return {"M": {name: with_decimals(member) for name, member in content.items()}}
    return value


def _fits(value: Decimal) -> bool:
    if value == 0:
        return True
    significant = "".join(map(str, value.as_tuple().digits)).strip("0")
    return len(significant) <= 38 and _SMALLEST <= value.copy_abs() <= _LARGEST


def _string(kind: str, cell: Any) -> Any:
    if kind == "bit":
        return str(sum(byte << (8 * place) for place, byte in enumerate(reversed(cell))))
    if kind == "binary":
        try:
            return str(cell, "utf-8")
        except UnicodeDecodeError:
            return REJECT
    return cell


def _number(kind: str, cell: Any) -> Any:
    if kind == "bit":
        return Decimal(_string(kind, cell))
    if kind == "json":
        found = read_json(cell)
        return found if isinstance(found, Decimal) and _fits(found) else REJECT
    if kind == "binary":
        return as_number(cell.decode("latin-1"))
    return as_number(cell)


def _bytes(kind: str, cell: Any) -> Any:
    return cell.encode("utf-8") if isinstance(cell, str) else cell


def _boolean(kind: str, cell: Any) -> Any:
    if kind == "json":
        found = read_json(cell)
        return found if isinstance(found, bool) else REJECT
    return any(cell) if kind == "bit" else Decimal(cell) != 0


def _map(_: str, cell: Any) -> Any:
    found = read_json(cell)
    return _native(found, 1)["M"] if isinstance(found, dict) and _nestable(found, 1) else REJECT


def _list(_: str, cell: Any) -> Any:
    found = read_json(cell)
    return _native(found, 1)["L"] if isinstance(found, list) and _nestable(found, 1) else REJECT


def _strings(kind: str, cell: Any) -> Any:
    found = (cell.split(",") if cell else []) if kind == "set" else read_json(cell)
    if not isinstance(found, list) or not all(isinstance(element, str) and _encodable(element) for element in found):
        return REJECT
    return set(found) or ABSENT


def _numbers(kind: str, cell: Any) -> Any:
    if kind == "set":
        found: Any = [as_number(member) for member in cell.split(",")] if cell else []
    else:
        found = read_json(cell)
    if not isinstance(found, list) or not all(isinstance(element, Decimal) and _fits(element) for element in found):
        return REJECT
    return set(found) or ABSENT


_FORMS = {
    "S": _string,
    "N": _number,
    "B": _bytes,
    "BOOL": _boolean,
    "M": _map,
    "L": _list,
    "SS": _strings,
    "NS": _numbers,
}


def read_json(text: str) -> Any:
    """Python's reading of the JSON with Decimals; REJECT for what is none, names used twice, NaN."""

    def members(pairs: list[tuple[str, Any]]) -> Any:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ValueError("twice")
        return dict(pairs)

    def refuse(_: str) -> Any:
        raise ValueError("constant")

    try:
        return json.loads(
            text, parse_float=_decimal, parse_int=_decimal, parse_constant=refuse, object_pairs_hook=members
        )
    except (ValueError, RecursionError):
        return REJECT


def _decimal(text: str) -> Decimal:
    """A number of JSON; one that is beyond Decimal itself is beyond DynamoDB in any case."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")


def _nestable(value: Any, level: int) -> bool:
    if level > 32:
        return False
    if isinstance(value, Decimal):
        return _fits(value)
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, list):
        return all(_nestable(element, level + 1) for element in value)
    if isinstance(value, dict):
        return all(name and _encodable(name) and _nestable(member, level + 1) for name, member in value.items())
    return True


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _native(value: Any, level: int) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Decimal):
        return {"N": value}
    if isinstance(value, list):
        return {"L": [_native(element, level + 1) for element in value]}
    return {"M": {name: _native(member, level + 1) for name, member in value.items()}}
