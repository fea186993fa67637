"""Why a cell cannot become an attribute, worked out a second time: the reason that a reject must be named by."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any


def reason_of(type_: str, kind: str, cell: Any) -> str:
    """The reason for a cell that `tests.items.evaluator.evaluate` calls a reject."""
    if type_ in {"NULL", "S"}:
        return {"NULL": "not_null", "S": "not_text"}[type_]
    if kind == "json" and type_ in {"N", "BOOL"}:
        return _scalar(type_, cell)
    if type_ == "N":
        return _number(cell.decode("latin-1") if kind == "binary" else cell)
    if kind == "set":
        return next(filter(None, map(_number, cell.split(","))))
    return _document(type_, cell)


def _number(text: str) -> str:
    """Empty for a number that DynamoDB holds."""
    try:
        value = Decimal(text) if text.isascii() and text == text.strip() and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        return "not_a_number"
    if not value.is_finite():
        return "not_a_number"
    if value and not Decimal("1E-130") <= abs(value) < Decimal("1E126"):
        return "number_out_of_range"
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    return "number_too_precise" if len(digits) > 38 else ""


class _TwiceError(Exception):
    pass


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise _TwiceError
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _document(type_: str, text: str) -> str:
    try:
        value = json.loads(
            text, parse_int=Decimal, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_members
        )
    except _TwiceError:
        return "json_duplicate_name"
    except RecursionError:
        return "json_too_deep"
    except ValueError:
        return "not_json"
    if not isinstance(value, dict if type_ == "M" else list):
        return "json_wrong_shape"
    if type_ in {"SS", "NS"} and not all(isinstance(e, str if type_ == "SS" else Decimal) for e in value):
        return "json_wrong_shape"
    return _inside(value, 1)


def _inside(value: Any, level: int) -> str:
    if level > 32:
        return "json_too_deep"
    if isinstance(value, Decimal):
        return _number(str(value))
    if isinstance(value, str):
        return "not_text" if any("\ud800" <= c <= "\udfff" for c in value) else ""
    if isinstance(value, dict):
        return next(
            (r for n, m in value.items() if (r := ("" if n else "json_empty_name") or _inside(m, level + 1))), ""
        )
    found = (_inside(e, level + 1) for e in value) if isinstance(value, list) else iter(())
    return next((r for r in found if r), "")


def _scalar(type_: str, text: str) -> str:
    try:
        value = json.loads(text, parse_int=Decimal, parse_float=Decimal, object_pairs_hook=_members)
    except _TwiceError:
        return "json_duplicate_name"
    if type_ == "BOOL":
        return "not_a_boolean"
    return _number(str(value)) if isinstance(value, Decimal) else "not_a_number"
