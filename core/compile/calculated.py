"""The four calculations. One function per pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from core.compile.entity import EntityScope
from core.compile.expressions import (
    Relation,
    column_at,
    exact,
    expression,
    join_condition,
    row_condition,
    selected,
    value_kind,
)
from core.compile.kinds import numeric
from core.compile.place import Place, Refused
from core.compile.texts import as_bytes, as_text
from core.contract.model import (
    AggregateCalculation,
    Attribute,
    CaseCalculation,
    ConcatCalculation,
    DateMathCalculation,
)
from core.contract.problems import shown
from core.items.plan import Kind
from core.items.sources import FromColumn, JoinedText, Source
from core.source_schema import SourceColumn

_AGGREGATES: Final = {"SUM": exp.Sum, "COUNT": exp.Count, "AVG": exp.Avg, "MIN": exp.Min, "MAX": exp.Max}
_ORDERED: Final = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.TEXT, Kind.BINARY, Kind.DATE})
_ORDERED_TOO: Final = frozenset({Kind.DATETIME, Kind.TIME})
_SCALED: Final = frozenset({Kind.DECIMAL, Kind.DATETIME, Kind.TIME})


def calculated_source(attribute: Attribute, scope: EntityScope, place: Place) -> Source:
    """Where the calculated value comes from. Raises Refused after noting what is wrong."""
    match attribute.calculation:
        case AggregateCalculation() as calculation:
            return _aggregate(attribute, calculation, scope, place)
        case CaseCalculation() as calculation:
            return _case(attribute, calculation, scope, place)
        case ConcatCalculation() as calculation:
            return _concat(attribute, calculation, scope, place)
        case DateMathCalculation() as calculation:
            return _date_math(attribute, calculation, scope, place)
    raise Refused


def _aggregate(attribute: Attribute, calculation: AggregateCalculation, scope: EntityScope, place: Place) -> Source:
    """aggregate: over the matching rows of one table, whatever else is joined. COUNT of nothing is 0 (rule 14)."""
    target = scope.next_relation(calculation.target_table, place, "r")
    source = scope.select.relation
    with place.noting("join_condition"):
        condition = join_condition(calculation.join_condition, source=source, target=target)
    argument, kind = _argument(calculation, target, place)
    call = _AGGREGATES[calculation.operation](this=argument)
    subquery = exp.Subquery(this=exp.select(call).from_(target.aliased()).where(condition))
    return FromColumn(scope.select.add_column(subquery, kind, attribute.name))


def _argument(calculation: AggregateCalculation, target: Relation, place: Place) -> tuple[exp.Expr, str]:
    """What is aggregated, and the kind of the result."""
    operation = calculation.operation
    if operation == "COUNT" and calculation.select_column.strip() == "*":
        return exp.Star(), Kind.INTEGER
    with place.noting("select_column"):
        tree, _ = selected(calculation.select_column, {target.name: target}, of=target)
        if operation == "COUNT":
            return tree, Kind.INTEGER
        kind = value_kind(tree, {target.name: target})
        tree = exact(tree, {target.name: target})
        if operation in {"SUM", "AVG"}:
            return tree, Kind.DOUBLE if numeric([kind], tree) == Kind.DOUBLE else Kind.DECIMAL
        kind = Kind.INTEGER if kind == Kind.BIT else kind
    if kind not in _ORDERED | _ORDERED_TOO:
        place.problem("select_column", f"{operation} of {kind} values has no defined order")
        raise Refused
    return tree, kind or Kind.TEXT


def _case(attribute: Attribute, calculation: CaseCalculation, scope: EntityScope, place: Place) -> Source:
    """case: SQL's own CASE over the source's columns."""
    source = scope.select.relation
    conditions: list[exp.Expr] = []
    values: list[tuple[exp.Expr, str | None]] = []
    for number, branch in enumerate(calculation.cases):
        at = place.inside(f"cases[{number}]")
        with at.noting("when"):
            conditions.append(row_condition(branch.when, source))
        with at.noting("then"):
            values.append(_branch(branch.then, source))
    if calculation.else_ is not None:
        with place.noting("else"):
            values.append(_branch(calculation.else_, source))
    kinds = {kind for _, kind in values if kind is not None}
    # Branches of several types become texts, each as MySQL shows it: the engines disagree about a common type.
    as_it_is = _has_own_type(values, source)
    kind = Kind.TEXT if len(kinds) != 1 else next(iter(kinds))
    if Kind.BINARY in kinds and len(kinds) > 1:
        # Bytes have no text that is sure to be theirs; every text has bytes.
        trees, kind = [t if k is None else as_bytes(t, k) for t, k in values], Kind.BINARY
    else:
        trees = [t if as_it_is or k is None else as_text(t, k) for t, k in values]
    ifs = [exp.If(this=when, true=then) for when, then in zip(conditions, trees, strict=False)]
    default = trees[len(ifs)] if len(trees) > len(ifs) else None
    return FromColumn(scope.select.add_column(exp.Case(ifs=ifs, default=default), kind, attribute.name))


def _branch(text: str, source: Relation) -> tuple[exp.Expr, str | None]:
    tree = expression(text, {source.name: source}, default=source)
    kind = value_kind(tree, {source.name: source})
    return exact(tree, {source.name: source}), Kind.INTEGER if kind == Kind.BIT else kind


def _has_own_type(values: Sequence[tuple[exp.Expr, str | None]], source: Relation) -> bool:
    """Whether a CASE of these shows each as it is alone: one kind, one scale, one fraction, no ZEROFILL.

    Found by running both engines: among decimals of several scales MySQL shows 1.50 or 1.500 as the view happens to be
    read, and ZEROFILL is lost in any CASE.
    """
    known = [(tree, kind) for tree, kind in values if kind is not None]
    columns = [column_at(t, {source.name: source}) if isinstance(t, exp.Column) else None for t, _ in known]
    if len({kind for _, kind in known}) > 1 or any(c is not None and "zerofill" in c.column_type for c in columns):
        return False
    alike = len({c.column_type for c in columns if c is not None}) == 1 and None not in columns
    return alike or len(known) < 2 or known[0][1] not in _SCALED


def _concat(attribute: Attribute, calculation: ConcatCalculation, scope: EntityScope, place: Place) -> Source:
    """concat: as MySQL's CONCAT, or with a separator as its CONCAT_WS, which leaves NULLs out."""
    source = scope.select.relation
    parts: list[Source] = []
    for number, text in enumerate(calculation.columns):
        at = place.inside(f"columns[{number}]")
        with at.noting(""):
            tree, column = selected(text, {source.name: source}, of=source)
            kind = column.kind if column is not None else value_kind(tree, {source.name: source})
        if kind is None:
            at.problem("", f"{shown(text)} has a type without a text")
            raise Refused
        parts.append(FromColumn(_joined_part(tree, column, kind, f"{attribute.name}{number + 1}", scope)))
    separator = calculation.separator
    return JoinedText(tuple(parts), separator or "", skip_null=separator is not None)


def _joined_part(tree: exp.Expr, column: SourceColumn | None, kind: str, name: str, scope: EntityScope) -> int:
    if column is not None:
        return scope.add_own_column(column, kind, name)
    source = scope.select.relation
    kind = Kind.INTEGER if kind == Kind.BIT else kind
    return scope.select.add_column(exact(tree, {source.name: source}), kind, name)


def _date_math(attribute: Attribute, calculation: DateMathCalculation, scope: EntityScope, place: Place) -> Source:
    """date-math: any expression over the source's columns."""
    source = scope.select.relation
    with place.noting("expression"):
        tree = expression(calculation.expression, {source.name: source}, default=source)
    return _computed(tree, attribute, scope, place, "expression")


def _computed(tree: exp.Expr, attribute: Attribute, scope: EntityScope, place: Place, part: str) -> Source:
    source = scope.select.relation
    with place.noting(part):
        kind = value_kind(tree, {source.name: source}) or Kind.TEXT
    if kind == Kind.BIT:
        kind = Kind.INTEGER
    tree = exact(tree, {source.name: source})
    return FromColumn(scope.select.add_column(tree, kind, attribute.name))
