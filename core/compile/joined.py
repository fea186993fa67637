"""The seven joins: where each takes an attribute's value from. One function per pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from core.compile.child_rows import collected, constructed
from core.compile.contract_sql import shown_sql
from core.compile.entity import EntityScope
from core.compile.expressions import (
    COMPARISONS,
    Relation,
    exact,
    expression,
    join_condition,
    row_condition,
    selected,
    tables_named,
    truth,
    value_kind,
)
from core.compile.joins import check_query, matches_at_most_once
from core.compile.place import Place, Refused
from core.compile.problem import ExpressionProblem
from core.compile.select import SelectBuilder
from core.contract.model import (
    Attribute,
    ChainJoin,
    ConditionalJoin,
    ForeignKeyJoin,
    JsonConstructionJoin,
    JsonParse,
    LookupTableJoin,
    MultiColumnJoin,
    SelfJoin,
)
from core.contract.problems import shown
from core.items.plan import Kind
from core.items.sources import Chosen, FromColumn, JoinedText, Source, WithDefault


def joined_source(attribute: Attribute, scope: EntityScope, place: Place) -> Source:
    """Where the joined value comes from. Raises Refused after noting what is wrong."""
    match attribute.join:
        case ForeignKeyJoin() | LookupTableJoin() as join:
            return _lookup(attribute, join, scope, place)
        case SelfJoin() as join:
            return _self(attribute, join, scope, place)
        case MultiColumnJoin() as join:
            return _multi_column(attribute, join, scope, place)
        case ConditionalJoin() as join:
            return _conditional(attribute, join, scope, place)
        case ChainJoin() as join:
            return _chain(attribute, join, scope, place)
        case JsonConstructionJoin() as join:
            return constructed(attribute, join, scope, place)
    raise Refused


def _lookup(attribute: Attribute, join: ForeignKeyJoin | LookupTableJoin, scope: EntityScope, place: Place) -> Source:
    """foreign-key and lookup-table: one match, or a set or list of several, or one item a match in a key (rule 13)."""
    target = scope.next_relation(join.target_table, place)
    condition = _condition(join.join_condition, scope.select.relation, target, place)
    if _collects(attribute) and not _holds_documents(join.select_column, target, place):
        child = scope.next_relation(join.target_table, place, "r")
        condition = _condition(join.join_condition, scope.select.relation, child, place)
        return collected(attribute, join.select_column, child, condition, scope, place)
    if attribute.name in scope.key_names:
        relation = scope.select.add_join(target, condition)
        if not matches_at_most_once(condition, scope.select.relation, target):
            scope.select.many.add(relation.alias)
        return _value(attribute, join.select_column, scope, relation, place)
    relation = _add_single(scope, target, condition, place)
    return _value(attribute, join.select_column, scope, relation, place)


def _self(attribute: Attribute, join: SelfJoin, scope: EntityScope, place: Place) -> Source:
    """self-join: the source table joined to itself under an alias; `null_value` replaces NULL (rule 12)."""
    source = scope.select.relation
    if join.join_alias.lower() == source.name.lower():
        place.problem("join_alias", "is the table's own name, so that nothing could tell the two apart")
        raise Refused
    target = scope.select.next_relation(source.table, join.join_alias)
    with place.noting("join_condition"):
        for name in tables_named(join.join_condition):
            known = source.is_called(name) or target.is_called(name)
            if not known and scope.schema.table(name) is not None:
                place.problem(
                    "join_condition",
                    f"follows a foreign key to {shown(name)}, but a self-join joins the table to itself",
                    f"Use a foreign-key join with target_table {name!r}.",
                )
                raise Refused
    condition = _condition(join.join_condition, source, target, place)
    relation = _add_single(scope, target, condition, place)
    value = _value(attribute, join.select_column, scope, replace(target, alias=relation.alias), place)
    return value if join.null_value is None else WithDefault(value, join.null_value)


def _multi_column(attribute: Attribute, join: MultiColumnJoin, scope: EntityScope, place: Place) -> Source:
    """multi-column: all conditions must hold."""
    target = scope.next_relation(join.target_table, place)
    parts = [_condition(text, scope.select.relation, target, place) for text in join.join_conditions]
    condition = exp.and_(*parts) if len(parts) > 1 else parts[0]
    return _value(attribute, join.select_column, scope, _add_single(scope, target, condition, place), place)


def _conditional(attribute: Attribute, join: ConditionalJoin, scope: EntityScope, place: Place) -> Source:
    """conditional: the joined value where the condition holds, else the literal `else_value`."""
    source = scope.select.relation
    target = scope.next_relation(join.target_table, place)
    _refuse_column_as_text(join, {source.name.lower(), target.name.lower()}, target, place)
    with place.noting("condition"):
        when = row_condition(join.condition, source)
    on = _condition(join.join_condition, source, target, place)
    proved = matches_at_most_once(on, source, target)
    # The condition stands in the join as well: rows that it excludes must not multiply the source's.
    relation = _add_single(scope, target, exp.and_(exp.paren(on), exp.paren(when)), place, proved=proved)
    flag = exp.Case(ifs=[exp.If(this=when.copy(), true=exp.Literal.number(1))], default=exp.Literal.number(0))
    index = scope.select.add_column(flag, Kind.INTEGER, f"{attribute.name} (condition)")
    return Chosen(index, _value(attribute, join.select_column, scope, relation, place), join.else_value)


def _chain(attribute: Attribute, join: ChainJoin, scope: EntityScope, place: Place) -> Source:
    """chain: outer joins one after the other; the last value, or with a separator all that are not NULL."""
    source = scope.select.relation
    visited: list[Relation] = [source]
    values: list[Source] = []
    for number, link in enumerate(join.joins):
        at = place.inside(f"joins[{number}]")
        target = scope.next_relation(link.target_table, at)
        condition = _link_condition(link.join_condition, visited, target, at)
        relation = _add_single(scope, target, condition, at, previous=_joined_before(condition, visited, target))
        visited.append(replace(target, alias=relation.alias))
        if join.chain_separator is not None or number == len(join.joins) - 1:
            values.append(_value(attribute, link.select_column, scope, visited[-1], at))
    if join.chain_separator is None:
        return values[-1]
    return JoinedText(tuple(values), join.chain_separator, skip_null=True)


def _link_condition(text: str, visited: Sequence[Relation], target: Relation, place: Place) -> exp.Expr:
    """A link's condition; the name of a table that the chain visits again is the row that this link joins.

    Where that table is also the one before, the left side of each comparison is the row joined here (rule 10).
    """
    if len(visited) == 1 or visited[-1].table is target.table:
        return _condition(text, visited[-1], target, place)
    known = {r.name: r for r in visited if r.table is not target.table}
    with place.noting("join_condition"):
        relations = {**known, target.name: target}
        condition = truth(expression(text, relations, default=target), relations)
        if len(known) < len({r.table.name for r in visited}):
            _refuse_two_readings(condition, target)
    return condition


def _refuse_two_readings(condition: exp.Expr, target: Relation) -> None:
    """Its own columns on both sides could be those of the row that was joined before, under the same name."""
    for comparison in condition.find_all(*COMPARISONS):
        sides = [{c.table for c in side.find_all(exp.Column)} for side in (comparison.this, comparison.expression)]
        if all(target.alias in side for side in sides):
            raise ExpressionProblem(
                f"{shown_sql(comparison)} may mean either of the two rows of {target.name} in this chain",
                f"Compare {target.name} with a table that stands between them.",
            )


def _joined_before(condition: exp.Expr, visited: Sequence[Relation], target: Relation) -> Relation:
    """The one relation besides the target that the condition speaks of, else the source."""
    others = {c.table for c in condition.find_all(exp.Column)} - {target.alias}
    return next((r for r in visited if {r.alias} == others), visited[0])


def _condition(text: str, source: Relation, target: Relation, place: Place) -> exp.Expr:
    with place.noting("join_condition"):
        return join_condition(text, source=source, target=target)


def _add_single(
    scope: EntityScope,
    target: Relation,
    condition: exp.Expr,
    place: Place,
    *,
    proved: bool = False,
    previous: Relation | None = None,
) -> Relation:
    """Join a table of which each row matches at most one row: proved by a unique index, else checked by a query."""
    select: SelectBuilder = scope.select
    relation = select.add_join(target, condition)
    source = previous or select.relation
    if relation is target and not proved and not matches_at_most_once(condition, source, target):
        place.checks.append(check_query(place.name, condition, select, target))
    return relation


def _value(attribute: Attribute, text: str, scope: EntityScope, target: Relation, place: Place) -> Source:
    """The selected column or expression as a column of the view."""
    source = scope.select.relation
    relations = {target.name: target} if target.name == source.name else {source.name: source, target.name: target}
    with place.noting("select_column"):
        tree, column = selected(text, relations, of=target)
        if column is not None:
            return FromColumn(scope.add_source_column(tree, column, attribute, place))
        kind = value_kind(tree, relations) or Kind.TEXT
    return FromColumn(scope.select.add_column(exact(tree, relations), kind, attribute.name))


def _collects(attribute: Attribute) -> bool:
    """Whether the value is made of all matches; a text that is parsed is one document, which holds the members."""
    return attribute.type in {"SS", "NS", "BS", "L"} and not isinstance(attribute.transformation, JsonParse)


def _holds_documents(text: str, target: Relation, place: Place) -> bool:
    """Whether the looked-up column holds whole documents or sets, so that one of them is the value itself."""
    with place.noting("select_column"):
        _, column = selected(text, {target.name: target}, of=target)
    return column is not None and column.kind in {Kind.JSON, Kind.SET}


def _refuse_column_as_text(join: ConditionalJoin, known: set[str], target: Relation, place: Place) -> None:
    """`else_value` is a literal; one that reads as a column of the target is more likely a mistake (rule 11)."""
    name, _, column = (join.else_value or "").partition(".")  # a name may hold whatever MySQL takes for one, blanks too
    if name and target.column(column) is not None and name.lower() not in known:
        place.problem(
            "else_value",
            f"{shown(join.else_value)} is a literal text, but looks like column {shown(column)} of {target.name}",
            "To take a column otherwise, use a case calculation, or a second attribute; a text may be any other.",
        )
        raise Refused
