"""SS and NS: the distinct elements of a MySQL SET or of a JSON array; an empty set is no attribute at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.items.documents import AttributeValue, Digits, checked_text, parse
from core.items.number import canonical
from core.items.rejects import Reason, RejectedRow


def strings_of_members(text: str) -> AttributeValue | None:
    """The members of a MySQL SET as SS."""
    return _set("SS", text.split(",") if text else ())


def numbers_of_members(text: str) -> AttributeValue | None:
    """The members of a MySQL SET as NS; a member that is no number is a reject."""
    return _set("NS", map(canonical, text.split(",") if text else ()))


def strings_of_json(text: str) -> AttributeValue | None:
    """The strings of a JSON array as SS; any other element is a reject."""
    return _set("SS", map(checked_text, _elements(text, str, "strings")))


def numbers_of_json(text: str) -> AttributeValue | None:
    """The numbers of a JSON array as NS, distinct by value; any other element is a reject."""
    return _set("NS", map(canonical, _elements(text, Digits, "numbers")))


def _elements(text: str, kind: type, plural: str) -> list[Any]:
    value = parse(text)
    if type(value) is not list or any(type(element) is not kind for element in value):
        raise RejectedRow(Reason.JSON_WRONG_SHAPE, f"the JSON value is not an array of {plural} only")
    return value


def _set(type_: str, elements: Iterable[str]) -> AttributeValue | None:
    distinct = list(dict.fromkeys(elements))
    return {type_: distinct} if distinct else None
