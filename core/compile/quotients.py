"""Quotients inside an expression, rounded as MySQL rounds them.

Found by running MySQL 9.7 and MariaDB 10.11, where i is 5: i / 3 * 3 is 5.0001 on MySQL, which rounds each quotient to
four decimals more than its dividend has (div_precision_increment is 4 in all our sessions), and 5.0000 on MariaDB,
which computes with more. The quotient that is shown has the same text on both, rounded here or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from core.compile.allowed import arguments_of, function_name
from core.compile.contract_sql import remember, written
from core.compile.functions import FUNCTIONS
from core.compile.kinds import BITS, TRUTH
from core.compile.scales import ColumnOf, decimals
from core.items.plan import Kind

_INCREMENT: Final = 4
_MOST_DECIMALS: Final = 30  # MySQL manual, "DECIMAL Data Type Characteristics"
_EXACT: Final = frozenset({Kind.INTEGER, Kind.BIT, Kind.DECIMAL})
_SAME: Final = frozenset({"ABS", "NULLIF"})
_INTEGRAL: Final = frozenset({"FLOOR", "CEIL", "CEILING"})
_ROUNDED: Final = frozenset({"ROUND", "TRUNCATE"})
_WHOLE: Final = (exp.IntDiv, *TRUTH, *BITS)


def with_rounded_quotients(tree: exp.Expr, column_of: ColumnOf, kind: Callable[[exp.Expr], str | None]) -> exp.Expr:
    """The resolved tree in which each quotient of exact numbers is rounded, where its dividend's scale is known."""
    whole = exp.Paren(this=tree)  # so that the tree itself can be replaced as its parts are
    scales: dict[int, int | None] = {}

    def of(node: exp.Expr) -> int | None:
        return scales.get(id(node))

    nodes = list(whole.walk())  # kept, so that no identity is given twice
    for node in reversed(nodes):  # the innermost first
        scale = _scale(node, of, column_of)
        scales[id(node)] = scale
        if isinstance(node, exp.Div) and scale is not None and kind(node.right) in _EXACT:
            scales[id(_rounded(node, scale))] = scale
        elif isinstance(node, exp.Div):
            scales[id(node)] = None
    found: exp.Expr = whole.this
    found.pop()
    return found


def _rounded(quotient: exp.Div, scale: int) -> exp.Expr:
    made = exp.Anonymous(this="ROUND")
    remember(made, written(quotient))
    quotient.replace(made)
    made.set("expressions", [quotient, exp.Literal.number(scale)])
    return made


def _scale(node: exp.Expr, of: Callable[[exp.Expr], int | None], column_of: ColumnOf) -> int | None:
    """The scale that MySQL gives an exact number; None where it is none, or cannot be told."""
    if isinstance(node, exp.Paren | exp.Neg):
        return of(node.this)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Mod):
        return _of_both(node, of(node.left), of(node.right))
    if isinstance(node, exp.Div):
        dividend = of(node.left)
        return None if dividend is None else min(dividend + _INCREMENT, _MOST_DECIMALS)
    if isinstance(node, _WHOLE):
        return 0
    if name := function_name(node):
        return _of_call(name, node, of, column_of)
    return decimals(node, column_of)


def _of_both(node: exp.Expr, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    return min(left + right, _MOST_DECIMALS) if isinstance(node, exp.Mul) else max(left, right)


def _of_call(name: str, node: exp.Expr, of: Callable[[exp.Expr], int | None], column_of: ColumnOf) -> int | None:
    arguments = arguments_of(node)
    if name == "MOD":
        return _of_both(node, of(arguments[0]), of(arguments[1]))
    if name in _INTEGRAL or (name in _ROUNDED and len(arguments) == 1):
        return None if of(arguments[0]) is None else 0
    if name in _SAME:
        return of(arguments[0])
    if name in _ROUNDED:
        digits, scale = arguments[1], of(arguments[0])
        is_literal = isinstance(digits, exp.Literal) and digits.name.isdecimal()
        return min(int(digits.name), scale) if is_literal and scale is not None else None
    return 0 if FUNCTIONS[name].kind == Kind.INTEGER else decimals(node, column_of)
