"""How a key's or an attribute's texts can be: NULL, empty, how long; from the schema alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.items.sources import (
    Chosen,
    DateFormatted,
    FromColumn,
    JoinedText,
    NumberFormatted,
    ParsedJson,
    Source,
    Template,
    WithDefault,
)
from core.preflight.columns import ColumnFacts

_ZEROS = 400  # what core.items.amounts appends at most


@dataclass(frozen=True)
class Extent:
    """What all values of a source have in common; `most` is in bytes of UTF-8, None where nothing bounds it."""

    nullable: bool
    may_be_empty: bool
    most: int | None


def extent_of(source: Source, columns: Sequence[ColumnFacts]) -> Extent:
    """The extent of a source's texts (or bytes)."""
    if isinstance(source, FromColumn):
        column = columns[source.column]
        return Extent(column.nullable, column.may_be_empty, column.most_bytes)
    if isinstance(source, Template):
        return _in_a_row([_literal(p) if isinstance(p, str) else extent_of(p, columns) for p in source.parts])
    if isinstance(source, JoinedText):
        return _joined(source, [extent_of(of, columns) for of in source.of])
    if isinstance(source, WithDefault):
        of, other = extent_of(source.of, columns), _literal(source.text)
        return Extent(False, of.may_be_empty or other.may_be_empty, _greater(of.most, other.most))
    if isinstance(source, Chosen):
        of, other = extent_of(source.of, columns), _literal(source.otherwise or "")
        empty = of.may_be_empty or source.otherwise == ""
        return Extent(of.nullable or source.otherwise is None, empty, _greater(of.most, other.most))
    if isinstance(source, DateFormatted):
        return Extent(extent_of(source.of, columns).nullable, not source.format, 2 * len(source.format.encode()))
    if isinstance(source, NumberFormatted):
        of = extent_of(source.of, columns)
        most = None if of.most is None else 2 * (of.most + _ZEROS) + source.decimals + source.minimum_integer_digits
        return Extent(of.nullable, False, most)
    if isinstance(source, ParsedJson):
        return extent_of(source.of, columns)
    return Extent(True, False, None)


def _literal(text: str) -> Extent:
    return Extent(False, not text, len(text.encode()))


def _in_a_row(parts: Sequence[Extent]) -> Extent:
    return Extent(any(p.nullable for p in parts), all(p.may_be_empty for p in parts), _sum(p.most for p in parts))


def _joined(source: JoinedText, parts: Sequence[Extent]) -> Extent:
    between = len(source.separator.encode()) * (len(parts) - 1)
    whole = _in_a_row([*parts, Extent(False, True, between)])
    if source.skip_null:
        # With all but one part left out, no separator stands in the text.
        empty = any(p.may_be_empty for p in parts)
        return Extent(all(p.nullable for p in parts), empty, whole.most)
    return Extent(whole.nullable, whole.may_be_empty and not between, whole.most)


def _sum(lengths: Iterable[int | None]) -> int | None:
    found = list(lengths)
    return None if None in found else sum(length for length in found if length is not None)


def _greater(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
