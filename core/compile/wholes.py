"""Between which bounds an integer lies, and whether the server computes it without a sign.

Found by running MySQL 9.7 and MariaDB 10.11, which agree: a sum, difference or product has no sign when one of its
sides has none, a remainder when its dividend has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from core.compile.allowed import arguments_of, cast_name, function_name
from core.compile.functions import FUNCTIONS
from core.compile.kinds import BITS, TRUTH
from core.compile.scales import ColumnOf
from core.items.plan import Kind
from core.source_schema import SourceColumn

_BYTES: Final = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8}
_SAME: Final = frozenset({"FLOOR", "CEIL", "CEILING", "ROUND", "TRUNCATE", "NULLIF"})
_INTEGRAL: Final = frozenset({"FLOOR", "CEIL", "CEILING"})
_ONE_OF: Final = frozenset({"COALESCE", "IFNULL", "GREATEST", "LEAST"})
_NO_SIGN: Final = frozenset({"CRC32", "INET_ATON"})
_LONG: Final = frozenset({"TIMESTAMPDIFF", "EXTRACT"})


@dataclass(frozen=True)
class Whole:
    """An integer of these bounds; `unsigned`: the server may give it no sign; `wide`: it is a DECIMAL already."""

    low: int
    high: int
    unsigned: bool = False
    wide: bool = False

    def within(self, other: Whole) -> bool:
        """Whether all its values are values of the other."""
        return other.low <= self.low and self.high <= other.high

    @property
    def digits(self) -> int:
        """How many it has at most, or one more: a text of a very long number would take long, or fail."""
        return max(self.low.bit_length(), self.high.bit_length()) * 30103 // 100_000 + 1


SIGNED: Final = Whole(-(2**63), 2**63 - 1)
UNSIGNED: Final = Whole(0, 2**64 - 1, unsigned=True)
_SHORT: Final = Whole(-(2**32), 2**32)  # lengths, positions, parts of moments
_MICROSECONDS: Final = Whole(-(10**18), 10**18)  # of ten thousand years, and more
# A result without a known size, of decimals that are UNSIGNED.
_ANY: Final = Whole(-(10**65) + 1, 10**65 - 1, unsigned=True)


def whole_of(node: exp.Expr, of: Callable[[exp.Expr], Whole | None], column_of: ColumnOf) -> Whole | None:
    """What is known of a node that is no arithmetic, by what is known `of` its parts; None if it is no integer."""
    if isinstance(node, exp.Paren):
        return of(node.this)
    if isinstance(node, exp.Column):
        return _of_column(column_of(node))
    if isinstance(node, exp.Literal):
        return _of_literal(node)
    if isinstance(node, TRUTH):
        return Whole(0, 1)
    if isinstance(node, BITS):
        return _of_bits(node, of)
    if isinstance(node, exp.Cast):
        return _of_cast(node, of(node.this))
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        return _one_of([*branches, *([] if default is None else [default])], of)
    if isinstance(node, exp.If):
        return None if node.arg_key == "ifs" else _one_of([node.args["true"], node.args["false"]], of)
    return _of_call(function_name(node), node, of, column_of)


def has_unsigned_decimal(tree: exp.Expr, column_of: ColumnOf) -> bool:
    """Whether a DECIMAL UNSIGNED is part of it: its integral part has no sign either."""
    columns = (column_of(c) for c in tree.find_all(exp.Column))
    return any(c is not None and c.kind == Kind.DECIMAL and "unsigned" in c.column_type for c in columns)


def _of_column(column: SourceColumn | None) -> Whole | None:
    if column is None or column.kind not in {Kind.INTEGER, Kind.BIT}:
        return None
    if column.kind == Kind.BIT:
        bits = int(column.column_type.partition("(")[2].partition(")")[0] or 1)
        return Whole(0, 2**bits - 1, unsigned=True)
    if column.data_type == "year":
        return Whole(0, 2155, unsigned=True)
    bits = 8 * _BYTES[column.data_type]
    unsigned = "unsigned" in column.column_type
    return Whole(0, 2**bits - 1, unsigned=True) if unsigned else Whole(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _of_literal(node: exp.Literal) -> Whole | None:
    if node.is_string or not node.name.isdecimal():
        return None
    value = int(node.name)
    return Whole(value, value, unsigned=value > SIGNED.high, wide=value > UNSIGNED.high)


def _of_bits(node: exp.Expr, of: Callable[[exp.Expr], Whole | None]) -> Whole:
    masks = [side for side in (of(node.this), of(node.expression)) if side] if isinstance(node, exp.BitwiseAnd) else []
    return replace(UNSIGNED, high=min([UNSIGNED.high, *(mask.high for mask in masks if mask.low >= 0)]))


def _of_cast(node: exp.Cast, value: Whole | None) -> Whole | None:
    name = cast_name(node)
    if name == "DECIMAL":
        return None if value is None else replace(value, unsigned=False, wide=True)
    if name not in {"BIGINT", "UBIGINT"}:
        return None
    most = SIGNED if name == "BIGINT" else UNSIGNED
    fits = value is not None and value.within(most)
    return replace(value, unsigned=most.unsigned, wide=False) if value is not None and fits else most


def _one_of(values: Iterable[exp.Expr], of: Callable[[exp.Expr], Whole | None]) -> Whole | None:
    """What a choice gives: any of the values, of which one without a sign may take it from the others."""
    found = [of(value) for value in values if not isinstance(value, exp.Null)]
    known = [whole for whole in found if whole is not None]
    if not known or len(known) < len(found):
        return None
    return Whole(
        min(w.low for w in known),
        max(w.high for w in known),
        unsigned=any(w.unsigned for w in known),
        wide=any(w.wide for w in known),
    )


def _of_call(name: str, node: exp.Expr, of: Callable[[exp.Expr], Whole | None], column_of: ColumnOf) -> Whole | None:
    arguments = arguments_of(node) if name else []
    if name in _ONE_OF:
        return _one_of(arguments, of)
    if name in _SAME or name == "ABS":
        value = of(arguments[0])
        if value is None:
            return _ANY if name in _INTEGRAL and has_unsigned_decimal(arguments[0], column_of) else None
        low = 0 if value.low <= 0 <= value.high else min(abs(value.low), abs(value.high))
        return replace(value, low=low, high=max(abs(value.low), abs(value.high))) if name == "ABS" else value
    if name in _NO_SIGN:
        return Whole(0, 2**32 - 1, unsigned=True)
    if name in _LONG:
        return _MICROSECONDS
    return _SHORT if name in FUNCTIONS and FUNCTIONS[name].kind == Kind.INTEGER else None
