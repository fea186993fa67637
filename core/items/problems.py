"""Why an attribute of some type cannot come from a source: what the compiler asks before a plan is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.items.convert import unsupported, value_converter
from core.items.dates import has_date, missing_tokens
from core.items.joined_rows import rows_problem
from core.items.plan import Column, Kind
from core.items.rejects import RejectedRow
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

_DATED = (Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.TEXT, Kind.BINARY)
_NUMERIC = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.BIT, Kind.TEXT, Kind.BINARY, Kind.JSON)


def source_problem(source: Source, type_: str, columns: Sequence[Column]) -> str | None:
    """Why no attribute of `type_` can come from `source`, with what to use instead; None when one can."""
    if isinstance(source, FromColumn):
        return unsupported(type_, columns[source.column].kind)
    if isinstance(source, Rows):
        return rows_problem(source, type_)
    if isinstance(source, WithDefault):
        return _default_problem(source, type_, columns)
    if isinstance(source, Chosen):
        return _chosen_problem(source, type_, columns)
    if isinstance(source, ParsedJson):
        return unsupported(type_, Kind.JSON) or source_problem(source.of, "S", columns)
    return _text_problem(source, type_, columns)


def _default_problem(source: WithDefault, type_: str, columns: Sequence[Column]) -> str | None:
    if type_ not in ("S", "N"):
        return f"a text in place of NULL is for S and N, not for {type_}"
    return source_problem(source.of, type_, columns) or _literal_problem(source.text, type_)


def _chosen_problem(source: Chosen, type_: str, columns: Sequence[Column]) -> str | None:
    if columns[source.flag].kind != Kind.INTEGER:
        return "a condition's column must be an integer: 1 for true"
    return source_problem(source.of, type_, columns) or _literal_problem(source.otherwise, type_)


def _literal_problem(text: str | None, type_: str) -> str | None:
    if text is None:
        return None
    if type_ == "NULL":
        return "NULL holds no text"
    try:
        problem = unsupported(type_, Kind.TEXT)
        if problem is None:
            value_converter(type_, Kind.TEXT)(text)
    except RejectedRow as reject:
        return f"the literal text cannot be {type_}: {reject.message}"
    return problem


def _text_problem(source: Source, type_: str, columns: Sequence[Column]) -> str | None:
    if isinstance(source, JoinedText):
        own = None if source.of else "nothing is joined"
        return own or unsupported(type_, Kind.TEXT) or _first(source.of, columns)
    if isinstance(source, Template):
        parts = [part for part in source.parts if not isinstance(part, str)]
        return unsupported(type_, Kind.TEXT) or _first(parts, columns)
    if isinstance(source, DateFormatted):
        return unsupported(type_, Kind.TEXT) or _first([source.of], columns) or _date_problem(source, columns)
    if isinstance(source, NumberFormatted):
        return unsupported(type_, Kind.TEXT) or _first([source.of], columns) or _number_problem(source, type_, columns)
    raise TypeError(f"{type(source).__name__} is no source of an attribute")


def _first(sources: Iterable[Source], columns: Sequence[Column]) -> str | None:
    return next((problem for of in sources if (problem := source_problem(of, "S", columns))), None)


def _date_problem(source: DateFormatted, columns: Sequence[Column]) -> str | None:
    if isinstance(source.of, Rows):
        return "joined rows are no date or time"
    if source.source_format is not None:
        missing = missing_tokens(source.format, source.source_format)
        return f"the source_format has no {', '.join(missing)}" if missing else None
    kind = _kind(source.of, columns)
    if kind == Kind.TIME and has_date(source.format):
        return "MySQL's time has no date; use HH, mm and ss alone"
    if kind not in _DATED:
        return f"MySQL's {kind} is no date or time; give the source_format that its text has"
    return None


def _number_problem(source: NumberFormatted, type_: str, columns: Sequence[Column]) -> str | None:
    if isinstance(source.of, Rows):
        return "joined rows are no number"
    kind = _kind(source.of, columns)
    if kind not in _NUMERIC:
        return f"MySQL's {kind} is no number"
    if type_ == "N" and source.grouping:
        return "N cannot hold a number with commas; use S"
    return None


def _kind(source: Source, columns: Sequence[Column]) -> str:
    """The kind of the text's column where the text is a column's own; TEXT for all that is made."""
    of = source
    while isinstance(of, (Chosen, WithDefault)):
        of = of.of
    return columns[of.column].kind if isinstance(of, FromColumn) else Kind.TEXT
