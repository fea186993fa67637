"""What the parser lets through that MySQL would not read, or would read as something else.

sqlglot keeps some words of the grammar as plain text, even when they were written as a quoted name, and writes them
back without quotes: a unit, a length, a character set. So each of them must be one that the grammar has.
"""

from __future__ import annotations

import math
import re
from typing import Final

from sqlglot import exp

_MAX_NESTED: Final = 30  # levels; the parser itself ends near 40, depending on how deep in the program it is called
MOST_REWRITTEN: Final = 36  # levels of what is made of it, which the guard of queries can still read
_MAX_CHAINED: Final = 100  # terms of `a + b + c ...`, which nest to the left
_NUMBER: Final = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# MySQL manual, "Temporal Intervals"; MariaDB has the same.
SINGLE_UNITS: Final = ("MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_DOUBLE_UNITS: Final = (
    *("SECOND_MICROSECOND", "MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND", "HOUR_MINUTE"),
    *("DAY_MICROSECOND", "DAY_SECOND", "DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH"),
)
UNITS: Final = frozenset({*SINGLE_UNITS, *_DOUBLE_UNITS})
# Those that both engines have, and mean alike.
_COLLATION: Final = re.compile(r"[a-z0-9]+_(bin|general_ci|unicode_ci|unicode_520_ci|swedish_ci)", re.IGNORECASE)
_CHARACTER_SETS: Final = frozenset({"utf8mb4", "utf8mb3", "utf8", "latin1", "ascii", "ucs2", "utf16"})
# MySQL manual, "JSON Path Syntax"; MariaDB gives NULL where MySQL fails, both only when a row is read.
_JSON_STEP: Final = r'(?:\.(?:\*|[^\W\d][\w$]*|\$[\w$]*|"(?:[^"\\]|\\.)*")|\[ *(?:\*|{0}(?: +to +{0})?) *\])'.format(
    r"(?:\d+|last(?: *- *\d+)?)"
)
_JSON_PATH: Final = re.compile(rf"\$(?:(?:\*\*)?{_JSON_STEP})*", re.DOTALL)


def is_json_path(text: str) -> bool:
    """Whether both engines read it as a path into a JSON document."""
    return _JSON_PATH.fullmatch(text) is not None


def nests_too_deeply(tree: exp.Expr, most: int = _MAX_NESTED) -> bool:
    """Whether it is deeper than what this program, or the server, can be relied on to read."""
    waiting: list[tuple[exp.Expr, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, nested, chained = waiting.pop()
        if nested > most or chained > _MAX_CHAINED:
            return True
        for child in node.iter_expressions():
            if isinstance(node, exp.Connector) and type(child) is type(node):
                waiting.append((child, nested, chained))  # AND and OR are read and written term by term
            elif isinstance(node, exp.Binary) and child is node.left and not isinstance(node, exp.Predicate):
                waiting.append((child, nested, chained + 1))
            else:
                waiting.append((child, nested + 1, 0))
    return False


def is_no_mysql(node: exp.Expr) -> bool:
    """Whether MySQL does not read this node as the parser does, so that a view would fail, or do something else."""
    match node:
        case exp.Var():
            return not _is_word(node)
        case exp.Extract():
            return not isinstance(node.this, exp.Var)
        case exp.DataTypeParam():
            return not (isinstance(node.this, exp.Literal) and node.this.name.isdecimal() and not node.this.is_string)
        case exp.Cast():
            return isinstance(node, exp.TryCast) or any(node.args.get(a) is not None for a in ("format", "default"))
        case exp.DataType():
            return isinstance(node.args.get("kind"), exp.Identifier)  # CONVERT(a USING `a name`)
        case exp.If():
            return node.args.get("false") is None and node.arg_key != "ifs"  # a branch of CASE has none
        case exp.In():
            return not (node.expressions or node.args.get("query"))  # `a IN b`, `a IN ()`
        case exp.Is():
            return not isinstance(node.expression, exp.Null | exp.Boolean)
        case exp.Between():
            return node.args.get("symmetric") is not None
        case exp.Not():
            return isinstance(node.parent, exp.Binary) and not isinstance(node.parent, exp.Connector)
        case exp.Escape():
            return not (isinstance(node.expression, exp.Literal) and node.expression.is_string)
        case exp.Literal():
            return not node.is_string and not _is_number(node.name)
    return False


def _is_word(node: exp.Var) -> bool:
    if isinstance(node.parent, exp.DataType):
        return node.name.lower() in _CHARACTER_SETS
    if isinstance(node.parent, exp.Collate):
        return _COLLATION.fullmatch(node.name) is not None
    return node.name.upper() in UNITS


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))
