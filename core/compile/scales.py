"""How many decimals an expression's value has, where it is one of several values.

Found by running MySQL 9.7 and MariaDB 10.11: of `IF(x, a, b)` over decimals of several scales MySQL shows the value
with its own decimals or with the most, as the view happens to be read; MariaDB always with the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sqlglot import exp

from core.compile.allowed import arguments_of, function_name
from core.items.plan import Kind
from core.source_schema import SourceColumn

ColumnOf = Callable[[exp.Column], SourceColumn | None]
# MySQL manual, "DECIMAL Data Type Characteristics": at most 65 digits, 30 of them decimals.
_MOST_DIGITS: Final = 65
_MOST_DECIMALS: Final = 30
_ONE_OF: Final = frozenset({"COALESCE", "IFNULL", "GREATEST", "LEAST"})


def with_one_scale(tree: exp.Expr, column_of: ColumnOf) -> exp.Expr:
    """The tree in which every choice among decimals of several scales has the most decimals of them, on both engines.

    A choice with a value whose scale is not known here (the result of another function) stays as it is.
    """

    def cast(node: exp.Expr) -> exp.Expr:
        scales = {decimals(value, column_of) for value in _values(node)}
        if len(scales) < 2 or None in scales:
            return node
        most = max(scale for scale in scales if scale is not None)
        return exp.Cast(this=node, to=exp.DataType.build(f"DECIMAL({_MOST_DIGITS}, {most})", dialect="mysql"))

    return tree.transform(cast)


def decimals(tree: exp.Expr, column_of: ColumnOf) -> int | None:
    """The scale of an exact number; None where it is none, or cannot be told."""
    if isinstance(tree, exp.Paren | exp.Neg):
        return decimals(tree.this, column_of)
    if isinstance(tree, exp.Column):
        return _of_column(column_of(tree))
    if isinstance(tree, exp.Literal):
        is_exact = not tree.is_string and "e" not in tree.name.lower()
        return len(tree.name.partition(".")[2]) if is_exact else None
    if isinstance(tree, exp.Cast):
        return _of_cast(tree)
    if isinstance(tree, exp.Add | exp.Sub | exp.Mul):
        left, right = decimals(tree.left, column_of), decimals(tree.right, column_of)
        if left is None or right is None:
            return None
        return min(left + right, _MOST_DECIMALS) if isinstance(tree, exp.Mul) else max(left, right)
    found = [decimals(value, column_of) for value in _values(tree)]
    known = [scale for scale in found if scale is not None]
    return max(known) if known and len(known) == len(found) else None


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


def _of_column(column: SourceColumn | None) -> int | None:
    if column is None or column.kind not in {Kind.INTEGER, Kind.BIT, Kind.DECIMAL}:
        return None
    digits = column.column_type.partition("(")[2].partition(")")[0]
    return int(digits.partition(",")[2] or 0) if column.kind == Kind.DECIMAL else 0


def _of_cast(tree: exp.Cast) -> int | None:
    to = tree.to
    if to.is_type(exp.DataType.Type.DECIMAL):
        parts = to.expressions
        return int(parts[1].name) if len(parts) > 1 else 0
    return 0 if to.is_type(*exp.DataType.INTEGER_TYPES) else None
