"""Two rows with one key: whether a unique index of the source makes that impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from core.items.plan import Column, ItemPlan, Kind
from core.items.sources import FromColumn, JoinedText, Source, Template

# Types whose values of these kinds differ whenever the source's values differ, byte for byte or by value.
_KEEPS_APART = {
    "S": {Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.BINARY, Kind.DATE, Kind.DATETIME, Kind.TIME},
    "N": {Kind.INTEGER, Kind.DECIMAL, Kind.BIT},
    "B": {Kind.BINARY, Kind.TEXT, Kind.BIT},
}
_WITHOUT_HASH = {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME}


@dataclass(frozen=True)
class KeyedRows:
    """One entity's plan, and the source's unique keys as the view columns that hold them (of rows, not of matches)."""

    item: ItemPlan
    unique_columns: Sequence[frozenset[int]]


def keys_are_distinct(entities: Sequence[KeyedRows]) -> bool:
    """Whether no two rows can have one key: those of an entity by a unique index, those of two by constant texts."""
    within = all(_tells_rows_apart(entity) for entity in entities)
    return within and all(_never_meet(one.item, other.item) for one, other in combinations(entities, 2))


def _tells_rows_apart(rows: KeyedRows) -> bool:
    """The key gives away all columns of a unique key, so that different rows have different keys."""
    determined: set[int] = set()
    for source, type_ in _key_sources(rows.item):
        determined |= _determined(source, type_, rows.item.columns)
    return any(columns <= determined for columns in rows.unique_columns)


def _never_meet(one: ItemPlan, other: ItemPlan) -> bool:
    """One of the key's parts begins so differently in the two that they cannot be the same text.

    Texts that differ may be equal numbers.
    """
    pairs = zip(_key_sources(one), _key_sources(other), strict=True)
    return any(type_ != "N" and _begin_apart(_beginning(a), _beginning(b)) for (a, type_), (b, _) in pairs)


def _beginning(source: Source) -> tuple[str, bool]:
    """The literal text that every value begins with, and whether that is all of it."""
    if not isinstance(source, Template):
        return "", False
    literal = ""
    for part in source.parts:
        if not isinstance(part, str):
            return literal, False
        literal += part
    return literal, True


def _begin_apart(one: tuple[str, bool], other: tuple[str, bool]) -> bool:
    (text, whole), (other_text, other_whole) = one, other
    if whole and other_whole:
        return text != other_text
    could_meet = (text.startswith(other_text) and not other_whole) or (other_text.startswith(text) and not whole)
    return not could_meet


def _key_sources(item: ItemPlan) -> list[tuple[Source, str]]:
    sources = {a.name: a.source for a in item.attributes}
    return [(sources[key.name], key.type) for key in item.keys if key.index is None]


def _determined(source: Source, type_: str, columns: Sequence[Column]) -> set[int]:
    """The view columns whose value the key attribute gives away."""
    if isinstance(source, Template):
        parts = [part for part in source.parts if not isinstance(part, str)]
        # Texts that differ may be one number: 1.1 and 1.10.
        gives_away = len(parts) == 1 and (type_ != "N" or len(source.parts) == 1)
        return _determined(parts[0], type_, columns) if gives_away else set()
    if isinstance(source, FromColumn):
        return {source.column} if columns[source.column].kind in _KEEPS_APART[type_] else set()
    if not isinstance(source, JoinedText) or type_ == "N" or source.separator != "#" or source.skip_null:
        return set()
    if not all(isinstance(part, FromColumn) for part in source.of):
        return set()
    indexes = [part.column for part in source.of if isinstance(part, FromColumn)]
    kinds = [columns[i].kind for i in indexes]
    free = [k for k in kinds if k not in _WITHOUT_HASH]
    # With at most one part that may hold '#', the parts can be read back from the text: from both ends.
    readable = len(free) <= 1 and all(k in _KEEPS_APART["S"] for k in kinds)
    return set(indexes) if readable else set()
