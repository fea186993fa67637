"""Expressions of a contract: parsed by sqlglot, limited to what CONTRACT.md allows, names resolved to real columns.

Guarantees:
- Nothing but columns, literals, operators and listed functions gets through; no statement, subquery, comment,
  variable or unlisted function does, however it is written.
- Every column in the result is qualified with an alias of ours and quoted; a name that is no column is a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.errors import ParseError, TokenError

from core.compile.functions import FUNCTIONS
from core.compile.grammar import is_no_mysql, nests_too_deeply
from core.compile.kinds import function_name, kind_of
from core.compile.problem import ExpressionProblem
from core.compile.texts import NUMERIC, as_number, as_text
from core.contract.problems import nearest, shown
from core.items.plan import Kind
from core.source_schema import SourceColumn, SourceTable

_OPERATORS: tuple[type[exp.Expr], ...] = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
    *(exp.Is, exp.In, exp.Between, exp.Like, exp.Null, exp.Boolean, exp.Literal, exp.Neg),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Column, exp.Identifier, exp.Xor),
    *(exp.Case, exp.If, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.Var, exp.DateAdd, exp.DateSub),
    *(exp.JSONPath, exp.JSONPathPart, exp.CharacterSet),
)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True)
class Relation:
    """A table as it stands in the view's FROM: `name` as the contract says it, `alias` as the view does."""

    name: str
    alias: str
    table: SourceTable

    def column(self, name: str) -> SourceColumn | None:
        """The column of that name, or None."""
        return self.table.column(name)

    def aliased(self) -> exp.Expr:
        """The table under its alias, for a FROM or JOIN."""
        return exp.alias_(exp.table_(self.table.name, quoted=True), self.alias, table=True, quoted=True)


def join_condition(text: str, *, source: Relation, target: Relation) -> exp.Expr:
    """A join's condition over the source and the target table.

    A table joined to itself without an alias: the left side of each comparison is the target, the right side
    the source (CONTRACT.md rule 10). An unqualified name must be a column of exactly one of the two.
    """
    tree = _parsed(text)
    aliased = target.name.lower() != source.name.lower() and all(c.table for c in tree.find_all(exp.Column))
    if source.table is target.table and not aliased:  # the names may differ in case, where the server's names do not
        return _self_condition(tree, source, target)
    return _resolved(tree, {source.name: source, target.name: target})


def selected(text: str, relations: Mapping[str, Relation], *, of: Relation) -> tuple[exp.Expr, SourceColumn | None]:
    """A selected value: a column of `of`, or an expression over `relations`; the column is given if it is just one."""
    whole = of.column(text)
    if whole is not None:  # any legal column name, however odd, needs no quotes when it stands alone
        return _qualified(of, whole), whole
    tree = _resolved(_parsed(text), relations, default=of)
    return tree, column_at(tree, relations) if isinstance(tree, exp.Column) else None


def expression(text: str, relations: Mapping[str, Relation], *, default: Relation) -> exp.Expr:
    """Any expression over the relations; a name without a table is `default`'s."""
    return _resolved(_parsed(text), relations, default=default)


def tables_named(text: str) -> list[str]:
    """The table names that an expression's columns are written with."""
    return [c.table for c in _parsed(text).find_all(exp.Column) if c.table]


def ordering(text: str, target: Relation) -> list[exp.Expr]:
    """The keys of an `order_by`, over the target table."""
    try:
        tokens = MySQL().tokenize("ORDER BY " + text)
        if any(token.comments for token in tokens):
            raise ExpressionProblem("holds a comment", "Remove it.")
        (order,) = MySQL().parser().parse_into(exp.Order, tokens, text)
    except (ParseError, TokenError, ValueError, IndexError):
        raise ExpressionProblem(f"{shown(text)} is no list of sort keys", "Write `column DESC, other ASC`.") from None
    except RecursionError:
        raise ExpressionProblem("is nested too deeply") from None
    if order is None or order.this is not None:
        raise ExpressionProblem(f"{shown(text)} is no list of sort keys", "Write `column DESC, other ASC`.")
    keys: list[exp.Expr] = []
    for key in order.expressions:
        _refuse_unlisted(key.this)
        if isinstance(key.this.unnest(), exp.Literal) or bool(key.args.get("nulls_first")) == bool(
            key.args.get("desc")
        ):
            raise ExpressionProblem(f"{shown(key.sql('mysql'))} is no sort key", "Name columns, with ASC or DESC.")
        resolved = _resolved(key.this, {target.name: target}, default=target)
        keys.append(exp.Ordered(this=resolved, desc=bool(key.args.get("desc")), nulls_first=not key.args.get("desc")))
    return keys


def column_at(node: exp.Column, relations: Mapping[str, Relation]) -> SourceColumn | None:
    """The column that a resolved tree's node stands for."""
    relation = next((r for r in relations.values() if r.alias == node.table), None)
    return None if relation is None else relation.column(node.name)


def exact(tree: exp.Expr, relations: Mapping[str, Relation]) -> exp.Expr:
    """The resolved tree so that both engines give the same value, exactly.

    A bit field counts as its number; a number that meets text in CONCAT is text first, because the server cuts the
    text that it makes of one itself (-0.12345 becomes -0.1234 where the value is materialised).
    """

    def numbered(node: exp.Expr) -> exp.Expr:
        column = column_at(node, relations) if isinstance(node, exp.Column) else None
        return as_number(node) if column is not None and column.kind == Kind.BIT else node

    found = tree.transform(numbered)
    for call in found.find_all(exp.Concat, exp.ConcatWs):
        for argument in list(call.expressions):
            kind = value_kind(argument, relations)
            if kind in NUMERIC:
                argument.replace(as_text(argument.copy(), kind))
    return found


def value_kind(tree: exp.Expr, relations: Mapping[str, Relation]) -> str | None:
    """The kind of a resolved expression's values. Raises ExpressionProblem when it cannot be told."""

    def of_column(node: exp.Column) -> str | None:
        column = column_at(node, relations)
        return None if column is None else column.kind

    return kind_of(tree, of_column)


def _parsed(text: str) -> exp.Expr:
    try:
        # Not at the start: REPLACE(...) would be read as the statement of that name.
        whole = "SELECT " + text
        tokens = MySQL().tokenize(whole)
        if any(token.comments for token in tokens):
            raise ExpressionProblem("holds a comment", "Remove it.")
        tree = MySQL().parser().parse_into(exp.Condition, tokens[1:], whole)
    except (ParseError, TokenError, IndexError):  # IndexError: sqlglot's own, for arguments that a function cannot have
        raise ExpressionProblem(
            f"{shown(text)} is no expression that tableferry understands",
            "Quote names that are reserved words or hold blanks with backticks.",
        ) from None
    except RecursionError:
        raise ExpressionProblem("is nested too deeply") from None
    if len(tree) != 1 or tree[0] is None:
        raise ExpressionProblem(f"{shown(text)} must be exactly one expression")
    found = tree[0]
    _refuse_unlisted(found)
    return found


def _refuse_unlisted(tree: exp.Expr) -> None:
    if nests_too_deeply(tree):
        raise ExpressionProblem("is nested too deeply")
    for node in tree.walk():
        if isinstance(node, exp.Subquery | exp.Query):
            raise ExpressionProblem("holds a subquery", "Only columns of the joined tables may be used.")
        if isinstance(node, exp.Parameter | exp.SessionParameter | exp.Placeholder):
            raise ExpressionProblem("holds a variable or placeholder", "Use columns and literals.")
        if isinstance(node, exp.Column) and (node.args.get("db") or node.args.get("catalog")):
            raise ExpressionProblem(f"{shown(node.sql('mysql'))} names another database", "Write table.column.")
        listed = isinstance(node, _OPERATORS) or function_name(node) in FUNCTIONS
        if not listed or is_no_mysql(node):
            raise ExpressionProblem(f"{shown(node.sql('mysql'), 60)} is not allowed here")


def _resolved(tree: exp.Expr, relations: Mapping[str, Relation], *, default: Relation | None = None) -> exp.Expr:
    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        known = relations if node.table or default is None else {default.name: default}
        return _qualified(*_lookup(node, known))

    return tree.transform(replace)


def _self_condition(tree: exp.Expr, source: Relation, target: Relation) -> exp.Expr:
    resolved: set[int] = set()
    for comparison in list(tree.find_all(*_COMPARISONS)):
        if comparison.find_ancestor(*_COMPARISONS) is not None:
            raise ExpressionProblem(f"{shown(tree.sql('mysql'))} compares a comparison", "Join comparisons with AND.")
        for side, relation in ((comparison.this, target), (comparison.expression, source)):
            for column in list(side.find_all(exp.Column)):
                qualified = _qualified(*_lookup(column, {relation.name: relation}))
                column.replace(qualified)
                resolved.add(id(qualified))
    for column in tree.find_all(exp.Column):
        if id(column) not in resolved:
            raise ExpressionProblem(
                f"{shown(column.sql('mysql'))} may be the row itself or the one it is joined to",
                "Compare with =, <, > and the like: the left side is the joined row, the right side the row itself.",
            )
    return tree


def _lookup(node: exp.Column, relations: Mapping[str, Relation]) -> tuple[Relation, SourceColumn]:
    if node.table:
        alike = [r for name, r in relations.items() if name.lower() == node.table.lower()]
        relation = relations.get(node.table) or (alike[0] if len(alike) == 1 else None)
        if relation is None:
            raise ExpressionProblem(f"{shown(node.table)} is no table of this join", nearest(node.table, relations))
        column = relation.column(node.name)
        if column is None:
            known = [c.name for c in relation.table.columns]
            raise ExpressionProblem(f"{relation.name} has no column {shown(node.name)}", nearest(node.name, known))
        return relation, column
    found = [(r, c) for r in relations.values() if (c := r.column(node.name)) is not None]
    if len(found) == 1:
        return found[0]
    if found:
        raise ExpressionProblem(f"{shown(node.name)} is a column of both tables", "Write table.column.")
    known = [c.name for r in relations.values() for c in r.table.columns]
    raise ExpressionProblem(f"there is no column {shown(node.name)}", nearest(node.name, known))


def _qualified(relation: Relation, column: SourceColumn) -> exp.Column:
    return exp.column(column.name, table=relation.alias, quoted=True)
