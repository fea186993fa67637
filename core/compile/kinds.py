"""What kind of value an expression gives: inferred from its columns and functions, or a problem; never guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sqlglot import exp

from core.compile.functions import COMMON, FUNCTIONS, NUMBER, SAME
from core.compile.problem import ExpressionProblem
from core.contract.problems import shown
from core.items.plan import Kind

KindOfColumn = Callable[[exp.Column], str | None]

_NUMERIC: Final = (Kind.INTEGER, Kind.BIT, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE)
_TRUTH: Final = (exp.And, exp.Or, exp.Not, exp.Predicate, exp.Boolean, exp.Connector)
_CASTS: Final = {
    "CHAR": Kind.TEXT,
    "VARCHAR": Kind.TEXT,
    "TEXT": Kind.TEXT,
    "BIGINT": Kind.INTEGER,
    "UBIGINT": Kind.INTEGER,
    "DECIMAL": Kind.DECIMAL,
    "DOUBLE": Kind.DOUBLE,
    "DATE": Kind.DATE,
    "DATETIME": Kind.DATETIME,
    "TIME": Kind.TIME,
    "BINARY": Kind.BINARY,
    "VARBINARY": Kind.BINARY,
}


def kind_of(tree: exp.Expr, column_kind: KindOfColumn) -> str | None:
    """The kind of the expression's values; None for a bare NULL. Raises ExpressionProblem when it cannot be told."""

    def of(node: exp.Expr) -> str | None:
        return kind_of(node, column_kind)

    if isinstance(tree, exp.Paren):
        return of(tree.this)
    if isinstance(tree, exp.Column):
        return _column(tree, column_kind)
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Literal):
        return _literal(tree)
    if isinstance(tree, exp.Neg):
        return numeric([of(tree.this)], tree)
    if isinstance(tree, exp.Case):
        return common([of(i.args["true"]) for i in tree.args["ifs"]] + _default(tree, of), tree)
    if isinstance(tree, exp.If):
        return common([of(tree.args["true"]), of(tree.args["false"])], tree)
    if isinstance(tree, exp.Cast):
        return _cast(tree)
    if isinstance(tree, (exp.DateAdd, exp.DateSub)):
        return _shifted(of(tree.this), str(tree.args["unit"]).upper())
    if isinstance(tree, (exp.Add, exp.Sub)) and tree.find(exp.Interval):
        return _interval(tree, of)
    if isinstance(tree, exp.Div):
        return numeric([of(tree.left), of(tree.right), Kind.DECIMAL], tree)
    if isinstance(tree, (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv)):
        return numeric([of(tree.left), of(tree.right)], tree)
    if isinstance(tree, _TRUTH):
        return Kind.INTEGER
    return _call(tree, of)


def numeric(kinds: Iterable[str | None], tree: exp.Expr) -> str:
    """The widest of numeric kinds; FLOAT and DOUBLE give DOUBLE. Raises ExpressionProblem for any other kind."""
    found = [k for k in kinds if k is not None]
    odd = next((k for k in found if k not in _NUMERIC), None)
    if odd is not None:
        raise ExpressionProblem(
            f"{shown(tree.sql('mysql'), 60)} computes with a {odd} value, which MySQL would turn into a double",
            "Use numeric columns, or CAST(... AS DECIMAL(p,s)).",
        )
    if {Kind.FLOAT, Kind.DOUBLE} & set(found):
        return Kind.DOUBLE
    return Kind.DECIMAL if Kind.DECIMAL in found else Kind.INTEGER


def common(kinds: Iterable[str | None], tree: exp.Expr) -> str | None:
    """The kind that all of them can take without losing anything."""
    found = {k for k in kinds if k is not None}
    if len(found) <= 1:
        return next(iter(found), None)
    if found <= {Kind.INTEGER, Kind.BIT, Kind.DECIMAL}:
        return Kind.DECIMAL if Kind.DECIMAL in found else Kind.INTEGER
    if found == {Kind.DATE, Kind.DATETIME}:
        return Kind.DATETIME
    # The engines disagree about what such a mixture is, and cut or round some of it.
    raise ExpressionProblem(
        f"{shown(tree.sql('mysql'), 60)} mixes {' and '.join(sorted(found))} values",
        "Turn them into one type, with CAST(... AS CHAR) for instance.",
    )


def _column(tree: exp.Column, column_kind: KindOfColumn) -> str:
    kind = column_kind(tree)
    if kind is None:
        raise ExpressionProblem(f"{shown(tree.name)} has a type that an expression cannot use")
    return Kind.TEXT if kind == Kind.SET else kind


def _literal(tree: exp.Literal) -> str:
    if tree.is_string:
        return Kind.TEXT
    if "e" in tree.name.lower():
        return Kind.DOUBLE
    return Kind.DECIMAL if "." in tree.name else Kind.INTEGER


def _default(tree: exp.Case, of: Callable[[exp.Expr], str | None]) -> list[str | None]:
    return [of(tree.args["default"])] if tree.args.get("default") is not None else []


def _cast(tree: exp.Cast) -> str:
    name = tree.to.this.value if hasattr(tree.to.this, "value") else str(tree.to.this)
    kind = _CASTS.get(str(name).upper())
    if kind is None:
        raise ExpressionProblem(f"{shown(tree.sql('mysql'), 60)} casts to a type that is not allowed here")
    return kind


def _shifted(kind: str | None, unit: str) -> str:
    if kind == Kind.DATE and unit in {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}:
        return Kind.DATE
    if kind in {Kind.DATE, Kind.DATETIME}:
        return Kind.DATETIME
    return Kind.TIME if kind == Kind.TIME else Kind.TEXT


def _interval(tree: exp.Binary, of: Callable[[exp.Expr], str | None]) -> str:
    interval, other = (tree.right, tree.left) if isinstance(tree.right, exp.Interval) else (tree.left, tree.right)
    if not isinstance(interval, exp.Interval):
        raise ExpressionProblem(f"{shown(tree.sql('mysql'), 60)} is too involved", "Use DATE_ADD or DATE_SUB.")
    return _shifted(of(other), str(interval.args.get("unit")).upper())


def _call(tree: exp.Expr, of: Callable[[exp.Expr], str | None]) -> str | None:
    rule = FUNCTIONS.get(function_name(tree))
    if rule is None:
        raise ExpressionProblem(f"{shown(tree.sql('mysql'), 60)} is not allowed here")
    arguments = _arguments(tree)
    if rule == SAME:
        return of(arguments[0])
    if rule == COMMON:
        return common([of(a) for a in arguments], tree)
    return numeric([of(arguments[0])], tree) if rule == NUMBER else rule


def _arguments(tree: exp.Expr) -> list[exp.Expr]:
    first = [tree.this] if isinstance(tree.this, exp.Expr) else []
    return [*first, *(e for e in tree.expressions if isinstance(e, exp.Expr))]


def function_name(tree: exp.Expr) -> str:
    """How `FUNCTIONS` names a call: sqlglot's class, or `NAME()` for one that it keeps anonymous."""
    return f"{tree.name.upper()}()" if isinstance(tree, exp.Anonymous) else type(tree).__name__
