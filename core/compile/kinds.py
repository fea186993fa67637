"""What kind of value an expression gives: inferred from its columns and functions, or a problem; never guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

from sqlglot import exp

from core.compile.allowed import CASTS, arguments_of, cast_name, function_name
from core.compile.contract_sql import shown_sql
from core.compile.functions import (
    COMMON,
    FUNCTIONS,
    JOINED,
    NUMBER,
    NUMBERS,
    QUOTED,
    SAME,
    SHIFTED,
    TEXTUAL,
    TIMED,
)
from core.compile.problem import ExpressionProblem
from core.contract.problems import shown
from core.items.plan import Kind

KindOfColumn = Callable[[exp.Column], str | None]

_NUMERIC: Final = (Kind.INTEGER, Kind.BIT, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE)
TRUTH: Final = (exp.Not, exp.Predicate, exp.Boolean, exp.Connector, exp.Escape, exp.RegexpLike)
BITS: Final = (
    *(exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot),
    *(exp.BitwiseLeftShift, exp.BitwiseRightShift),
)
_MOMENTS: Final = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME, None})
_DAYS: Final = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")  # how their units begin
_DATE_FORMS: Final = frozenset("aAbcDdejMmUuVvWwXxYy")
_TIME_FORMS: Final = frozenset("fHhIiklprSsT")  # MySQL manual, DATE_FORMAT: the specifiers of a time


def kind_of(tree: exp.Expr, column_kind: KindOfColumn) -> str | None:
    """The kind of the expression's values; None for a bare NULL. Raises ExpressionProblem when it cannot be told."""

    def of(node: exp.Expr) -> str | None:
        return kind_of(node, column_kind)

    if isinstance(tree, exp.Paren | exp.Collate):
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
    if isinstance(tree, BITS):
        return _bits([of(side) for side in (tree.this, tree.args.get("expression")) if side is not None], tree)
    if isinstance(tree, exp.If):
        return common([of(tree.args["true"]), of(tree.args["false"])], tree)
    if isinstance(tree, exp.Cast):
        return CASTS[cast_name(tree)]
    if isinstance(tree, (exp.Add, exp.Sub)) and tree.find(exp.Interval):
        return _interval(tree, of)
    if isinstance(tree, exp.Div):
        return numeric([of(tree.left), of(tree.right), Kind.DECIMAL], tree)
    if isinstance(tree, (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv)):
        return numeric([of(tree.left), of(tree.right)], tree)
    if isinstance(tree, TRUTH):
        return Kind.INTEGER
    return _call(tree, of)


def numeric(kinds: Iterable[str | None], tree: exp.Expr) -> str:
    """The widest of numeric kinds; FLOAT and DOUBLE give DOUBLE. Raises ExpressionProblem for any other kind."""
    found = [k for k in kinds if k is not None]
    odd = next((k for k in found if k not in _NUMERIC), None)
    if odd is not None:
        raise ExpressionProblem(
            f"{shown_sql(tree)} computes with a {odd} value, which MySQL would turn into a double",
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
        f"{shown_sql(tree)} mixes {' and '.join(sorted(found))} values",
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


def _bits(kinds: Iterable[str | None], tree: exp.Expr) -> str:
    numeric(kinds, tree)  # bytes are combined as bytes by one engine, as numbers by the other
    return Kind.INTEGER


def _shifted(kind: str | None, unit: str, tree: exp.Expr) -> str:
    if kind == Kind.TIME and unit.startswith(_DAYS):
        raise ExpressionProblem(
            f"{shown_sql(tree)} moves a time by days, which on MySQL gives a day counted from today",
            "Use hours.",
        )
    if kind == Kind.DATE and unit in {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}:
        return Kind.DATE
    if kind in {Kind.DATE, Kind.DATETIME}:
        return Kind.DATETIME
    return Kind.TIME if kind == Kind.TIME else Kind.TEXT


def _interval(tree: exp.Binary, of: Callable[[exp.Expr], str | None]) -> str:
    interval, other = (tree.right, tree.left) if isinstance(tree.right, exp.Interval) else (tree.left, tree.right)
    if not isinstance(interval, exp.Interval):
        raise ExpressionProblem(f"{shown_sql(tree)} is too involved", "Use DATE_ADD or DATE_SUB.")
    return _shifted(of(other), str(interval.args.get("unit")).upper(), tree)


def _call(tree: exp.Expr, of: Callable[[exp.Expr], str | None]) -> str | None:
    name = function_name(tree)
    if name not in FUNCTIONS:
        raise ExpressionProblem(f"{shown_sql(tree)} is not allowed here")
    rule, arguments = FUNCTIONS[name].kind, arguments_of(tree)
    if rule in {SAME, NUMBER, TIMED}:
        first = of(arguments[0])
        if rule == TIMED:
            return first if first in _MOMENTS else Kind.TEXT
        return numeric([first], tree) if rule == NUMBER else first
    if rule in {COMMON, NUMBERS}:
        kinds = [of(a) for a in arguments]
        return numeric(kinds, tree) if rule == NUMBERS else common(kinds, tree)
    if rule in {TEXTUAL, JOINED, QUOTED}:
        by = tree.args.get("expression") if isinstance(tree, exp.Trim) else None
        return _text_or_bytes(tree, rule, [of(a) for a in (*arguments, *([by] if by is not None else []))])
    if rule == SHIFTED:
        return _moved(tree, name, arguments, of)
    return _by_format(name, arguments, rule)


def _text_or_bytes(tree: exp.Expr, rule: str, kinds: list[str | None]) -> str:
    """What both engines send; found by running MySQL 9.7 and MariaDB 10.11 over each function and argument."""
    if rule == QUOTED and kinds[0] is None:
        raise ExpressionProblem(f"{shown_sql(tree)} quotes NULL, which is bytes on MariaDB", "Write the text 'NULL'.")
    if rule == JOINED or (rule == TEXTUAL and kinds[0] == Kind.BINARY):
        return Kind.BINARY if Kind.BINARY in kinds else Kind.TEXT
    if Kind.BINARY in kinds:
        raise ExpressionProblem(
            f"{shown_sql(tree)} is text on MySQL and bytes on MariaDB, because bytes are among its arguments",
            "Turn them into text, with CONVERT(... USING utf8mb4) or HEX.",
        )
    return Kind.TEXT


def _moved(tree: exp.Expr, name: str, arguments: list[exp.Expr], of: Callable[[exp.Expr], str | None]) -> str:
    if name == "TIMESTAMPADD":
        return _shifted(of(arguments[2]), arguments[0].name, tree)
    by = arguments[1]
    unit = str(by.args["unit"].name).upper() if isinstance(by, exp.Interval) else "DAY"
    return _shifted(of(arguments[0]), unit, tree)


def _by_format(name: str, arguments: list[exp.Expr], kind: str) -> str:
    """Two functions whose format decides what they give, as the servers do."""
    if name == "FROM_UNIXTIME" and len(arguments) > 1:
        return Kind.TEXT
    if name != "STR_TO_DATE" or not isinstance(arguments[1], exp.Literal):
        return kind
    written = arguments[1].name
    used = {after for before, after in pairwise(written) if before == "%"}
    if used & _TIME_FORMS:
        return Kind.DATETIME if used & _DATE_FORMS else Kind.TIME
    return Kind.DATE
