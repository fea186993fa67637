"""Two rows with one key: proved impossible by a unique index, or looked for by a query over the view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from core.compile.select import ENTITY_COLUMN
from core.items.plan import Column, ItemPlan, Kind
from core.items.sources import FromColumn, JoinedText, Source, Template

# Types whose values of these kinds differ whenever the source's values differ, byte for byte or by value.
_KEEPS_APART = {
    "S": {Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.BINARY, Kind.DATE, Kind.DATETIME, Kind.TIME},
    "N": {Kind.INTEGER, Kind.DECIMAL, Kind.BIT},
    "B": {Kind.BINARY, Kind.TEXT, Kind.BIT},
}
_WITHOUT_HASH = {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME}
SAMPLES = 10  # keys that a message names


@dataclass(frozen=True)
class KeyedRows:
    """One entity's plan, and the source's unique keys as the view columns that hold them (rows, not matches)."""

    item: ItemPlan
    unique_columns: Sequence[frozenset[int]]


def collision_query(view: str, entities: Sequence[KeyedRows]) -> str | None:
    """SQL that lists up to `SAMPLES` keys that several rows of the view share, with their number of rows.

    None where a unique key of the one source makes that impossible, and where a key cannot be said in SQL: then the
    loader and the counts at validation find it. Compares bytes, not by collation; numbers that differ only in spelling
    are left to the counts at validation.
    """
    if len(entities) == 1 and _is_determined(entities[0]):
        return None
    selects = [_keys_of(view, number, e.item, len(entities) > 1) for number, e in enumerate(entities)]
    if any(s is None for s in selects):
        return None
    roles = [k.role for k in entities[0].item.keys if k.index is None]
    inner = " UNION ALL ".join(s for s in selects if s is not None)
    columns = ", ".join(f"`k`.`{r}`" for r in roles)
    # NULL and empty keys are rejects, each row for itself; this comparison is true for neither.
    present = " AND ".join(f"`k`.`{r}` <> ''" for r in roles)
    return (
        f"SELECT {columns}, COUNT(*) AS n FROM ({inner}) AS k WHERE {present} "  # noqa: S608 - our own columns
        f"GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT {SAMPLES}"
    )


def _is_determined(rows: KeyedRows) -> bool:
    keys = [k for k in rows.item.keys if k.index is None]
    sources = {a.name: a.source for a in rows.item.attributes}
    determined: set[int] = set()
    for key in keys:
        determined |= _determined(sources[key.name], key.type, rows.item.columns)
    return any(columns <= determined for columns in rows.unique_columns)


def _determined(source: Source, type_: str, columns: Sequence[Column]) -> set[int]:
    """The view columns whose value the key attribute gives away."""
    if isinstance(source, FromColumn):
        return {source.column} if columns[source.column].kind in _KEEPS_APART[type_] else set()
    if not isinstance(source, JoinedText) or source.separator != "#" or source.skip_null:
        return set()
    if not all(isinstance(part, FromColumn) for part in source.of):
        return set()
    indexes = [part.column for part in source.of if isinstance(part, FromColumn)]
    kinds = [columns[i].kind for i in indexes]
    free = [k for k in kinds if k not in _WITHOUT_HASH]
    # With at most one part that may hold '#', the parts can be read back from the text: from both ends.
    readable = len(free) <= 1 and all(k in _KEEPS_APART["S"] for k in kinds)
    return set(indexes) if readable else set()


def _keys_of(view: str, number: int, item: ItemPlan, several: bool) -> str | None:
    sources = {a.name: a.source for a in item.attributes}
    selected: list[exp.Expr] = []
    for key in item.keys:
        if key.index is None:
            text = _text(sources[key.name], item.columns)
            if text is None:
                return None
            cast = exp.cast(text, exp.DataType.build("BINARY", dialect="mysql"))
            selected.append(exp.alias_(cast, key.role, quoted=True))
    select = exp.select(*selected).from_(exp.table_(view, quoted=True))
    if several:
        select = select.where(exp.column(ENTITY_COLUMN, quoted=True).eq(exp.Literal.string(str(number))))
    return select.sql("mysql")


def _text(source: Source | str, columns: Sequence[Column]) -> exp.Expr | None:
    """The key's text in SQL; None for a source that only the loader can compute."""
    if isinstance(source, str):
        return exp.Literal.string(source)
    if isinstance(source, FromColumn):
        return exp.column(columns[source.column].name, quoted=True)
    if isinstance(source, Template):
        return _concatenated([_text(part, columns) for part in source.parts])
    if isinstance(source, JoinedText) and not source.skip_null:
        parts: list[exp.Expr | None] = []
        for part in source.of:
            parts += [exp.Literal.string(source.separator)] if parts else []
            parts.append(_text(part, columns))
        return _concatenated(parts)
    return None


def _concatenated(parts: Sequence[exp.Expr | None]) -> exp.Expr | None:
    known = [p for p in parts if p is not None]
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else exp.func("CONCAT", *known)
