"""A row's attribute values, compiled: one closure per attribute, called for every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional

from core.items.amounts import number_formatter
from core.items.convert import value_converter
from core.items.dates import date_formatter
from core.items.documents import AttributeValue, parse
from core.items.joined_rows import rows_value
from core.items.plan import Cell, Column, Kind
from core.items.problems import source_problem
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

Row = Sequence[Cell]
ValueOf = Callable[[Row], Optional[AttributeValue]]
TextOf = Callable[[Row], Optional[str]]

__all__ = ["Row", "TextOf", "ValueOf", "compile_text", "compile_value", "source_problem"]


def compile_value(source: Source, type_: str, columns: Sequence[Column]) -> ValueOf:
    """A function from a row to the attribute value; None means that the attribute is absent.

    It raises RejectedRow (its `attribute` still empty) for what DynamoDB cannot hold exactly, and TypeError for a cell
    of another kind than the plan's. Raises ValueError for what `source_problem` names.
    """
    problem = source_problem(source, type_, columns)
    if problem is not None:
        raise ValueError(problem)
    return _value(source, type_, columns)


def compile_text(source: Source, columns: Sequence[Column]) -> TextOf:
    """The same for the text (S) of a source that stands inside another; None is NULL."""
    problem = source_problem(source, "S", columns)
    if problem is not None:
        raise ValueError(problem)
    return _text(source, columns)


def _value(source: Source, type_: str, columns: Sequence[Column]) -> ValueOf:
    if isinstance(source, FromColumn):
        return _column_value(source.column, type_, columns[source.column].kind)
    if isinstance(source, Rows):
        return _rows_value(source, type_)
    if isinstance(source, WithDefault):
        return _defaulted(_value(source.of, type_, columns), _literal(source.text, type_))
    if isinstance(source, Chosen):
        return _chosen(source.flag, _value(source.of, type_, columns), _literal(source.otherwise, type_))
    if isinstance(source, ParsedJson) and type_ != "S":
        return _text_value(_text(source.of, columns), type_, Kind.JSON)
    return _text_value(_text(source, columns), type_, Kind.TEXT)


def _text(source: Source, columns: Sequence[Column]) -> TextOf:
    if isinstance(source, JoinedText):
        texts = [_text(of, columns) for of in source.of]
        return _joined(texts, source.separator, source.skip_null)
    if isinstance(source, Template):
        return _template([part if isinstance(part, str) else _text(part, columns) for part in source.parts])
    if isinstance(source, DateFormatted):
        return _changed(_text(source.of, columns), date_formatter(source.format, source.source_format))
    if isinstance(source, NumberFormatted):
        form = number_formatter(source.decimals, source.grouping, source.minimum_integer_digits)
        return _changed(_text(source.of, columns), form)
    if isinstance(source, ParsedJson):
        return _changed(_text(source.of, columns), _json)
    return _text_of(_value(source, "S", columns))


def _column_value(index: int, type_: str, kind: str) -> ValueOf:
    convert, absent = value_converter(type_, kind), _absent(type_)

    def value(row: Row) -> AttributeValue | None:
        cell = row[index]
        return absent if cell is None else convert(cell)

    return value


def _rows_value(source: Rows, type_: str) -> ValueOf:
    index, convert = source.column, rows_value(source, type_)
    return lambda row: convert(row[index])


def _defaulted(of: ValueOf, default: AttributeValue | None) -> ValueOf:
    def value(row: Row) -> AttributeValue | None:
        found = of(row)
        return default if found is None else found

    return value


def _chosen(flag: int, of: ValueOf, otherwise: AttributeValue | None) -> ValueOf:
    return lambda row: of(row) if row[flag] == "1" else otherwise


def _text_value(text_of: TextOf, type_: str, kind: str) -> ValueOf:
    convert, absent = value_converter(type_, kind), _absent(type_)

    def value(row: Row) -> AttributeValue | None:
        text = text_of(row)
        return absent if text is None else convert(text)

    return value


def _text_of(value_of: ValueOf) -> TextOf:
    def text(row: Row) -> str | None:
        value = value_of(row)
        return None if value is None else str(value["S"])

    return text


def _joined(texts: list[TextOf], separator: str, skip_null: bool) -> TextOf:
    def text(row: Row) -> str | None:
        found = [part for part in (of(row) for of in texts) if part is not None]
        if len(found) < len(texts) and not (skip_null and found):
            return None
        return separator.join(found)

    return text


def _template(parts: list[str | TextOf]) -> TextOf:
    def text(row: Row) -> str | None:
        found = [part if isinstance(part, str) else part(row) for part in parts]
        known = [piece for piece in found if piece is not None]
        return "".join(known) if len(known) == len(found) else None

    return text


def _changed(text_of: TextOf, change: Callable[[str], str]) -> TextOf:
    def text(row: Row) -> str | None:
        found = text_of(row)
        return None if found is None else change(found)

    return text


def _json(text: str) -> str:
    parse(text)
    return text


def _literal(text: str | None, type_: str) -> AttributeValue | None:
    """A literal of the contract becomes what a text column's cell would become."""
    return _absent(type_) if text is None else value_converter(type_, Kind.TEXT)(text)


def _absent(type_: str) -> AttributeValue | None:
    return {"NULL": True} if type_ == "NULL" else None
