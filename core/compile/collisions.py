"""Two rows with one key: proved impossible by a unique index, or looked for by a query over the view."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from core.items.plan import ItemPlan, Kind

# Types whose values of these kinds differ whenever the source's values differ, byte for byte or by value.
_KEEPS_APART = {
    "S": {Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.BINARY, Kind.DATE, Kind.DATETIME, Kind.TIME},
    "N": {Kind.INTEGER, Kind.DECIMAL, Kind.BIT},
    "B": {Kind.BINARY, Kind.TEXT, Kind.BIT},
}
_WITHOUT_HASH = {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME}
SAMPLES = 10  # keys that a message names


def collision_query(view: str, item: ItemPlan, unique_columns: Iterable[frozenset[int]]) -> str | None:
    """SQL that lists up to `SAMPLES` keys that several rows of the view share, with their number of rows.

    None where some unique key of the source (`unique_columns`: view columns) makes that impossible. Compares bytes,
    not by collation; numbers that differ only in spelling are left to the counts at validation.
    """
    keys = [k for k in item.keys if k.index is None]
    determined = set().union(*(_determined(item, k.name, k.type) for k in keys))
    if any(columns <= determined for columns in unique_columns):
        return None
    parts = [_text(item, k.name) for k in keys]
    names = [f"{k.role}" for k in keys]
    select = exp.select(*(exp.alias_(p, n, quoted=True) for p, n in zip(parts, names, strict=True)))
    inner = select.from_(exp.table_(view, quoted=True)).subquery("k")
    columns = [exp.column(n, table="k", quoted=True) for n in names]
    query = exp.select(*columns, exp.alias_(exp.Count(this=exp.Star()), "n")).from_(inner)
    # NULL and empty keys are rejects, each row for itself; this comparison is true for neither.
    query = query.where(*(c.neq(exp.Literal.string("")) for c in columns)).group_by(*columns)
    return query.having("COUNT(*) > 1").limit(SAMPLES).sql("mysql")


def _determined(item: ItemPlan, name: str, type_: str) -> set[int]:
    """The view columns whose value the key attribute gives away."""
    composed = next((c for c in item.composed if c.name == name), None)
    if composed is None:
        attribute = next(a for a in item.attributes if a.name == name)
        kind = item.columns[attribute.column].kind
        return {attribute.column} if kind in _KEEPS_APART[type_] else set()
    kinds = [item.columns[i].kind for i in composed.columns]
    free = [k for k in kinds if k not in _WITHOUT_HASH]
    # With at most one part that may hold '#', the parts can be read back from the text: from both ends.
    readable = len(free) <= 1 and all(k in _KEEPS_APART["S"] for k in kinds)
    return set(composed.columns) if readable else set()


def _text(item: ItemPlan, name: str) -> exp.Expr:
    composed = next((c for c in item.composed if c.name == name), None)
    indexes = composed.columns if composed else [a.column for a in item.attributes if a.name == name]
    parts: list[exp.Expr] = []
    for index in indexes:
        parts += [exp.Literal.string("#")] if parts else []
        parts.append(exp.column(item.columns[index].name, quoted=True))
    whole = parts[0] if len(parts) == 1 else exp.func("CONCAT", *parts)
    return exp.cast(whole, exp.DataType.build("BINARY", dialect="mysql"))
