"""Expressions of a contract over its tables: names resolved to real columns.

Every column in the result is qualified with an alias of ours and quoted; a name that is no column is a problem. What
an expression may hold is in `core.compile.allowed`, how it is read in `core.compile.contract_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from core.compile.allowed import arguments_of, function_name, refuse_unlisted
from core.compile.contract_sql import parsed, parsed_order, remember, shown_sql
from core.compile.documents import documents_checked
from core.compile.functions import FUNCTIONS
from core.compile.grammar import MOST_REWRITTEN, nests_too_deeply
from core.compile.json_values import refuse_document, refuse_documents_used
from core.compile.kinds import kind_of
from core.compile.moment_texts import refuse_odd_moments
from core.compile.problem import ExpressionProblem
from core.compile.quotients import with_rounded_quotients
from core.compile.scales import with_one_scale
from core.compile.signs import with_signs
from core.compile.texts import NUMERIC, as_number, as_text
from core.contract.problems import nearest, shown
from core.items.plan import Kind
from core.source_schema import SourceColumn, SourceTable

COMPARISONS = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


@dataclass(frozen=True)
class Relation:
    """A table as it stands in the view's FROM: `name` as the contract says it, `alias` as the view does.

    `namesakes` are other tables of the database, whose names differ from `name` in case only.
    """

    name: str
    alias: str
    table: SourceTable
    namesakes: frozenset[str] = frozenset()

    def is_called(self, name: str) -> bool:
        """Whether this table is meant by that name, written in whatever case."""
        return name.lower() == self.name.lower() and name not in self.namesakes

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
    both = {source.name: source, target.name: target}
    aliased = target.name.lower() != source.name.lower() and all(c.table for c in tree.find_all(exp.Column))
    if source.table is target.table and not aliased:  # the names may differ in case, where the server's names do not
        return truth(_checked(_self_condition(tree, source, target), both), both)
    return truth(_resolved(tree, both), both)


def selected(text: str, relations: Mapping[str, Relation], *, of: Relation) -> tuple[exp.Expr, SourceColumn | None]:
    """A selected value: a column of `of`, or an expression over `relations`; the column is given if it is just one."""
    whole = of.column(text)
    if whole is not None:  # any legal column name, however odd, needs no quotes when it stands alone
        return _qualified(of, whole, exp.Var(this=text)), whole
    tree = _resolved(_parsed(text), relations, default=of)
    return tree, column_at(tree, relations) if isinstance(tree, exp.Column) else None


def expression(text: str, relations: Mapping[str, Relation], *, default: Relation) -> exp.Expr:
    """Any expression over the relations; a name without a table is `default`'s."""
    return _resolved(_parsed(text), relations, default=default)


def row_condition(text: str, source: Relation) -> exp.Expr:
    """An expression over the source that is true, false or NULL."""
    return truth(expression(text, {source.name: source}, default=source), {source.name: source})


def truth(tree: exp.Expr, relations: Mapping[str, Relation]) -> exp.Expr:
    """The resolved tree, which is to be true, false or NULL. Raises ExpressionProblem for JSON."""
    if _is_document(tree, relations):
        refuse_document(tree)
    return tree


def tables_named(text: str) -> list[str]:
    """The table names that an expression's columns are written with."""
    return [c.table for c in _parsed(text).find_all(exp.Column) if c.table]


def ordering(text: str, target: Relation) -> list[exp.Expr]:
    """The keys of an `order_by`, over the target table."""
    keys: list[exp.Expr] = []
    for key in parsed_order(text):
        refuse_unlisted(key.this)
        if isinstance(key.this.unnest(), exp.Literal) or bool(key.args.get("nulls_first")) == bool(
            key.args.get("desc")
        ):
            raise ExpressionProblem(f"{shown_sql(key)} is no sort key", "Name columns, with ASC or DESC.")
        resolved = _resolved(key.this, {target.name: target}, default=target)
        _refuse_documents(resolved, target)
        keys.append(exp.Ordered(this=resolved, desc=bool(key.args.get("desc")), nulls_first=not key.args.get("desc")))
    return keys


def column_at(node: exp.Column, relations: Mapping[str, Relation]) -> SourceColumn | None:
    """The column that a resolved tree's node stands for."""
    relation = next((r for r in relations.values() if r.alias == node.table), None)
    return None if relation is None else relation.column(node.name)


def exact(tree: exp.Expr, relations: Mapping[str, Relation]) -> exp.Expr:
    """The resolved tree so that both engines give the same value, exactly.

    A bit field counts as its number; a choice among decimals of several scales has the most decimals of them; a number
    that stands for a text, as in CONCAT, is text first, because the server cuts the text that it makes of one itself
    (-0.12345 becomes -0.1234 where the value is materialised).
    """

    def numbered(node: exp.Expr) -> exp.Expr:
        column = column_at(node, relations) if isinstance(node, exp.Column) else None
        return as_number(node) if column is not None and column.kind == Kind.BIT else node

    found = with_one_scale(tree.transform(numbered), lambda node: column_at(node, relations))
    numbers: list[tuple[exp.Expr, str]] = []
    for call in found.walk():
        name = function_name(call)
        for argument in arguments_of(call)[: FUNCTIONS[name].texts] if name else []:
            kind = value_kind(argument, relations)
            if kind in NUMERIC:
                numbers.append((argument, str(kind)))
    for argument, kind in reversed(numbers):  # the innermost first: what is replaced is a copy
        argument.replace(as_text(argument.copy(), kind))
    return found


def value_kind(tree: exp.Expr, relations: Mapping[str, Relation]) -> str | None:
    """The kind of a resolved expression's values. Raises ExpressionProblem when it cannot be told."""

    def of_column(node: exp.Column) -> str | None:
        column = column_at(node, relations)
        return None if column is None else column.kind

    return kind_of(tree, of_column)


def _is_document(tree: exp.Expr, relations: Mapping[str, Relation]) -> bool:
    try:
        return value_kind(tree, relations) == Kind.JSON
    except ExpressionProblem:  # said where the value itself is wanted
        return False


def _refuse_documents(key: exp.Expr, target: Relation) -> None:
    """MySQL orders JSON by its types and values, MariaDB as the text that it is there."""
    if _is_document(key, {target.name: target}):
        raise ExpressionProblem(
            f"{shown_sql(key)} sorts by JSON, which the engines order differently",
            "Sort by JSON_UNQUOTE(JSON_EXTRACT(document, '$.name')), or by a CAST of it.",
        )


def _parsed(text: str) -> exp.Expr:
    tree = parsed(text)
    refuse_unlisted(tree)
    return tree.transform(_counted)


def _counted(node: exp.Expr) -> exp.Expr:
    """YEAR() as the number that it is on MariaDB.

    MySQL gives it the type YEAR: years before 1901 and after 2155 are 0 where the value is materialised, as in a union,
    and a difference of two must not be negative.
    """
    return exp.cast(node, "BIGINT") if function_name(node) == "YEAR" else node


def _resolved(tree: exp.Expr, relations: Mapping[str, Relation], *, default: Relation | None = None) -> exp.Expr:
    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        known = relations if node.table or default is None else {default.name: default}
        relation, column = _lookup(node, known)
        return _qualified(relation, column, node)

    return _checked(tree.transform(replace), relations)


def _checked(tree: exp.Expr, relations: Mapping[str, Relation]) -> exp.Expr:
    """The resolved tree once the kinds of its values are known to make sense together."""

    def kind(node: exp.Expr) -> str | None:
        try:
            return value_kind(node, relations)
        except ExpressionProblem:  # said where the value itself is wanted
            return None

    def column(node: exp.Column) -> SourceColumn | None:
        return column_at(node, relations)

    refuse_odd_moments(tree, kind)
    refuse_documents_used(tree, kind)
    made = with_signs(with_rounded_quotients(documents_checked(tree, kind, column), column, kind), column)
    if nests_too_deeply(made, MOST_REWRITTEN):
        raise ExpressionProblem(
            "is nested too deeply: a quotient, and an integer that may leave its type, is one level more",
            "Divide by a product, or compute with fewer brackets.",
        )
    return made


def _self_condition(tree: exp.Expr, source: Relation, target: Relation) -> exp.Expr:
    resolved: set[int] = set()
    for comparison in list(tree.find_all(*COMPARISONS)):
        if comparison.find_ancestor(*COMPARISONS) is not None:
            raise ExpressionProblem(f"{shown_sql(tree, 80)} compares a comparison", "Join comparisons with AND.")
        for side, relation in ((comparison.this, target), (comparison.expression, source)):
            for column in list(side.find_all(exp.Column)):
                found = _lookup(column, {relation.name: relation})[1]
                qualified = _qualified(relation, found, column)
                column.replace(qualified)
                resolved.add(id(qualified))
    for column in tree.find_all(exp.Column):
        if id(column) not in resolved:
            raise ExpressionProblem(
                f"{shown_sql(column)} may be the row itself or the one it is joined to",
                "Compare with =, <, > and the like: the left side is the joined row, the right side the row itself.",
            )
    return tree


def _lookup(node: exp.Column, relations: Mapping[str, Relation]) -> tuple[Relation, SourceColumn]:
    if node.table:
        alike = [r for r in relations.values() if r.is_called(node.table)]
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


def _qualified(relation: Relation, column: SourceColumn, written: exp.Expr) -> exp.Column:
    found = exp.column(column.name, table=relation.alias, quoted=True)
    remember(found, written)
    return found
