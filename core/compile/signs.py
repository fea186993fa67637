"""Integers that leave their type: computed as exact decimals, so that no row ends the read with error 1690.

Found by running MySQL 9.7 and MariaDB 10.11: both compute with integers in 64 bits, without a sign as soon as one of
them is UNSIGNED (a column, a BIT, what a bit operator, CRC32 or a choice among these gives), and fail on the first row
whose result does not fit, which would be during the load.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlglot import exp

from core.compile.allowed import arguments_of, cast_name, function_name
from core.compile.contract_sql import remember, written
from core.compile.kinds import BITS
from core.compile.scales import ColumnOf
from core.compile.wholes import SIGNED, UNSIGNED, Whole, has_unsigned_decimal, whole_of

_FEWEST_DIGITS: Final = 20  # hold every integer that a server has
_MOST_DIGITS: Final = 65  # MySQL manual, "DECIMAL Data Type Characteristics"
_SPARE: Final = 25  # decimals of a dividend, so that no quotient by less than 10^25 is rounded up to the next integer
_READ_AS_BITS: Final = frozenset({"HEX", "BIT_COUNT"})
_ALL_BITS: Final = str(UNSIGNED.high + 1)


def with_signs(tree: exp.Expr, column_of: ColumnOf) -> exp.Expr:
    """The resolved tree in which each integer that may leave its type has one that holds it.

    It is SIGNED where that is enough, else DECIMAL, which both engines show without decimals as well.
    """
    return _Signs(tree, column_of).done()


class _Signs:
    """One tree under way; `_known` is what is known of each node, by its identity."""

    def __init__(self, tree: exp.Expr, column_of: ColumnOf) -> None:
        self._whole = exp.Paren(this=tree)  # so that the tree itself can be replaced as its parts are
        self._nodes = list(self._whole.walk())  # kept, so that no identity is given twice
        self._column_of = column_of
        self._known: dict[int, Whole | None] = {}

    def done(self) -> exp.Expr:
        for node in reversed(self._nodes):  # the innermost first
            sides = _sides(node)
            if isinstance(node, BITS) or function_name(node) in _READ_AS_BITS or _is_unsigned(node):
                self._read_as_bits(node)
            found = self._computed(node, sides) if sides else whole_of(node, self._of, self._column_of)
            self._known[id(node)] = found
        tree: exp.Expr = self._whole.this
        tree.pop()
        return tree

    def _of(self, node: exp.Expr) -> Whole | None:
        return self._known.get(id(node))

    def _computed(self, node: exp.Expr, sides: list[exp.Expr]) -> Whole | None:
        known = [whole for side in sides if (whole := self._of(side)) is not None]
        if len(known) < len(sides):
            return self._of_decimals(node, sides)
        result = _result(node, known)
        is_integer = isinstance(node, exp.IntDiv) or not result.wide
        if not is_integer or (not result.wide and result.within(UNSIGNED if result.unsigned else SIGNED)):
            return replace(result, unsigned=result.unsigned and is_integer)
        if not result.wide and all(whole.within(SIGNED) for whole in (result, *known)):
            for side, whole in zip(sides, known, strict=True):
                if whole.unsigned:
                    self._put(side, _cast(side, "SIGNED"), replace(whole, unsigned=False))
            return replace(result, unsigned=False)
        return self._widened(node, sides, result)

    def _widened(self, node: exp.Expr, sides: list[exp.Expr], result: Whole) -> Whole | None:
        if isinstance(node, exp.IntDiv) and not result.within(SIGNED):
            return self._divided(node, sides, result)
        for side in sides:
            self._widen(side)
        # DIV of decimals is a BIGINT again.
        return replace(result, unsigned=False, wide=not isinstance(node, exp.IntDiv))

    def _divided(self, node: exp.Expr, sides: list[exp.Expr], result: Whole) -> Whole | None:
        """DIV whose result is longer than a BIGINT: the integral part of a quotient with enough decimals."""
        digits, by = (whole.digits for side in sides if (whole := self._of(side)) is not None)
        if digits + _SPARE > _MOST_DIGITS or by > _SPARE:
            return None  # no server has a type for it
        dividend = _cast(sides[0], f"DECIMAL({digits + _SPARE}, {_SPARE})")
        quotient = exp.Div(this=dividend, expression=sides[1].copy())
        found = exp.Anonymous(this="TRUNCATE", expressions=[quotient, exp.Literal.number(0)])
        remember(found, written(node))
        node.replace(found)
        self._known[id(found)] = replace(result, unsigned=False, wide=True)
        return None

    def _of_decimals(self, node: exp.Expr, sides: list[exp.Expr]) -> Whole | None:
        """DIV of decimals is an integer, without a sign if one of them has none.

        Other arithmetic has no sign only beside an integer without one: FLOOR or UNIX_TIMESTAMP may be one as well.
        """
        if not isinstance(node, exp.IntDiv):
            if any(self._of(side) is None and _is_chosen_or_called(side) for side in sides):
                for side in sides:
                    if (whole := self._of(side)) is not None and whole.unsigned:
                        self._widen(side)
            return None
        known = [whole for side in sides if (whole := self._of(side)) is not None]
        for side in sides:
            self._widen(side)
        has_none = any(whole.unsigned for whole in known) or has_unsigned_decimal(node, self._column_of)
        return Whole(SIGNED.low, UNSIGNED.high, unsigned=True) if has_none else None

    def _widen(self, side: exp.Expr) -> None:
        whole = self._of(side)
        if whole is None or whole.wide or (isinstance(side, exp.Literal) and not whole.unsigned):
            return
        digits = min(max(whole.digits, _FEWEST_DIGITS), _MOST_DIGITS)
        self._put(side, _cast(side, f"DECIMAL({digits}, 0)"), replace(whole, unsigned=False, wide=True))

    def _read_as_bits(self, node: exp.Expr) -> None:
        """The low 64 bits of a decimal where bits are wanted: MySQL takes 2^63 - 1 for any that is more."""
        for side in _parts(node):
            whole = self._of(side)
            if whole is None or not whole.wide:
                continue
            value = exp.Mod(this=exp.Paren(this=side.copy()), expression=exp.Literal.number(_ALL_BITS))
            if whole.low < 0:  # its two's complement
                above = exp.Paren(this=exp.Add(this=value, expression=exp.Literal.number(_ALL_BITS)))
                value = exp.Mod(this=above, expression=exp.Literal.number(_ALL_BITS))
            bits = exp.cast(value, exp.DType.UBIGINT)
            remember(bits, written(side))
            self._put(side, bits, UNSIGNED)

    def _put(self, side: exp.Expr, new: exp.Expr, known: Whole) -> None:
        side.replace(new)
        self._known[id(new)] = known


def _is_chosen_or_called(side: exp.Expr) -> bool:
    """Whether a function or a choice is part of it, so that the server may make an integer of decimals."""
    return any(isinstance(node, exp.Case | exp.If) or function_name(node) != "" for node in side.walk())


def _is_unsigned(node: exp.Expr) -> bool:
    """Whether it is a cast to UNSIGNED, which MariaDB makes 0 of a decimal below zero."""
    return isinstance(node, exp.Cast) and cast_name(node) == "UBIGINT"


def _parts(node: exp.Expr) -> list[exp.Expr]:
    if function_name(node):
        return arguments_of(node)
    return [side for side in (node.this, node.args.get("expression")) if side is not None]


def _sides(node: exp.Expr) -> list[exp.Expr]:
    """What an arithmetic node computes with; none for any other node."""
    if isinstance(node, exp.Neg | exp.Add | exp.Sub | exp.Mul | exp.IntDiv | exp.Mod) or function_name(node) == "MOD":
        return _parts(node)
    return []


def _cast(side: exp.Expr, type_: str) -> exp.Expr:
    made = exp.Cast(this=side.copy(), to=exp.DataType.build(type_, dialect="mysql"))
    remember(made, written(side))
    return made


def _result(node: exp.Expr, known: list[Whole]) -> Whole:
    """What exact arithmetic gives."""
    first, last = known[0], known[-1]
    unsigned, wide = first.unsigned or last.unsigned, first.wide or last.wide
    match node:
        case exp.Neg():
            bounds = [-first.low, -first.high]
        case exp.Add():
            bounds = [first.low + last.low, first.high + last.high]
        case exp.Sub():
            bounds = [first.low - last.high, first.high - last.low]
        case exp.Mul():
            bounds = [a * b for a in (first.low, first.high) for b in (last.low, last.high)]
        case exp.IntDiv():
            nearest = max(last.low, -last.high, 1)  # to zero, of the divisors
            most = max(abs(first.low), abs(first.high)) // nearest
            bounds = [0 if first.low >= 0 and last.low >= 0 else -most, 0 if first.high <= 0 <= last.low else most]
        case _:  # a remainder has the sign of its dividend, and is less than its divisor
            most = max(abs(last.low), abs(last.high))
            bounds, unsigned = [max(min(first.low, 0), -most), min(max(first.high, 0), most)], first.unsigned
    return Whole(min(bounds), max(bounds), unsigned=unsigned, wide=wide)
