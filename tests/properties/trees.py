"""Expressions over the columns of one table: conditions, and values of a known kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.contract_evaluator.conditions import Between, Both, Compare, Either, IsNull, Negated, OneOf, StartsWith
from tests.contract_evaluator.expressions import Arithmetic, Call, Case, Col, Expression, Lit
from tests.contract_evaluator.functions import Interval
from tests.properties.rows import TEXTS
from tests.properties.shops import Shop

_LITERALS: dict[str, tuple[Any, ...]] = {
    "integer": (0, 1, 2, -7, 100),
    "bit": (0, 1, 5),
    "decimal": tuple(map(Decimal, ("0.00", "1.10", "-2.25", "99.99"))),
    "double": (0, 1, Decimal("0.5")),
    "text": TEXTS,
    "date": ("2024-02-29", "2001-01-31"),
    "datetime": ("2024-02-29 13:05:09", "2001-01-31 00:00:00"),
}
_OPERATORS = ("=", "=", "<>", "<", "<=", ">", ">=", "<=>")


@dataclass(frozen=True)
class Operand:
    """A column that expressions may use; `unsigned` numbers cannot go below 0."""

    column: Col
    kind: str
    unsigned: bool


def operands(shop: Shop, role: str, *, alias: str | None = None, bare: bool = False) -> list[Operand]:
    """The columns of a table that expressions compare and compute with."""
    found = []
    for (of, column), kind in shop.kinds.items():
        if of == role and kind in _LITERALS:
            type_ = shop.tables[role].columns[shop.names[role, column]].sql
            unsigned = "UNSIGNED" in type_ or kind == "bit"
            found.append(Operand(shop.col(role, column, alias=alias, bare=bare), kind, unsigned))
    return found


def condition(draw: st.DrawFn, known: Sequence[Operand], depth: int = 1) -> Expression:
    """A condition over the columns."""
    shape = draw(st.integers(0, 3)) if depth else 0
    if shape == 1:
        return Both(condition(draw, known, 0), condition(draw, known, 0))
    if shape == 2:
        return Either(condition(draw, known, 0), condition(draw, known, 0))
    if shape == 3:
        return Negated(condition(draw, known, 0))
    return _atom(draw, known)


def _atom(draw: st.DrawFn, known: Sequence[Operand]) -> Expression:
    operand = draw(st.sampled_from(known))
    column, literals = operand.column, st.sampled_from(_LITERALS[operand.kind]).map(Lit)
    shape = draw(st.sampled_from(("literal", "literal", "null", "in", "between", "column", "prefix")))
    if shape == "null":
        return IsNull(column, draw(st.booleans()))
    if shape == "in":
        return OneOf(column, tuple(draw(st.lists(literals, min_size=1, max_size=3))), draw(st.booleans()))
    if shape == "between":
        return Between(column, draw(literals), draw(literals))
    if shape == "prefix" and operand.kind == "text":
        return StartsWith(column, draw(st.sampled_from(("a", "A", "ä", "it's", "", "Ж", 'q"'))))
    if shape == "column":
        other = draw(st.sampled_from([o for o in known if o.kind == operand.kind]))
        return Compare(draw(st.sampled_from(_OPERATORS)), column, other.column)
    return Compare(draw(st.sampled_from(_OPERATORS)), column, draw(literals))


def value(draw: st.DrawFn, known: Sequence[Operand]) -> tuple[Expression, str]:
    """An expression that is no bare column, and the kind of its values."""
    makers = [maker for maker, kinds in _MAKERS if any(o.kind in kinds for o in known)]
    return draw(st.sampled_from(makers))(draw, known)


def _some(draw: st.DrawFn, known: Sequence[Operand], *kinds: str, signed: bool = False) -> Expression:
    found = [o.column for o in known if o.kind in kinds and not (signed and o.unsigned)]
    return draw(st.sampled_from(found)) if found else Lit(3)


def _text(draw: st.DrawFn, known: Sequence[Operand]) -> tuple[Expression, str]:
    text = _some(draw, known, "text")
    literal = Lit(draw(st.sampled_from(TEXTS)))
    shapes: list[Expression] = [
        Call("UPPER", (text,)),
        Call("LOWER", (text,)),
        Call("COALESCE", (text, literal)),
        Call("IFNULL", (text, literal)),
        Call("LEFT", (text, Lit(draw(st.integers(0, 3))))),
        Call("RIGHT", (text, Lit(2))),
        Call("SUBSTRING", (text, Lit(draw(st.integers(1, 3))), Lit(2))),
        Call("REPLACE", (text, Lit("a"), literal)),
        Call("REVERSE", (text,)),
        Call("TRIM", (text,)),
        _concat(draw, known, text),
        Case(((condition(draw, known, 0), text),), literal),
    ]
    return draw(st.sampled_from(shapes)), "text"


def _concat(draw: st.DrawFn, known: Sequence[Operand], text: Expression) -> Expression:
    other = _some(draw, known, "text", "integer", "decimal", "date", "datetime", "bit", "double")
    separator = Lit(draw(st.sampled_from((" - ", "", "'", "/"))))
    if draw(st.booleans()):
        return Call("CONCAT", (text, separator, other))
    return Call("CONCAT_WS", (separator, text, other, Lit(draw(st.sampled_from(TEXTS)))))


def _integer(draw: st.DrawFn, known: Sequence[Operand]) -> tuple[Expression, str]:
    number = _some(draw, known, "integer", "bit", signed=True)
    shapes: list[Expression] = [
        Arithmetic(draw(st.sampled_from("+-*%")), number, Lit(draw(st.sampled_from((0, 1, 3, -4))))),
        Arithmetic("*", number, _some(draw, known, "integer", signed=True)),
        Arithmetic("+", _some(draw, known, "integer", "bit"), Lit(2)),
        Call("ABS", (number,)),
        Call("COALESCE", (number, Lit(5))),
        Case(((condition(draw, known, 0), number), (condition(draw, known, 0), Lit(2)))),
        condition(draw, known),
    ]
    return draw(st.sampled_from(shapes)), "integer"


def _decimal(draw: st.DrawFn, known: Sequence[Operand]) -> tuple[Expression, str]:
    number = _some(draw, known, "decimal")
    shapes: list[Expression] = [
        Arithmetic(
            draw(st.sampled_from("+-*")), number, Lit(draw(st.sampled_from((Decimal("1.10"), Decimal("-2.5")))))
        ),
        Arithmetic("*", number, _some(draw, known, "integer", signed=True)),
        Arithmetic("/", number, Lit(draw(st.sampled_from((0, 2, 3, 7))))),
        Call("ROUND", (number, Lit(1))),
        Call("ROUND", (number,)),
        Call("ABS", (number,)),
    ]
    return draw(st.sampled_from(shapes)), "decimal"


def _moment(draw: st.DrawFn, known: Sequence[Operand]) -> tuple[Expression, str]:
    moment = _some(draw, known, "datetime")
    units = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")
    interval = Interval(draw(st.sampled_from((1, 13, -2, 40))), draw(st.sampled_from(units)))
    if draw(st.booleans()):
        return Call(draw(st.sampled_from(("DATE_ADD", "DATE_SUB"))), (moment, interval)), "datetime"
    return draw(st.sampled_from((Call("DATE", (moment,)), Call("LAST_DAY", (moment,))))), "date"


def _day(draw: st.DrawFn, known: Sequence[Operand]) -> tuple[Expression, str]:
    day = _some(draw, known, "date")
    unit = draw(st.sampled_from(("DAY", "WEEK", "MONTH", "YEAR", "HOUR")))
    shapes: list[tuple[Expression, str]] = [
        (Call("DATE_ADD", (day, Interval(1, unit))), "datetime" if unit == "HOUR" else "date"),
        (Call(draw(st.sampled_from(("YEAR", "MONTH", "DAY"))), (day,)), "integer"),
        (Call("DATEDIFF", (day, _some(draw, known, "date", "datetime"))), "integer"),
        (Call("CHAR_LENGTH", (Call("CONCAT", (day, Lit("x"))),)), "integer"),
    ]
    return draw(st.sampled_from(shapes))


_MAKERS: list[tuple[Callable[[st.DrawFn, Sequence[Operand]], tuple[Expression, str]], tuple[str, ...]]] = [
    (_text, ("text",)),
    (_integer, ("integer",)),
    (_decimal, ("decimal",)),
    (_moment, ("datetime",)),
    (_day, ("date",)),
]
