"""Joins that must match at most once: proved by a unique index, or checked by a query before anything is created."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from core.compile.contract_sql import to_sql
from core.compile.expressions import Relation
from core.compile.moments import frozen
from core.compile.select import SelectBuilder
from core.items.plan import Kind
from core.source_schema import SourceColumn


@dataclass(frozen=True)
class JoinCheck:
    """A query that answers with a row if some source row matches more than one row of the joined table."""

    place: str
    target_table: str
    sql: str


def matches_at_most_once(condition: exp.Expr, source: Relation, target: Relation) -> bool:
    """Whether a unique index of the target proves that no source row has two matches.

    Only equalities between columns that compare as the index does count: under another collation or type,
    two different keys of the index can both equal one value ('1' and '01' both equal the number 1).
    """
    pairs = equalities(condition)
    if pairs is None:
        return False
    proved: set[str] = set()
    for left, right in pairs:
        for mine, other in ((left, right), (right, left)):
            if mine.table != target.alias or other.table != source.alias:
                continue
            if _compare_alike(target.column(mine.name), source.column(other.name)):
                proved.add(mine.name.lower())
    keys = [target.table.primary_key, *(k.columns for k in target.table.unique_keys)]
    return any(key and {c.lower() for c in key} <= proved for key in keys)


def equalities(condition: exp.Expr) -> list[tuple[exp.Column, exp.Column]] | None:
    """The column pairs of a condition that is nothing but `a = b AND c = d ...`; None for any other."""
    pairs: list[tuple[exp.Column, exp.Column]] = []
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        inner = part.unnest()
        if not isinstance(inner, exp.EQ):
            return None
        left, right = inner.left.unnest(), inner.right.unnest()
        if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
            return None
        pairs.append((left, right))
    return pairs


def check_query(place: str, condition: exp.Expr, select: SelectBuilder, target: Relation) -> JoinCheck:
    """The query for a join that no unique index proves; it holds the joins that the condition builds on."""
    source = select.relation
    condition = frozen(condition, select.moment)
    needed = _needed(condition, select, target)
    key = source.table.row_key()
    if key and all(c.kind != Kind.JSON for c in key):
        query = exp.select("1").from_(source.aliased())
        for relation, on in needed:
            query = query.join(relation.aliased(), on=on.copy())
        query = query.join(target.aliased(), on=condition.copy())
        query = query.group_by(*(exp.column(c.name, table=source.alias, quoted=True) for c in key))
        query = query.having("COUNT(*) > 1")
    else:
        inner = exp.select("COUNT(*)").from_(target.aliased())
        for relation, on in needed:
            inner = inner.join(relation.aliased(), on=on.copy())
        matches = inner.where(condition.copy()).subquery()
        query = exp.select("1").from_(source.aliased()).where(exp.GT(this=matches, expression=exp.Literal.number(1)))
    return JoinCheck(place, target.name, to_sql(query.limit(1)))


def _needed(condition: exp.Expr, select: SelectBuilder, target: Relation) -> list[tuple[Relation, exp.Expr]]:
    """The joins whose columns the condition uses, and those that these use, in the order of the view."""
    wanted = {c.table for c in condition.find_all(exp.Column)}
    found: list[tuple[Relation, exp.Expr]] = []
    for relation, on in reversed(select.joins):
        if relation.alias in wanted and relation.alias != target.alias:
            found.insert(0, (relation, on))
            wanted |= {c.table for c in on.find_all(exp.Column)}
    return found


def _compare_alike(left: SourceColumn | None, right: SourceColumn | None) -> bool:
    return left is not None and right is not None and left.compares_like(right)
