"""Values as an SQL server holds them, their texts, and how they compare: worked out in Python alone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

EXACT = Context(prec=200)
_LONGEST = 80  # characters of a text that is compared with a padding collation
_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)


class Unspecified(Exception):  # noqa: N818 - not an error: the contract's meaning leaves this case open
    """CONTRACT.md does not say which of several answers is right here."""


@dataclass(frozen=True)
class Day:
    """A DATE."""

    text: str


@dataclass(frozen=True)
class Moment:
    """A DATETIME or TIMESTAMP in UTC, with as many digits of the second as its column has."""

    text: str


@dataclass(frozen=True)
class Span:
    """A TIME."""

    text: str


@dataclass(frozen=True)
class Single:
    """A FLOAT, as MySQL shows it."""

    text: str


@dataclass(frozen=True)
class Filled:
    """A ZEROFILL integer."""

    number: int
    width: int


@dataclass(frozen=True)
class Bits:
    """A BIT(n)."""

    number: int
    bits: int


@dataclass(frozen=True)
class Members:
    """A SET's members, in its own order."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A JSON column's value, spelled as both engines spell it."""

    text: str


@dataclass(frozen=True)
class Point:
    """A geometry."""

    x: int
    y: int


Value = (
    int
    | Decimal
    | float
    | str
    | bytes
    | Day
    | Moment
    | Span
    | Single
    | Filled
    | Bits
    | Members
    | Document
    | Point
    | None
)


def text_of(value: Value) -> str:
    """MySQL's text of a value that is neither NULL nor bytes."""
    match value:
        case bool() | int():
            return str(int(value))
        case Decimal():
            return f"{value:f}" if value else f"{value.copy_abs():f}"
        case float():
            text = repr(value)
            return text.removesuffix(".0").replace("e+", "e")
        case str():
            return value
        case Filled():
            return str(value.number).zfill(value.width)
        case Bits():
            return str(value.number)
        case Members():
            return ",".join(value.names)
        case Point():
            return f"POINT({value.x} {value.y})"
        case Day() | Moment() | Span() | Single() | Document():
            return value.text
    raise TypeError(f"{value!r} has no text")


def number_of(value: Value) -> Decimal | float | None:
    """The number that a numeric value is; None for any other value."""
    match value:
        case bool() | int():
            return Decimal(int(value))
        case Decimal() | float():
            return value
        case Single():
            return float(value.text)
        case Filled() | Bits():
            return Decimal(value.number)
    return None


def compared(left: Value, right: Value, collation: str | None) -> int | None:
    """Negative, 0 or positive as `left` is below, equal to or above `right`; None when one is NULL."""
    if left is None or right is None:
        return None
    a, b = _comparable(left, right, collation)
    return int(a > b) - int(a < b)


def sort_key(value: Value, collation: str | None) -> Any:
    """What orders values of one column; NULLs come first."""
    if value is None:
        return (0, 0)
    return (1, _comparable(value, value, collation)[0])


def _comparable(left: Any, right: Any, collation: str | None) -> tuple[Any, Any]:
    numbers = number_of(left), number_of(right)
    if numbers[0] is not None and numbers[1] is not None:
        exact = isinstance(numbers[0], Decimal) and isinstance(numbers[1], Decimal)
        return numbers if exact else (float(numbers[0]), float(numbers[1]))
    if isinstance(left, str) and isinstance(right, str):
        return weights(left, collation), weights(right, collation)
    if isinstance(left, str) and numbers[1] is not None:
        return _leading_number(left), float(numbers[1])
    if isinstance(right, str) and numbers[0] is not None:
        return float(numbers[0]), _leading_number(right)
    if isinstance(left, bytes) or isinstance(right, bytes):
        return tuple(side if isinstance(side, bytes) else text_of(side).encode() for side in (left, right))  # type: ignore[return-value] # two of them
    if isinstance(left, Span) and isinstance(right, Span):
        return _seconds(left.text), _seconds(right.text)
    if any(isinstance(side, (Day, Moment)) for side in (left, right)):
        return _padded(text_of(left)), _padded(text_of(right))
    raise TypeError(f"{left!r} and {right!r} are not compared by any contract here")


def weights(text: str, collation: str | None) -> Any:
    """What a collation compares: `bin` and `ci` pad with blanks, `nopad` does not."""
    if collation == "nopad":
        return [ord(c) for c in text]
    folded = "".join(map(_general, text)) if collation == "ci" else text
    return [ord(c) for c in folded.ljust(_LONGEST)]


def _general(letter: str) -> str:
    """utf8mb4_general_ci: no case, no accents, and all letters beyond 16 bits are one."""
    if ord(letter) > 0xFFFF:
        return "\ufffd"
    if letter == "ß":
        return "S"
    base = unicodedata.normalize("NFD", letter)[0].upper()
    return base if len(base) == 1 else letter


def _leading_number(text: str) -> float:
    found = _LEADING_NUMBER.match(text)
    return float(found[1]) if found else 0.0


def _padded(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole if ' ' in whole else whole + ' 00:00:00'}.{fraction.ljust(6, '0')}"


def _seconds(text: str) -> Decimal:
    hours, minutes, seconds = text.lstrip("-").split(":")
    total = Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal(seconds)
    return -total if text.startswith("-") else total
