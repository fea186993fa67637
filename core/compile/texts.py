"""A value as the server's own text, for places that carry text only: arrays inside a view, branches of a CASE.

Found by running MySQL 9.7 and MariaDB 10.11: without a cast decimals become doubles and dates gain a fraction; a cast
of a number without a length is cut where the value is materialised (-2.2250738585072014e-308 loses its last digits); a
cast of a text with a length cuts long texts; without a character set a view keeps that of its creator's connection.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from core.items.plan import Kind

NUMERIC: Final = frozenset({Kind.INTEGER, Kind.BIT, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE})


def as_text(expression: exp.Expr, kind: str) -> exp.Expr:
    """The expression as exact text: bytes as upper-case HEX, a bit field as its number, all else as MySQL shows it."""
    if kind == Kind.BINARY:
        return exp.Anonymous(this="HEX", expressions=[expression])
    value = as_number(expression) if kind == Kind.BIT else expression
    length = "(255)" if kind in NUMERIC else ""
    return exp.Cast(this=value, to=exp.Var(this=f"CHAR{length} CHARACTER SET utf8mb4"))


def as_bytes(expression: exp.Expr, kind: str) -> exp.Expr:
    """The expression's bytes, or those of its text in UTF-8."""
    return expression if kind == Kind.BINARY else exp.Cast(this=as_text(expression, kind), to=exp.Var(this="BINARY"))


def as_number(expression: exp.Expr) -> exp.Expr:
    """A bit field as the number that both engines agree on: bare, MariaDB sends digits where MySQL sends bytes."""
    return exp.Paren(this=exp.Add(this=expression, expression=exp.Literal.number(0)))
