"""The four transformations, and templates (rules 15 and 16)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from tests.contract_evaluator.attribute_values import ParsedText, RejectedValue, shown
from tests.contract_evaluator.matching import Source
from tests.contract_evaluator.sql_values import EXACT

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TOKENS = {"YYYY": 4, "MM": 2, "DD": 2, "HH": 2, "mm": 2, "ss": 2}
_MYSQL = ("YYYY-MM-DD HH:mm:ss", "YYYY-MM-DD", "HH:mm:ss")

TextOfAttribute = Callable[[str], str | None]


def filled(template: str, source: Source, attribute: TextOfAttribute, own: str | None = None) -> str | None:
    """A text with its {placeholders} filled: a column of the source table, else an attribute; None when one is NULL.

    `own` is the attribute that joins or calculates what its own placeholder means.
    """
    missing = False

    def text(found: re.Match[str]) -> str:
        nonlocal missing
        name = None if found[1] == own else source.record.column(found[1])
        value = attribute(found[1]) if name is None else shown(source.record.value(name))
        missing = missing or value is None
        return value or ""

    whole = _PLACEHOLDER.sub(text, template)
    return None if missing else whole


def named(template: str, source: Source) -> list[str]:
    """The placeholders that are no columns of the source table, and so attributes."""
    return [name for name in _PLACEHOLDER.findall(template) if source.record.column(name) is None]


def transformed(transformation: dict[str, Any], value: Any) -> Any:
    """date-format, number-format or json-parse of a value that is not NULL. Raises RejectedValue."""
    text = shown(value) or ""
    if transformation["type"] == "json-parse":
        return ParsedText(text)
    if transformation["type"] == "number-format":
        return number_format(transformation["format"], text)
    return date_format(transformation["format"], transformation.get("source_format"), text)


def date_format(format_: str, source_format: str | None, text: str) -> str:
    """The same moment written another way; a time that the text does not have is 00."""
    whole, point, fraction = text.partition(".")
    if source_format is None and point and fraction.isdecimal():
        text = whole
    read = [_read(form, text) for form in ((source_format,) if source_format else _MYSQL)]
    if source_format is None and re.fullmatch(r"[1-8]\d\d(:[0-5]\d){2}", text, re.ASCII):
        read = [dict(zip(("HH", "mm", "ss"), text.split(":"), strict=True))]  # a TIME of over 99 hours
    parts = next((p for p in read if p is not None and _exists(p)), None)
    if parts is None or any(t in format_ and t not in parts for t in ("YYYY", "MM", "DD")):
        raise RejectedValue("not_a_date")
    return re.sub("YYYY|MM|DD|HH|mm|ss", lambda found: parts.get(found[0], "00"), format_)


def _read(form: str, text: str) -> dict[str, str] | None:
    parts: dict[str, str] = {}
    at = 0
    for piece in re.split("(YYYY|MM|DD|HH|mm|ss)", form):
        size = _TOKENS.get(piece, len(piece))
        found = text[at : at + size]
        at += size
        if piece in _TOKENS:
            if len(found) != size or not (found.isascii() and found.isdecimal()) or parts.get(piece, found) != found:
                return None
            parts[piece] = found
        elif found != piece:
            return None
    return parts if at == len(text) else None


def _exists(parts: dict[str, str]) -> bool:
    """Whether there is such a moment; the generator's dates are all after year 0."""
    number = {token: int(text) for token, text in parts.items()}
    if len(parts.get("HH", "")) > 2:
        return True
    try:
        datetime.date(number.get("YYYY", 2000), number.get("MM", 1), number.get("DD", 1))
        datetime.time(number.get("HH", 0), number.get("mm", 0), number.get("ss", 0))
    except ValueError:
        return False
    return True


def number_format(format_: str, text: str) -> str:
    """Rounded half away from zero to the format's decimals, at least its whole digits, commas with #,##."""
    try:
        number = Decimal(text) if re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text) else None
    except InvalidOperation:
        number = None
    if number is None:
        raise RejectedValue("not_a_number")
    whole_form, _, decimals = format_.partition(".")
    rounded = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, context=EXACT)
    whole, _, fraction = f"{rounded.copy_abs():f}".partition(".")
    least = whole_form.removeprefix("#,##").count("0")
    digits = whole.lstrip("0").rjust(least, "0")
    if "," in whole_form:
        digits = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", digits)
    sign = "-" if rounded < 0 else ""
    return sign + (f"{digits}.{fraction}" if decimals else digits or "0")
