"""Several rows of another table in one attribute: collected values, and json-construction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from core.compile.dialects import ChildRows
from core.compile.entity import EntityScope
from core.compile.expressions import Relation, exact, join_condition, ordering, selected, value_kind
from core.compile.joins import check_query
from core.compile.place import Place, Refused
from core.compile.texts import as_text
from core.contract.model import Attribute, JsonConstructionJoin
from core.contract.problems import shown
from core.items.plan import Kind
from core.items.sources import Field, Rows, Source


def collected(
    attribute: Attribute, text: str, target: Relation, condition: exp.Expr, scope: EntityScope, place: Place
) -> Source:
    """The values of all matching rows, for SS, NS, BS and L."""
    element, kind = _element(text, target, scope, place, "select_column")
    rows = ChildRows(target, condition, element, _tie_break(target, ()), None)
    return _rows(scope.dialect.array(rows), (Field("", kind),), "values", attribute, scope)


def constructed(attribute: Attribute, join: JsonConstructionJoin, scope: EntityScope, place: Place) -> Source:
    """json-construction: a list of maps, or one map (rule 14)."""
    target = scope.next_relation(join.target_table, place, "r")
    source = scope.select.relation
    with place.noting("join_condition"):
        condition = join_condition(join.join_condition, source=source, target=target)
    elements, fields = [], []
    for key, text in join.construction.select_columns.items():
        element, kind = _element(text, target, scope, place, f"construction, select_columns {shown(key)}")
        elements.append(element)
        fields.append(Field(key, kind))
    order = _tie_break(target, _order(join, target, place))
    row = exp.Anonymous(this="JSON_ARRAY", expressions=elements)
    rows = ChildRows(target, condition, row, order, join.construction.limit)
    if join.construction.type == "array":
        return _rows(scope.dialect.array(rows), tuple(fields), "array", attribute, scope)
    if join.construction.limit not in (None, 1):
        place.problem("construction, limit", "must be 1 for an object, which has room for one row", "Use an array.")
        raise Refused
    if join.construction.limit is None:
        place.checks.append(check_query(place.name, condition, scope.select, target))
    one = exp.Subquery(this=rows.ordered_select(row, 1))
    return _rows(one, tuple(fields), "object", attribute, scope)


def _rows(tree: exp.Expr, fields: tuple[Field, ...], shape: str, attribute: Attribute, scope: EntityScope) -> Source:
    return Rows(scope.select.add_column(tree, Kind.TEXT, attribute.name), fields, shape)


def _element(text: str, target: Relation, scope: EntityScope, place: Place, part: str) -> tuple[exp.Expr, str]:
    """A selected value as text, with its kind."""
    with place.noting(part):
        tree, column = selected(text, {target.name: target}, of=target)
        if column is not None and column.is_geometry:
            return exp.Anonymous(this="ST_AsText", expressions=[tree]), Kind.TEXT
        kind = column.kind if column is not None else value_kind(tree, {target.name: target})
    if kind is None:
        place.problem(part, f"{shown(text)} has a type that tableferry does not know")
        raise Refused
    if column is not None and kind == Kind.FLOAT and "," in column.column_type:
        place.problem(part, f"{shown(text)} is {column.column_type}, whose text the server rounds inside an array")
        raise Refused
    if column is None:
        tree = exact(tree, {target.name: target})
        kind = Kind.INTEGER if kind == Kind.BIT else kind
    return as_text(tree, kind), Kind.INTEGER if kind == Kind.BIT else kind


def _order(join: JsonConstructionJoin, target: Relation, place: Place) -> list[exp.Expr]:
    given = join.construction.order_by
    texts = given if isinstance(given, list) else [given] if given is not None else []
    with place.noting("construction, order_by"):
        return [key for text in texts for key in ordering(text, target)]


def _tie_break(target: Relation, order: Sequence[exp.Expr]) -> list[exp.Expr]:
    """End with the target's own key: rows that tie must come out the same way each time they are read."""
    key = [exp.column(c.name, table=target.alias, quoted=True) for c in target.table.row_key()]
    decided = [o.this for o in order]
    return [*order, *(exp.Ordered(this=c, desc=False, nulls_first=True) for c in key if c not in decided)]
