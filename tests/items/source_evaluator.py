"""What a source should give, worked out a second time by other means: `decimal`, `datetime`, `json`, plain loops.

It shares nothing with core.items but the sources themselves, on purpose. Numbers are Decimals, sets are Python sets.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from core.items.sources import (
    Chosen,
    DateFormatted,
    FromColumn,
    JoinedText,
    NumberFormatted,
    ParsedJson,
    Rows,
    Source,
    Template,
    WithDefault,
)
from tests.items.evaluator import REJECT, evaluate, read_json

_EXACT = Context(prec=10_000, Emin=-999_999, Emax=999_999, rounding=ROUND_HALF_UP)
_LENGTHS = {"YYYY": 4, "MM": 2, "DD": 2, "HH": 2, "mm": 2, "ss": 2}


def evaluate_source(source: Source, type_: str, kinds: Sequence[str], row: Sequence[Any]) -> Any:
    """The attribute value, None when absent, or REJECT."""
    if isinstance(source, FromColumn):
        return evaluate(type_, kinds[source.column], row[source.column])
    if isinstance(source, Rows):
        return _rows(source, type_, row[source.column])
    if isinstance(source, WithDefault):
        found = evaluate_source(source.of, type_, kinds, row)
        return evaluate(type_, "text", source.text) if found is None else found
    if isinstance(source, Chosen):
        if row[source.flag] == "1":
            return evaluate_source(source.of, type_, kinds, row)
        return evaluate(type_, "text", source.otherwise)
    text = _text(source.of if isinstance(source, ParsedJson) else source, kinds, row)
    if isinstance(source, ParsedJson):
        checked = REJECT if isinstance(text, str) and read_json(text) is REJECT else text
        return _as(type_, "json", checked)
    return _as(type_, "text", text)


def _as(type_: str, kind: str, text: Any) -> Any:
    return REJECT if text is REJECT else evaluate(type_, kind, text)


def _text(source: Source, kinds: Sequence[str], row: Sequence[Any]) -> Any:
    if isinstance(source, JoinedText):
        found = [_text(of, kinds, row) for of in source.of]
        if any(text is REJECT for text in found):
            return REJECT
        known = [text for text in found if text is not None]
        complete = len(known) == len(found)
        return source.separator.join(known) if complete or (source.skip_null and known) else None
    if isinstance(source, Template):
        pieces = [part if isinstance(part, str) else _text(part, kinds, row) for part in source.parts]
        if any(piece is REJECT for piece in pieces):
            return REJECT
        return None if any(piece is None for piece in pieces) else "".join(pieces)
    if isinstance(source, (DateFormatted, NumberFormatted)):
        text = _text(source.of, kinds, row)
        if text is None or text is REJECT:
            return text
        return _date(source, text) if isinstance(source, DateFormatted) else _number(source, text)
    value = evaluate_source(source, "S", kinds, row)
    return value if value is None or value is REJECT else value["S"]


def _date(source: DateFormatted, text: str) -> Any:
    parts = _parts_by(source.source_format, text) if source.source_format is not None else _mysqls_parts(text)
    if parts is None or not _exists(parts):
        return REJECT
    written, at = "", 0
    while at < len(source.format):
        token = next((token for token in _LENGTHS if source.format.startswith(token, at)), None)
        if token is None:
            written += source.format[at]
            at += 1
            continue
        if token not in parts and token in ("YYYY", "MM", "DD"):
            return REJECT
        written += parts.get(token, "00")
        at += len(token)
    return written


def _parts_by(form: str, text: str) -> dict[str, str] | None:
    parts: dict[str, str] = {}
    at = 0
    while form:
        token = next((token for token in _LENGTHS if form.startswith(token)), None)
        if token is None:
            if text[at : at + 1] != form[0]:
                return None
            form, at = form[1:], at + 1
            continue
        piece = text[at : at + _LENGTHS[token]]
        if len(piece) != _LENGTHS[token] or not _digits(piece) or parts.setdefault(token, piece) != piece:
            return None
        form, at = form[len(token) :], at + len(piece)
    return parts if at == len(text) and parts else None


def _mysqls_parts(text: str) -> dict[str, str] | None:
    whole, point, fraction = text.partition(".")
    if point and (not 1 <= len(fraction) <= 6 or not _digits(fraction)):
        return None
    for form in ("YYYY-MM-DD HH:mm:ss", "HH:mm:ss"):
        if (parts := _parts_by(form, whole)) is not None:
            return parts
    if len(whole) == 9 and _digits(whole[0]) and (parts := _parts_by("HH:mm:ss", whole[1:])) is not None:
        return {**parts, "HH": whole[0] + parts["HH"]}
    return _parts_by("YYYY-MM-DD", whole) if not point else None


def _exists(parts: dict[str, str]) -> bool:
    year, month, day, hour = (int(parts.get(token, "0")) for token in ("YYYY", "MM", "DD", "HH"))
    if int(parts.get("mm", "0")) > 59 or int(parts.get("ss", "0")) > 59:
        return False
    if not parts.keys() & {"YYYY", "MM", "DD"}:
        return hour <= 838
    if hour > 23 or month > 12:
        return False
    if month == 0:
        return day <= 31
    leap = "YYYY" not in parts or (year != 0 and calendar.isleap(year))
    return day <= calendar.monthrange(2024 if leap else 2023, month)[1]


def _digits(text: str) -> bool:
    return bool(text) and all(letter in "0123456789" for letter in text)


def _number(source: NumberFormatted, text: str) -> Any:
    if not text.isascii() or text != text.strip() or "_" in text:
        return REJECT
    try:
        value = Decimal(text)
    except InvalidOperation:
        return REJECT
    value = value or Decimal(0)
    if not value.is_finite() or value.as_tuple().exponent > 400:  # type: ignore[operator] # a finite one's is an int
        return REJECT
    rounded = value.quantize(Decimal(1).scaleb(-source.decimals), context=_EXACT)
    whole, _, fraction = f"{rounded.copy_abs():f}".partition(".")
    whole = whole.lstrip("0").rjust(source.minimum_integer_digits, "0")
    if source.grouping:
        backwards = whole[::-1]
        whole = ",".join(backwards[at : at + 3] for at in range(0, len(backwards), 3))[::-1]
    sign = "-" if rounded < 0 else ""
    return sign + (f"{whole}.{fraction}" if fraction else whole or "0")


def _rows(source: Rows, type_: str, cell: str | None) -> Any:
    if cell is None:
        nothing: dict[str, Any] = {"L": {"L": []}, "S": {"S": "[]"}}
        return nothing[type_] if source.shape == "array" else None
    kinds = [field.kind for field in source.fields]
    if source.shape == "values":
        texts = [text for text in json.loads(cell) if text is not None]
        if type_ == "L":
            return _whole(_native(json.loads(cell), [kinds[0]] * len(json.loads(cell)), 1), "L")
        found = [_member(type_, kinds[0], text) for text in texts]
        return REJECT if REJECT in found else ({type_: set(found)} if found else None)
    rows = json.loads(cell) if source.shape == "array" else [json.loads(cell)]
    if type_ == "S":
        objects = [_object(source, row) for row in rows]
        if any(text is REJECT for text in objects):
            return REJECT
        return {"S": "[" + ", ".join(objects) + "]" if source.shape == "array" else objects[0]}
    level = 2 if source.shape == "array" else 1
    maps = [_named(source, _native(row, kinds, level)) for row in rows]
    if any(found is REJECT for found in maps):
        return REJECT
    return {"L": maps} if source.shape == "array" else maps[0]


def _member(type_: str, kind: str, text: str) -> Any:
    if type_ == "BS":
        return bytes(int(text[at : at + 2], 16) for at in range(0, len(text), 2)) if kind == "binary" else text.encode()
    cell: Any = _member("BS", "binary", text) if kind == "binary" else text
    found = evaluate(type_[0], "text" if kind == "bit" else kind, cell)
    return REJECT if found is REJECT else found[type_[0]]


def _native(texts: list[str | None], kinds: list[str], level: int) -> Any:
    """The texts as attribute values that stand one level below `level`."""
    values: list[Any] = []
    for text, kind in zip(texts, kinds, strict=True):
        if text is None:
            values.append({"NULL": True})
        elif kind == "json":
            alone = REJECT if read_json(text) is REJECT else "[" * level + text + "]" * level
            wrapped = _as("L", "json", alone)
            for _ in range(level):
                wrapped = wrapped if wrapped is REJECT else wrapped["L"][0]
            values.append(wrapped)
        else:
            type_ = {"binary": "B"}.get(kind, "N" if kind in ("integer", "decimal", "float", "double", "bit") else "S")
            found = _member("BS" if type_ == "B" else type_ * 2, kind, text)
            values.append(found if found is REJECT else {type_: found})
    return REJECT if any(value is REJECT for value in values) else values


def _whole(values: Any, type_: str) -> Any:
    return REJECT if values is REJECT else ({type_: values} if values else None)


def _named(source: Rows, values: Any) -> Any:
    return REJECT if values is REJECT else {"M": {f.key: value for f, value in zip(source.fields, values, strict=True)}}


def _object(source: Rows, row: list[str | None]) -> Any:
    members = []
    for field, text in zip(source.fields, row, strict=True):
        written: Any = "null"
        if text is not None and field.kind == "json":
            written = REJECT if read_json(text) is REJECT else text.strip()
        elif text is not None and field.kind in ("integer", "decimal", "float", "double", "bit"):
            sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
            while len(digits) > 1 and digits[0] == "0" and digits[1] in "0123456789":
                digits = digits[1:]
            written = sign + digits
        elif text is not None:
            written = json.dumps(text, ensure_ascii=False)
        if written is REJECT:
            return REJECT
        members.append(json.dumps(field.key, ensure_ascii=False) + ": " + written)
    return "{" + ", ".join(members) + "}"
