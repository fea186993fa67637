"""A chunk's key range as an SQL condition: lexicographic, and simple enough for the optimiser to read one range."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.items.plan import Cell, Chunk, Column, ItemPlan, Kind

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)

Condition = tuple[str, list[str]]


def quoted(name: str) -> str:
    """The name as an SQL identifier, safe in a statement that takes `%s` parameters."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


def condition(columns: Sequence[Column], chunk: Chunk) -> Condition:
    """SQL with `%s` for texts, and the texts: keys above `lower` (excluded) up to `upper` (included).

    The bounds of the first column stand in front by themselves, so that the optimiser reads one range of the index.
    Raises ValueError for bounds that do not fit the columns.
    """
    parts: list[str] = []
    texts: list[str] = []
    if chunk.lower is not None:
        _add(parts, texts, *_side(columns, chunk.lower, ">", ">"))
    if chunk.upper is not None:
        _add(parts, texts, *_side(columns, chunk.upper, "<", "<="))
    return " AND ".join(parts) or "TRUE", texts


def item_condition(item: ItemPlan, chunk: Chunk, entity_column: str | None) -> Condition:
    """The same for a chunk of `item`; in a view of several entities the rows of that entity alone."""
    where, texts = condition([item.columns[index] for index in item.chunk_columns], chunk)
    return _of_entity(item, where, texts, entity_column)


def rows_condition(item: ItemPlan, keys: Sequence[Sequence[Cell]], entity_column: str | None) -> Condition:
    """The same for the rows whose chunk columns hold one of `keys` (at least one), as the server compares them."""
    columns = [item.columns[index] for index in item.chunk_columns]
    parts: list[str] = []
    texts: list[str] = []
    for cells in keys:
        if len(cells) != len(columns):
            raise ValueError(f"a row's key has {len(cells)} values for {len(columns)} key columns")
        literals = [_literal(column, cell) for column, cell in zip(columns, cells)]
        parts.append(" AND ".join(f"{quoted(c.name)} = {sql}" for c, (sql, _) in zip(columns, literals)))
        texts += [text for _, some in literals for text in some]
    return _of_entity(item, "(" + " OR ".join(f"({part})" for part in parts) + ")", texts, entity_column)


def _of_entity(item: ItemPlan, where: str, texts: list[str], entity_column: str | None) -> Condition:
    if item.entity is None:
        return where, texts
    if entity_column is None:
        raise ValueError(f"the plan has no column that says which rows are {item.entity}")
    # Bytes: a collation would call `User` and `user` one entity, and `User ` too.
    return f"{quoted(entity_column)} = CAST(%s AS BINARY) AND {where}", [item.entity, *texts]


def _add(parts: list[str], texts: list[str], sql: str, more: Sequence[str]) -> None:
    parts.append(sql)
    texts.extend(more)


def _side(columns: Sequence[Column], bound: Sequence[Cell], strict: str, last: str) -> Condition:
    if len(bound) != len(columns):
        raise ValueError(f"a chunk's bound has {len(bound)} values for {len(columns)} key columns")
    sql, texts = _beyond(columns, bound, strict, last)
    if len(columns) == 1:
        return sql, texts
    literal, text = _literal(columns[0], bound[0])
    return f"{quoted(columns[0].name)} {strict}= {literal} AND {sql}", [*text, *texts]


def _beyond(columns: Sequence[Column], bound: Sequence[Cell], strict: str, last: str) -> Condition:
    name, (literal, text) = quoted(columns[0].name), _literal(columns[0], bound[0])
    if len(columns) == 1:
        return f"{name} {last} {literal}", text
    rest, rest_texts = _beyond(columns[1:], bound[1:], strict, last)
    return f"({name} {strict} {literal} OR ({name} = {literal} AND {rest}))", [*text, *text, *rest_texts]


def _literal(column: Column, cell: Cell) -> Condition:
    """A number as a number (a text would be compared as a double), bytes as 0x (right for BIT too), else a text."""
    if cell is None:
        raise ValueError(f"a chunk's bound is NULL in key column {column.name}")
    if isinstance(cell, bytes):
        return ("0x" + cell.hex() if cell else "X''"), []
    if column.kind in _NUMBERS:
        if not _NUMBER.fullmatch(cell):
            raise ValueError(f"a chunk's bound is no number in key column {column.name}")
        return cell, []
    return "%s", [cell]
