"""The keys of a table and of its indexes: their types, and the composed ones among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from core.compile.attributes import Place
from core.compile.view import ViewBuilder
from core.contract.checks import composed_parts
from core.contract.model import Table
from core.contract.problems import nearest, shown
from core.items.convert import unsupported
from core.items.plan import Composed, Key


@dataclass(frozen=True)
class Keys:
    """`types` are (name, type) of each key attribute, once, in the order of first use."""

    keys: tuple[Key, ...]
    composed: tuple[Composed, ...]
    types: tuple[tuple[str, str], ...]


def compile_keys(table: Table, columns: dict[str, int], view: ViewBuilder, place: Place) -> Keys | None:
    """The keys of `table`, whose attributes stand in the view at `columns`; None after noting what is wrong."""
    types = {a.name: a.type for a in table.attributes or []}
    composed: dict[str, Composed] = {}
    keys: list[Key] = []
    complete = True
    for name, role, index in _uses(table):
        if name not in types and name not in composed:
            at = place.inside(role if index is None else f"gsi {index}, {role}")
            found = _composed(name, columns, set(types), view, at)
            if found is None:
                complete = False
                continue
            composed[name] = found
        keys.append(Key(name, types.get(name, "S"), role, index))
    if not complete:
        return None
    return Keys(tuple(keys), tuple(composed.values()), tuple({k.name: k.type for k in keys}.items()))


def _uses(table: Table) -> Iterator[tuple[str, str, str | None]]:
    uses = [(table.pk, "pk", None), (table.sk, "sk", None)]
    for gsi in table.gsis:
        uses += [(gsi.pk, "pk", gsi.index_name), (gsi.sk, "sk", gsi.index_name)]  # type: ignore[list-item]
    return ((name, role, index) for name, role, index in uses if name is not None)


def _composed(
    name: str, columns: dict[str, int], attributes: set[str], view: ViewBuilder, place: Place
) -> Composed | None:
    indexes = [_part(part, columns, attributes, view, place) for part in composed_parts(name)]
    found = tuple(i for i in indexes if i is not None)
    return Composed(name, found) if len(found) == len(indexes) else None


def _part(part: str, columns: dict[str, int], attributes: set[str], view: ViewBuilder, place: Place) -> int | None:
    """A part is an attribute of that name, else a column of the source table."""
    # None for an attribute: its own problem is noted already
    index = columns.get(part) if part in attributes else _source_part(part, attributes, view, place)
    if index is None:
        return None
    reason = unsupported("S", view.columns[index].kind)
    if reason is not None:
        place.problem("", f"the part {shown(part)} of a composed key has no text: {reason}")
        return None
    return index


def _source_part(part: str, attributes: set[str], view: ViewBuilder, place: Place) -> int | None:
    column = view.source.column(part)
    if column is None or column.kind is None:
        known = attributes | {c.name for c in view.source.columns}
        place.problem(
            "", f"the part {shown(part)} is no attribute and no column of {view.source.name}", nearest(part, known)
        )
        return None
    return view.add_column(exp.column(column.name, table=view.relation.alias, quoted=True), column.kind, part)
