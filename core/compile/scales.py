"""How many decimals an expression's value has, where it is one of several values.

Found by running MySQL 9.7 and MariaDB 10.11: of `IF(x, a, b)` over decimals of several scales MySQL shows the value
with its own decimals or with the most, as the view happens to be read; MariaDB always with the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from core.compile.allowed import arguments_of, function_name
from core.items.plan import Kind
from core.source_schema import SourceColumn

ColumnOf = Callable[[exp.Column], SourceColumn | None]
# MySQL manual, "DECIMAL Data Type Characteristics": at most 65 digits, 30 of them decimals.
_MOST_DIGITS: Final = 65
_MOST_DECIMALS: Final = 30
_MOST_OF_AN_INTEGER: Final = 20  # 18446744073709551615
_CAST_WITHOUT_LENGTH: Final = (10, 0)
_ONE_OF: Final = frozenset({"COALESCE", "IFNULL", "GREATEST", "LEAST"})


@dataclass(frozen=True)
class Digits:
    """How many digits an exact number has at most: before its point, and after it."""

    whole: int
    decimals: int


def with_one_scale(tree: exp.Expr, column_of: ColumnOf) -> exp.Expr:
    """The tree in which every choice among decimals of several scales has the most decimals of them, on both engines.

    A choice stays as it is with a value whose digits are not known here (the result of another function), and where
    all digits of all values are more than a DECIMAL holds: a cast would put another number in the place of a large one.
    """

    def cast(node: exp.Expr) -> exp.Expr:
        found = [digits(value, column_of) for value in _values(node)]
        known = [each for each in found if each is not None]
        if len(known) < len(found) or len({each.decimals for each in known}) < 2:
            return node
        widest = _widest(known)
        if widest.whole + widest.decimals > _MOST_DIGITS:
            return node
        type_ = f"DECIMAL({_MOST_DIGITS}, {widest.decimals})"
        return exp.Cast(this=node, to=exp.DataType.build(type_, dialect="mysql"))

    return tree.transform(cast)


def decimals(tree: exp.Expr, column_of: ColumnOf) -> int | None:
    """The scale of an exact number; None where it is none, or cannot be told."""
    found = digits(tree, column_of)
    return None if found is None else found.decimals


def digits(tree: exp.Expr, column_of: ColumnOf) -> Digits | None:
    """The digits of an exact number; None where it is none, or cannot be told."""
    if isinstance(tree, exp.Paren | exp.Neg):
        return digits(tree.this, column_of)
    if isinstance(tree, exp.Column):
        return _of_column(column_of(tree))
    if isinstance(tree, exp.Literal):
        return _of_literal(tree)
    if isinstance(tree, exp.Cast):
        return _of_cast(tree)
    if isinstance(tree, exp.Add | exp.Sub | exp.Mul):
        return _of_sum_or_product(tree, column_of)
    found = [digits(value, column_of) for value in _values(tree)]
    known = [each for each in found if each is not None]
    return _widest(known) if known and len(known) == len(found) else None


def _widest(found: Sequence[Digits]) -> Digits:
    return Digits(max(each.whole for each in found), max(each.decimals for each in found))


def _of_literal(tree: exp.Literal) -> Digits | None:
    if tree.is_string or "e" in tree.name.lower():
        return None
    whole, _, decimals = tree.name.partition(".")
    return Digits(len(whole), len(decimals))


def _of_sum_or_product(tree: exp.Binary, column_of: ColumnOf) -> Digits | None:
    left, right = digits(tree.left, column_of), digits(tree.right, column_of)
    if left is None or right is None:
        return None
    if isinstance(tree, exp.Mul):
        return Digits(left.whole + right.whole, min(left.decimals + right.decimals, _MOST_DECIMALS))
    sum_ = _widest([left, right])
    return Digits(sum_.whole + 1, sum_.decimals)


def _values(node: exp.Expr) -> Iterator[exp.Expr]:
    """The values that a choice chooses among, but for NULL; none of any other node."""
    if isinstance(node, exp.Case):
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        found = [*branches, *([node.args["default"]] if node.args.get("default") is not None else [])]
    elif isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        found = [node.args["true"], node.args["false"]]
    else:
        found = arguments_of(node) if function_name(node) in _ONE_OF else []
    return (value for value in found if not isinstance(value, exp.Null))


def _of_column(column: SourceColumn | None) -> Digits | None:
    if column is None or column.kind not in {Kind.INTEGER, Kind.BIT, Kind.DECIMAL}:
        return None
    if column.kind != Kind.DECIMAL:
        return Digits(_MOST_OF_AN_INTEGER, 0)
    length, _, decimals = column.column_type.partition("(")[2].partition(")")[0].partition(",")
    return Digits(int(length) - int(decimals or 0), int(decimals or 0))


def _of_cast(tree: exp.Cast) -> Digits | None:
    to = tree.to
    if to.is_type(exp.DataType.Type.DECIMAL):
        given = [int(part.name) for part in to.expressions]
        length, decimals = (*given, *_CAST_WITHOUT_LENGTH[len(given) :])
        return Digits(length - decimals, decimals)
    return Digits(_MOST_OF_AN_INTEGER, 0) if to.is_type(*exp.DataType.INTEGER_TYPES) else None
