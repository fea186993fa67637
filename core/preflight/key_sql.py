"""A key's value in SQL, byte for byte as the loader makes it; None where only the loader can."""

from __future__ import annotations

from collections.abc import Sequence

from core.items.plan import Kind
from core.items.ranges import quoted
from core.items.sources import Chosen, FromColumn, JoinedText, Source, Template, WithDefault
from core.preflight.columns import ColumnFacts

# Kinds whose text in an expression is the text that a client gets; FLOAT and DOUBLE are rounded differently there.
_SAME_TEXT = {*(Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.SET, Kind.JSON), *(Kind.DATE, Kind.DATETIME, Kind.TIME)}
# What DECIMAL(65,30) takes, the widest that both engines compare by value.
_SCALE, _WHOLE = 30, 35


def value_sql(source: Source, type_: str, columns: Sequence[ColumnFacts]) -> str | None:
    """Bytes that two rows share exactly when their keys are equal in DynamoDB; NULL for an absent key."""
    if type_ == "N":
        return _number(source, columns)
    if type_ == "B" and isinstance(source, FromColumn) and columns[source.column].kind in {Kind.BINARY, Kind.BIT}:
        return _bytes(quoted(columns[source.column].name))
    text = text_sql(source, columns)
    return None if text is None else _bytes(text)


def text_sql(source: Source | str, columns: Sequence[ColumnFacts]) -> str | None:
    """The text, in UTF-8 whatever the column's character set."""
    if isinstance(source, str):
        return _literal(source)
    if isinstance(source, FromColumn):
        return _column(columns[source.column])
    if isinstance(source, Template):
        return _concatenated([text_sql(part, columns) for part in source.parts])
    if isinstance(source, JoinedText) and not source.skip_null:
        parts: list[str | None] = []
        for part in source.of:
            parts += [_literal(source.separator)] if parts else []
            parts.append(text_sql(part, columns))
        return _concatenated(parts)
    if isinstance(source, WithDefault):
        of = text_sql(source.of, columns)
        return None if of is None else f"COALESCE({of}, {_literal(source.text)})"
    if isinstance(source, Chosen):
        of = text_sql(source.of, columns)
        otherwise = "NULL" if source.otherwise is None else _literal(source.otherwise)
        flag = quoted(columns[source.flag].name)
        return None if of is None else f"CASE WHEN {flag} = 1 THEN {of} ELSE {otherwise} END"
    return None


def length_sql(source: Source, type_: str, columns: Sequence[ColumnFacts]) -> str | None:
    """The length in bytes of what `value_sql` gives, as DynamoDB counts it of S and B; NULL for an absent value.

    The parts' lengths are added up: a text over max_allowed_packet is NULL on both engines once it is put together.
    """
    if isinstance(source, Template):
        return _added([_part_length(part, columns) for part in source.parts])
    if isinstance(source, JoinedText) and not source.skip_null:
        between = str(len(source.separator.encode()) * (len(source.of) - 1))
        return _added([between, *(_part_length(part, columns) for part in source.of)])
    if isinstance(source, WithDefault):
        of = length_sql(source.of, type_, columns)
        return None if of is None else f"COALESCE({of}, {len(source.text.encode())})"
    if isinstance(source, Chosen):
        of = length_sql(source.of, type_, columns)
        otherwise = "NULL" if source.otherwise is None else str(len(source.otherwise.encode()))
        flag = quoted(columns[source.flag].name)
        return None if of is None else f"CASE WHEN {flag} = 1 THEN {of} ELSE {otherwise} END"
    value = value_sql(source, type_, columns)
    return None if value is None else f"OCTET_LENGTH({value})"


def _part_length(part: Source | str, columns: Sequence[ColumnFacts]) -> str | None:
    return str(len(part.encode())) if isinstance(part, str) else length_sql(part, "S", columns)


def _added(lengths: Sequence[str | None]) -> str | None:
    known = [length for length in lengths if length is not None]
    return None if len(known) < len(lengths) or not known else f"({' + '.join(known)})"


def _column(column: ColumnFacts) -> str | None:
    name = quoted(column.name)
    if column.kind == Kind.BIT:
        return _text(f"{name} + 0")
    return _text(name) if column.kind in _SAME_TEXT else None


def _number(source: Source, columns: Sequence[ColumnFacts]) -> str | None:
    if not isinstance(source, FromColumn):
        return None
    column = columns[source.column]
    name = quoted(column.name)
    if column.kind in {Kind.INTEGER, Kind.BIT}:
        return _bytes(_text(f"CAST({name} + 0 AS DECIMAL(65,{_SCALE}))"))
    if column.kind != Kind.DECIMAL or column.digits is None:
        return None
    digits, scale = column.digits
    fits = digits - scale <= _WHOLE and scale <= _SCALE
    return _bytes(_text(f"CAST({name} AS DECIMAL(65,{_SCALE}))")) if fits else None


def _concatenated(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    return known[0] if len(known) == 1 else f"CONCAT({', '.join(known)})"


def _literal(text: str) -> str:
    """As hexadecimal digits: no quote, backslash or SQL mode has any say in it."""
    return f"CONVERT(X'{text.encode().hex()}' USING utf8mb4)"


def _text(expression: str) -> str:
    return f"CONVERT({expression} USING utf8mb4)"


def _bytes(expression: str) -> str:
    return f"CAST({expression} AS BINARY)"
