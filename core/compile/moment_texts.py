"""Texts that stand for a date or a time: each must be one, or a server takes it for nothing, or for zero.

Found by running MySQL 9.7 and MariaDB 10.11: `day > 'abc'` is true for every row on MariaDB, a time is compared with
any text on both, and DATE '2024-02-30' is NULL in every row.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from typing import Final

from sqlglot import exp

from core.compile.allowed import cast_name, function_name
from core.compile.contract_sql import shown_sql
from core.compile.problem import ExpressionProblem
from core.contract.problems import shown
from core.items.plan import Kind

_COMPARED: Final = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Case)
_CASTS: Final = {"DATE": Kind.DATE, "DATETIME": Kind.DATETIME, "TIME": Kind.TIME}
_CLOCK: Final = r":(?P<minute>\d\d)(:(?P<second>\d\d)(\.\d{1,6})?)?"
_MOMENT: Final = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)( (?P<hour>\d\d){_CLOCK})?", re.ASCII)
_TIME: Final = re.compile(rf"-?(?P<hour>\d{{2,3}}){_CLOCK}", re.ASCII)
_MAX_HOUR: Final = 838  # MySQL manual, "The TIME Type"
_BEYOND: Final = re.compile(r"-?838:59:59\.0*[1-9]\d*", re.ASCII)  # MySQL cuts such a fraction off, MariaDB keeps it
_REMEDY: Final = {
    Kind.DATE: "Write 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'.",
    Kind.DATETIME: "Write 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS', with at most six decimals.",
    Kind.TIME: "Write 'HH:MM:SS', from '-838:59:59' to '838:59:59'.",
}
# Of a time, the engines agree on these only: MySQL takes its date for today's, MariaDB cuts the hours to a day's.
_UNITS_OF_TIME: Final = ("MINUTE", "SECOND", "MICROSECOND")


def refuse_odd_moments(tree: exp.Expr, kind: Callable[[exp.Expr], str | None]) -> None:
    """Raise ExpressionProblem for a text that is compared with a moment, or made one, and is none."""
    for node in tree.walk():
        if isinstance(node, exp.Cast) and cast_name(node) in _CASTS:
            _refuse_odd(node.this, _CASTS[cast_name(node)], is_cast=True)
        elif isinstance(node, exp.Extract):
            _refuse_unit(node, kind)
        elif function_name(node) == "UNIX_TIMESTAMP" and node.expressions:
            _refuse_odd(node.expressions[0], Kind.DATETIME)
        elif isinstance(node, _COMPARED) or function_name(node) == "NULLIF":
            _refuse_compared(list(_operands(node)), kind)


def _operands(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Case):
        if node.this is not None:
            yield from (node.this, *(branch.this for branch in node.args["ifs"]))
        return
    if not isinstance(node, exp.Anonymous):
        yield node.this
    yield from (part for key in ("expression", "low", "high") if (part := node.args.get(key)) is not None)
    yield from node.expressions


def _refuse_compared(operands: list[exp.Expr], kind: Callable[[exp.Expr], str | None]) -> None:
    texts = [o for o in operands if _text(o) is not None]
    if not texts:
        return
    for found in [kind(o) for o in operands if _text(o) is None]:
        for text in texts if found in _REMEDY else []:
            _refuse_odd(text, str(found))


def _refuse_odd(tree: exp.Expr, kind: str, *, is_cast: bool = False) -> None:
    text = _text(tree)
    if text is None:
        return
    # A cast may ask for the time of a whole moment; beside a time, the engines take one for different things.
    fits = (_is_time(text) or (is_cast and _is_moment(text))) if kind == Kind.TIME else _is_moment(text)
    if not fits:
        raise ExpressionProblem(f"{shown(text)} stands for a {kind} and is none", _REMEDY[kind])


def _refuse_unit(node: exp.Extract, kind: Callable[[exp.Expr], str | None]) -> None:
    if not node.name.upper().startswith(_UNITS_OF_TIME) and kind(node.expression) == Kind.TIME:
        raise ExpressionProblem(
            f"{shown_sql(node)} is another number on MySQL than on MariaDB, because it is of a time",
            "Use HOUR, which has no sign, MINUTE or SECOND.",
        )


def _text(tree: exp.Expr) -> str | None:
    """The literal text that it is, in brackets, with a collation or in pieces; None for anything else."""
    while isinstance(tree, exp.Paren | exp.Collate):
        tree = tree.this
    if isinstance(tree, exp.Concat):
        pieces = [_text(piece) for piece in tree.expressions]
        return None if None in pieces else "".join(p for p in pieces if p is not None)
    return tree.name if isinstance(tree, exp.Literal) and tree.is_string else None


def _is_moment(text: str) -> bool:
    """Whether it is a date, with or without a time of day; zero dates are MySQL's own."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return False
    year, month, day = (int(found[n]) for n in (1, 2, 3))
    days = monthrange(year or 4, month)[1] if 1 <= month <= 12 else 31
    return month <= 12 and day <= days and (found["hour"] is None or (int(found["hour"]) < 24 and _is_clock(found)))


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    return found is not None and int(found["hour"]) <= _MAX_HOUR and _is_clock(found) and not _BEYOND.fullmatch(text)


def _is_clock(found: re.Match[str]) -> bool:
    return int(found["minute"]) < 60 and int(found["second"] or 0) < 60
