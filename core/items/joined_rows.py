"""Joined rows, which the view hands over as JSON of SQL texts, as lists, maps, sets and JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Callable, Optional

from core.items.documents import AttributeValue, native, parse
from core.items.number import canonical
from core.items.plan import Kind
from core.items.rejects import Reason, RejectedRow
from core.items.sources import Field, Rows, Shape

RowsValue = Callable[[Any], Optional[AttributeValue]]
Texts = Sequence[Optional[str]]

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.BIT)
_SEPARATE = "use M or L, or select another column"
_JSON_NUMBER = re.compile(r"(-?)0*([0-9](?:[0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")


def rows_value(source: Rows, type_: str) -> RowsValue:
    """How the cell becomes an attribute value of `type_`; the cell None is no rows, the value None is absent.

    The function raises RejectedRow for values that DynamoDB cannot hold exactly and for JSON that was cut off, and
    TypeError for JSON of another layout than the plan's.
    """
    make, nothing = _MAKERS[source.shape, type_]
    made = make(source.fields)

    def value(cell: Any) -> AttributeValue | None:
        if cell is not None:
            return made(_parsed(cell))
        return None if nothing is None else dict(nothing)

    return value


def rows_problem(source: Rows, type_: str) -> str | None:
    """Why no attribute of `type_` can be made of these rows; None when one can."""
    if source.shape not in Shape.ALL:
        return f"rows have the shapes {', '.join(Shape.ALL)}, not {source.shape}"
    if (source.shape, type_) not in _MAKERS:
        possible = ", ".join(of for shape, of in _MAKERS if shape == source.shape)
        return f"{type_} cannot hold joined rows of this form; use {possible}"
    if source.shape == Shape.VALUES and len(source.fields) != 1:
        return "a collection of values has exactly one field"
    keys = [field.key for field in source.fields]
    if source.shape != Shape.VALUES and ("" in keys or len(set(keys)) < len(keys)):
        return "the keys of a map must be different and not empty"
    return next((problem for field in source.fields if (problem := _kind_problem(field, type_))), None)


def _kind_problem(field: Field, type_: str) -> str | None:
    if type_ == "NS" and field.kind not in (*_NUMBERS, Kind.TEXT, Kind.JSON):
        return f"NS cannot hold MySQL's {field.kind}; use SS or L, or a column of numbers"
    if type_ == "BS" and field.kind not in (Kind.BINARY, Kind.TEXT):
        return f"BS cannot hold MySQL's {field.kind}; use SS or L, or a column of bytes or text"
    if type_ == "S" and field.kind == Kind.BINARY:
        return f"JSON text cannot hold the bytes of {field.key}; {_SEPARATE}"
    return None


def _parsed(cell: Any) -> Any:
    if type(cell) is not str:
        raise TypeError("the server sent bytes for joined rows")
    try:
        return json.loads(cell)
    except ValueError:
        raise RejectedRow(Reason.NOT_JSON, "the joined rows are cut off; look for a limit of the server") from None


def _texts(row: Any, count: int) -> Texts:
    if type(row) is not list or len(row) != count or any(text is not None and type(text) is not str for text in row):
        raise TypeError(f"joined rows are to be lists of {count} texts")
    return row


def _values(rows: Any) -> Texts:
    return _texts(rows, len(rows) if type(rows) is list else -1)


def _arrays(rows: Any, count: int) -> list[Texts]:
    if type(rows) is not list:
        raise TypeError("joined rows are to be a list")
    return [_texts(row, count) for row in rows]


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise TypeError("bytes in joined rows are to be hexadecimal digits") from None


def _native(kind: str) -> Callable[[str | None, int], AttributeValue]:
    def value(text: str | None, level: int) -> AttributeValue:
        if text is None:
            return {"NULL": True}
        if kind in _NUMBERS:
            return {"N": canonical(text)}
        if kind == Kind.BINARY:
            return {"B": _bytes(text)}
        return native(parse(text), level) if kind == Kind.JSON else {"S": text}

    return value


def _map(fields: Sequence[Field]) -> Callable[[Texts, int], AttributeValue]:
    members = [(field.key, _native(field.kind)) for field in fields]

    def value(texts: Texts, level: int) -> AttributeValue:
        return {"M": {key: member(text, level + 1) for (key, member), text in zip(members, texts)}}

    return value


def _json_number(text: str) -> str:
    """The number as it is written, but without the zeros of ZEROFILL, which JSON does not know."""
    match = _JSON_NUMBER.fullmatch(text)
    if match is None:
        raise RejectedRow(Reason.NOT_A_NUMBER, "the text is not a number")
    return "".join(match.groups())


def _json_text(text: str | None, kind: str) -> str:
    if text is None:
        return "null"
    if kind in _NUMBERS:
        return _json_number(text)
    if kind != Kind.JSON:
        return json.dumps(text, ensure_ascii=False)
    parse(text)
    return text.strip()


def _json_object(fields: Sequence[Field]) -> Callable[[Texts], str]:
    members = [(json.dumps(field.key, ensure_ascii=False), field.kind) for field in fields]

    def text(texts: Texts) -> str:
        return "{" + ", ".join(f"{key}: {_json_text(of, kind)}" for (key, kind), of in zip(members, texts)) + "}"

    return text


def _shown(text: str, kind: str) -> str:
    if kind != Kind.BINARY:
        return text
    try:
        return _bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise RejectedRow(Reason.NOT_TEXT, "the bytes are not UTF-8 text") from None


def _number(text: str, kind: str) -> str:
    if kind != Kind.JSON:
        return canonical(text)
    number: str = native(parse(text), 1).get("N", "")
    if not number:
        raise RejectedRow(Reason.NOT_A_NUMBER, "the JSON value is not a number")
    return number


def _member_bytes(text: str, kind: str) -> bytes:
    return _bytes(text) if kind == Kind.BINARY else text.encode("utf-8")


def _set_of(type_: str, member: Callable[[str, str], Any]) -> Callable[[Sequence[Field]], RowsValue]:
    def maker(fields: Sequence[Field]) -> RowsValue:
        kind = fields[0].kind

        def value(rows: Any) -> AttributeValue | None:
            distinct = list(dict.fromkeys(member(text, kind) for text in _values(rows) if text is not None))
            return {type_: distinct} if distinct else None

        return value

    return maker


def _list_of_values(fields: Sequence[Field]) -> RowsValue:
    member = _native(fields[0].kind)

    def value(rows: Any) -> AttributeValue | None:
        texts = _values(rows)
        return {"L": [member(text, 2) for text in texts]} if texts else None

    return value


def _list_of_maps(fields: Sequence[Field]) -> RowsValue:
    member = _map(fields)
    return lambda rows: {"L": [member(texts, 2) for texts in _arrays(rows, len(fields))]}


def _text_of_maps(fields: Sequence[Field]) -> RowsValue:
    member = _json_object(fields)
    return lambda rows: {"S": "[" + ", ".join(map(member, _arrays(rows, len(fields)))) + "]"}


def _one_map(fields: Sequence[Field]) -> RowsValue:
    member = _map(fields)
    return lambda row: member(_texts(row, len(fields)), 1)


def _one_text(fields: Sequence[Field]) -> RowsValue:
    member = _json_object(fields)
    return lambda row: {"S": member(_texts(row, len(fields)))}


_MAKERS: dict[tuple[str, str], tuple[Callable[[Sequence[Field]], RowsValue], AttributeValue | None]] = {
    (Shape.VALUES, "SS"): (_set_of("SS", _shown), None),
    (Shape.VALUES, "NS"): (_set_of("NS", _number), None),
    (Shape.VALUES, "BS"): (_set_of("BS", _member_bytes), None),
    (Shape.VALUES, "L"): (_list_of_values, None),
    (Shape.ARRAY, "L"): (_list_of_maps, {"L": []}),
    (Shape.ARRAY, "S"): (_text_of_maps, {"S": "[]"}),
    (Shape.OBJECT, "M"): (_one_map, None),
    (Shape.OBJECT, "S"): (_one_text, None),
}
