"""Whether every value of a column becomes an attribute value: certain, certain unless some rows look odd, or unknown.

What is certain here was checked against `core.items.convert` and its neighbours; tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.items.number import MAX_DIGITS
from core.items.plan import Attribute, Kind
from core.items.ranges import quoted
from core.items.sources import (
    Chosen,
    DateFormatted,
    FromColumn,
    JoinedText,
    NumberFormatted,
    Source,
    Template,
    WithDefault,
)
from core.preflight.columns import ColumnFacts

_AS_TEXT = {
    *(Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.BIT),
    *(Kind.DATE, Kind.DATETIME, Kind.TIME),
} | {*(Kind.TEXT, Kind.SET, Kind.JSON)}
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.BIT}


@dataclass(frozen=True)
class Doubt:
    """Why it is not certain; `suspects` is SQL, true for every row that could fail; None where SQL cannot tell."""

    why: str
    suspects: str | None = None


def doubts_of(attribute: Attribute, columns: Sequence[ColumnFacts]) -> list[Doubt]:
    """What keeps it from being certain that every row's value becomes the attribute; empty when it is certain."""
    return [
        Doubt(f"attribute {attribute.name}: {doubt.why}", doubt.suspects)
        for doubt in _doubts(attribute.source, attribute.type, columns)
    ]


def _doubts(source: Source, type_: str, columns: Sequence[ColumnFacts]) -> list[Doubt]:
    if isinstance(source, FromColumn):
        doubt = _column_doubt(columns[source.column], type_)
        return [] if doubt is None else [doubt]
    if isinstance(source, (WithDefault, Chosen)):
        return _doubts(source.of, type_, columns)
    if type_ not in {"S", "B"}:
        return [Doubt(f"{type_} made of a text is known only when it is converted")]
    if isinstance(source, (Template, JoinedText)):
        parts = source.parts if isinstance(source, Template) else source.of
        return [doubt for part in parts if not isinstance(part, str) for doubt in _doubts(part, "S", columns)]
    if isinstance(source, (DateFormatted, NumberFormatted)) and isinstance(source.of, FromColumn):
        doubt = _format_doubt(source, columns[source.of.column])
        return [] if doubt is None else [doubt]
    return [Doubt("its text is known only when it is made")]


def _column_doubt(column: ColumnFacts, type_: str) -> Doubt | None:
    kind = column.kind
    if type_ == "S":
        return None if kind in _AS_TEXT else Doubt("bytes may be no UTF-8")
    if type_ == "B":
        return None
    if type_ == "BOOL":
        return None if kind in _NUMBERS else Doubt("JSON may be neither true nor false")
    if type_ == "SS" and kind == Kind.SET:
        return None
    if type_ == "N" and kind in _NUMBERS:
        return _number_doubt(column)
    return Doubt(f"{type_} of {kind} is known only when it is converted")


def _number_doubt(column: ColumnFacts) -> Doubt | None:
    name = quoted(column.name)
    if column.kind in {Kind.INTEGER, Kind.BIT}:
        return None
    if column.kind == Kind.DECIMAL:
        fits = column.digits is not None and column.digits[0] <= MAX_DIGITS
        return None if fits else Doubt(f"a DECIMAL may have over {MAX_DIGITS} digits")
    if column.digits is not None and column.digits[0] > MAX_DIGITS:
        return Doubt(f"a {column.kind} of this width may have over {MAX_DIGITS} digits")
    if column.kind == Kind.FLOAT:
        return None  # 1.4E-45 to 3.4E+38, of six digits
    # A margin for the comparison itself: rows near the limits are looked at exactly.
    suspects = f"(ABS({name}) >= 1e125 OR ({name} <> 0 AND ABS({name}) < 1e-129))"
    return Doubt("a DOUBLE may be out of range", suspects)


def _format_doubt(source: DateFormatted | NumberFormatted, column: ColumnFacts) -> Doubt | None:
    name = quoted(column.name)
    if isinstance(source, NumberFormatted):
        return None if column.kind in _NUMBERS else Doubt("a text may be no number")
    if source.source_format is not None or column.kind not in {Kind.DATE, Kind.DATETIME, Kind.TIME}:
        return Doubt("a text may be no date")
    if column.kind == Kind.TIME:
        return Doubt("a TIME may be negative", f"({name} < '00:00:00')")
    # Under ALLOW_INVALID_DATES, MySQL stores 31 February; LAST_DAY of such a date is NULL.
    day = f"DAYOFMONTH({name})"
    return Doubt("a date may not exist", f"({day} > 28 AND COALESCE({day} > DAYOFMONTH(LAST_DAY({name})), TRUE))")
