"""What an expression may hold: a list of what is allowed; all else is refused by name, with what to write instead."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from core.compile.contract_sql import shown_sql
from core.compile.functions import FUNCTIONS, INSTEAD
from core.compile.grammar import SINGLE_UNITS, UNITS, is_json_path, is_no_mysql, nests_too_deeply
from core.compile.moments import MOMENTS
from core.compile.problem import ExpressionProblem
from core.contract.problems import nearest, shown
from core.items.plan import Kind

_OPERATORS: Final[tuple[type[exp.Expr], ...]] = (
    *(exp.And, exp.Or, exp.Not, exp.Xor, exp.Paren, exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
    *(exp.Is, exp.In, exp.Between, exp.Like, exp.Escape, exp.RegexpLike, exp.Collate),
    *(exp.Null, exp.Boolean, exp.Literal, exp.Column, exp.Identifier, exp.Var, exp.Interval),
    *(exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv),
    *(exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift),
    *(exp.Case, exp.If, exp.Cast, exp.DataType, exp.DataTypeParam),
)
# What the parser gives a class of its own because its arguments are no plain list.
_FORMS: Final[dict[type[exp.Expr], str]] = {
    exp.Trim: "TRIM",
    exp.Substring: "SUBSTRING",
    exp.StrPosition: "LOCATE",
    exp.Extract: "EXTRACT",
    exp.Concat: "CONCAT",  # texts that stand side by side
}
CASTS: Final = {
    **dict.fromkeys(("CHAR", "CHARACTER_SET"), Kind.TEXT),
    **dict.fromkeys(("BIGINT", "UBIGINT"), Kind.INTEGER),
    "DECIMAL": Kind.DECIMAL,
    "DOUBLE": Kind.DOUBLE,
    "DATE": Kind.DATE,
    "DATETIME": Kind.DATETIME,
    "TIME": Kind.TIME,
    "BINARY": Kind.BINARY,
}
_FIRST_PATH: Final = {"JSON_EXTRACT": 1, "JSON_KEYS": 1, "JSON_LENGTH": 1, "JSON_CONTAINS": 2, "JSON_CONTAINS_PATH": 2}
_PATH: Final = "Write '$.name', '$[0]' or '$.\"odd name\"'."
_PATTERN: Final = "Write the pattern as a text, or use LIKE, LOCATE or INSTR."
_ZONES: Final = "Write both zones as texts: '+00:00', 'Europe/Berlin'."
_SHIFTS: Final = {"DATE_ADD", "DATE_SUB", "ADDDATE", "SUBDATE"}


def function_name(tree: exp.Expr) -> str:
    """The upper-case name of a call; empty for what is no call."""
    if isinstance(tree, exp.Anonymous):
        return "" if isinstance(tree.this, exp.Identifier) else tree.name.upper()
    return _FORMS.get(type(tree), "")


def arguments_of(call: exp.Expr) -> list[exp.Expr]:
    """A call's arguments."""
    first = [tree for key in ("this", "start", "length") if isinstance(tree := call.args.get(key), exp.Expr)]
    return [*first, *(e for e in call.expressions if isinstance(e, exp.Expr))]


def refuse_unlisted(tree: exp.Expr) -> None:
    """Raise ExpressionProblem for the first thing that is not allowed."""
    if nests_too_deeply(tree):
        raise ExpressionProblem("is nested too deeply")
    for node in tree.walk():
        _refuse_reading(node)
        if function_name(node):
            _refuse_call(node)
        elif not isinstance(node, _OPERATORS):
            what = f"{shown(node.name)} in quotes is no function" if isinstance(node, exp.Anonymous) else ""
            raise ExpressionProblem(what or f"{shown_sql(node)} is not allowed here")
        reason = _wrong(node)
        if reason is not None:
            raise ExpressionProblem(*reason)


def _refuse_reading(node: exp.Expr) -> None:
    if isinstance(node, exp.Subquery | exp.Query):
        raise ExpressionProblem("holds a subquery", "Only columns of the joined tables may be used.")
    if isinstance(node, exp.Parameter | exp.SessionParameter | exp.Placeholder):
        raise ExpressionProblem("holds a variable or placeholder", "Use columns and literals.")
    if isinstance(node, exp.Column) and (node.args.get("db") or node.args.get("catalog")):
        raise ExpressionProblem(f"{shown_sql(node)} names another database", "Write table.column.")


def _refuse_call(call: exp.Expr) -> None:
    name = function_name(call)
    function = FUNCTIONS.get(name)
    if function is None:
        remedy = INSTEAD.get(name) or nearest(name, FUNCTIONS)
        raise ExpressionProblem(f"the function {shown(name)} is not allowed here", remedy)
    count = len(arguments_of(call))
    if not isinstance(call, exp.Trim | exp.Extract | exp.StrPosition) and not function.least <= count <= function.most:
        wanted = f"{function.least}" if function.least == function.most else f"{function.least} to {function.most}"
        wanted = f"at least {function.least}" if function.most > 9 else wanted
        raise ExpressionProblem(f"the function {shown(name)} has {count} arguments; it takes {wanted}")


def _wrong(node: exp.Expr) -> tuple[str, str] | None:
    """What the parser takes although a server does not, so that the view would fail later, or would mean another."""
    if isinstance(node, exp.Cast) and not is_no_mysql(node):
        return _wrong_cast(node)
    if isinstance(node, exp.Interval):
        return _wrong_interval(node)
    if isinstance(node, exp.Extract) and (is_no_mysql(node) or node.name.upper() not in UNITS):
        return f"{shown(node.name)} is not allowed here; a unit of time is", nearest(node.name.upper(), UNITS)
    if isinstance(node, exp.RegexpLike) and not _is_pattern(node.expression):
        return f"{shown_sql(node)} takes its pattern from the data, where MySQL refuses a wrong one", _PATTERN
    if isinstance(node, exp.Collate) and (not isinstance(node.expression, exp.Var) or is_no_mysql(node.expression)):
        return (
            f"{shown_sql(node)} names a collation that MySQL and MariaDB do not share",
            "Use utf8mb4_bin, for instance.",
        )
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case) and node.args.get("false") is None:
        return "IF with 2 arguments is not allowed here; it takes 3", ""
    if isinstance(node, exp.Anonymous) and (reason := _wrong_arguments(node)) is not None:
        return reason
    return (f"{shown_sql(node)} is not allowed here", "") if is_no_mysql(node) else None


def _is_pattern(tree: exp.Expr) -> bool:
    """Whether it is a text that core.compile.regular finds."""
    literal = tree.this if isinstance(tree, exp.Collate) else tree
    return isinstance(literal, exp.Literal) and literal.is_string


def _wrong_cast(node: exp.Cast) -> tuple[str, str] | None:
    name = cast_name(node)
    if name == "JSON":
        return f"{shown_sql(node)} casts to JSON, which MariaDB cannot", "Use JSON_EXTRACT(text, '$')."
    if name not in CASTS:
        known = "CHAR, SIGNED, UNSIGNED, DECIMAL(p,s), DOUBLE, DATE, DATETIME, TIME or BINARY"
        return f"{shown_sql(node)} casts to a type that is not allowed here", f"Use {known}."
    charset = node.to.args.get("kind")
    if isinstance(charset, exp.Expr) and (not isinstance(charset, exp.Var) or is_no_mysql(charset)):
        return f"{shown_sql(node)} names a character set that is not allowed here", "Use utf8mb4."
    return None


def cast_name(node: exp.Cast) -> str:
    """The type that a cast names, as the parser calls it."""
    return str(getattr(node.to.this, "value", node.to.this)).upper()


def _wrong_interval(node: exp.Interval) -> tuple[str, str] | None:
    unit = node.args.get("unit")
    name = "" if unit is None else str(unit.name).upper()
    if name not in UNITS or node.this is None:
        return f"{shown_sql(node)} is not allowed here; it has no unit", nearest(name, UNITS) or "Write INTERVAL 1 DAY."
    parent = node.parent
    if isinstance(parent, exp.Add | exp.Sub) or (isinstance(parent, exp.Expr) and function_name(parent) in _SHIFTS):
        return None
    return f"{shown_sql(node)} is not allowed here", "Add it to a date, or take it from one."


def _wrong_arguments(node: exp.Anonymous) -> tuple[str, str] | None:
    name, arguments = function_name(node), node.expressions
    if name in MOMENTS and not all(isinstance(a, exp.Literal) and a.name in set("0123456") for a in arguments):
        return f"{shown_sql(node)} must name its digits, 0 to 6", ""
    if name in {"DATE_ADD", "DATE_SUB"} and not isinstance(arguments[1], exp.Interval):
        return f"{shown_sql(node)} lacks its INTERVAL", f"Write {name}(moment, INTERVAL 1 DAY)."
    if name == "CONVERT_TZ" and not all(isinstance(a, exp.Literal) and a.is_string for a in arguments[1:]):
        return f"{shown_sql(node)} takes its zones from the data, where one unknown zone gives NULL", _ZONES
    if name == "JSON_CONTAINS_PATH" and not _is_one_or_all(arguments[1]):
        return f"{shown_sql(arguments[1])} must be 'one' or 'all'", ""
    if name in {"TIMESTAMPADD", "TIMESTAMPDIFF"}:
        unit = arguments[0].name.upper()
        if not isinstance(arguments[0], exp.Var) or unit not in SINGLE_UNITS:
            return f"{shown_sql(arguments[0])} is not allowed here; a unit of time is", nearest(unit, SINGLE_UNITS)
    return _wrong_paths(arguments, _FIRST_PATH[name]) if name in _FIRST_PATH else None


def _is_one_or_all(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Literal) and tree.is_string and tree.name.lower() in {"one", "all"}


def _wrong_paths(arguments: list[exp.Expr], first: int) -> tuple[str, str] | None:
    for path in arguments[first:]:
        if not isinstance(path, exp.Literal):
            return f"{shown_sql(path)} takes a JSON path from the data, where MySQL refuses a wrong one", _PATH
        if not (path.is_string and is_json_path(path.name)):
            return f"{shown(path.name)} is no path into a JSON document", _PATH
    return None
