"""JSON in expressions: what may be read as JSON, and what may be done with the JSON that comes out.

Found by running both engines: one invalid document ends a read on MySQL (error 3141), which would be during the load;
such a text counts as NULL here, as it does on MariaDB. What MySQL compares, takes for true and casts by its type and
value, MariaDB does by the document's text: js->'$.n' = 12 is true of the text "12" on one of them only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, NoReturn

from sqlglot import exp

from core.compile.allowed import function_name
from core.compile.contract_sql import remember, shown_sql, written
from core.compile.problem import ExpressionProblem
from core.contract.problems import shown
from core.items.plan import Kind

_CHECK: Final = "JSON_VALID"
_COMPARED: Final = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ),
    *(exp.Between, exp.In, exp.Like, exp.RegexpLike),
)
_TEXTS: Final = (exp.DataType.Type.CHAR, exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.BINARY)
_MAX_CHECKS: Final = 8  # in one argument, which is written twice
# How many of its arguments are documents.
_DOCUMENTS: Final = {
    **dict.fromkeys(("JSON_EXTRACT", "JSON_KEYS", "JSON_TYPE", "JSON_DEPTH", "JSON_LENGTH", "JSON_CONTAINS_PATH"), 1),
    "JSON_CONTAINS": 2,
}


def documents_checked(tree: exp.Expr, kind: Callable[[exp.Expr], str | None]) -> exp.Expr:
    """The resolved tree, in which a text is read as JSON only if it is JSON. Raises ExpressionProblem."""
    for node in tree.walk():
        for document in _values_used(node):
            if kind(document) == Kind.JSON:
                refuse_document(document)
    for call in reversed(list(tree.find_all(exp.Anonymous))):  # the innermost first: what is replaced is a copy
        name = function_name(call)
        for document in call.expressions[: _DOCUMENTS.get(name, 0)]:
            _check(document, kind(document))
        if name == "JSON_UNQUOTE" and kind(call.expressions[0]) == Kind.TEXT:
            _refuse_unquoted(call)
    return tree


def refuse_document(document: exp.Expr) -> NoReturn:
    """Say that JSON is no value to compare, cast or decide by. Raises ExpressionProblem."""
    raise ExpressionProblem(
        f"{shown_sql(document)} is JSON, which MySQL compares by its type and value, and MariaDB as a text",
        "Use ->>, which is JSON_UNQUOTE(JSON_EXTRACT(document, path)), and a CAST of that for numbers.",
    )


def _values_used(node: exp.Expr) -> list[exp.Expr]:
    """The operands whose type decides what comes out."""
    if isinstance(node, _COMPARED):
        return list(node.iter_expressions())
    if isinstance(node, exp.Connector):
        return [node.left, node.right]
    if isinstance(node, exp.Is):
        return [] if isinstance(node.expression, exp.Null) else [node.this]
    if isinstance(node, exp.Not | exp.If):
        return [node.this]
    if isinstance(node, exp.Case) and node.this is not None:
        return [node.this]
    is_text = isinstance(node, exp.Cast) and node.to.is_type(*_TEXTS)
    return [node.this] if isinstance(node, exp.Cast) and not is_text else []


def _check(document: exp.Expr, kind: str | None) -> None:
    if kind == Kind.BINARY:
        raise ExpressionProblem(
            f"{shown_sql(document)} is bytes, which MySQL does not read as JSON", "Use CONVERT(... USING utf8mb4)."
        )
    if kind != Kind.TEXT:
        return
    if isinstance(document, exp.Literal):
        _refuse_invalid(document)
    elif sum(function_name(call) == _CHECK for call in document.find_all(exp.Anonymous)) >= _MAX_CHECKS:
        raise ExpressionProblem(f"{shown_sql(document)} reads JSON in texts of JSON in too many steps")
    else:
        valid = exp.Anonymous(this=_CHECK, expressions=[document.copy()])
        guarded = exp.If(this=valid, true=document.copy(), false=exp.Null())
        remember(guarded, written(document))
        document.replace(guarded)


def _refuse_invalid(document: exp.Literal) -> None:
    try:
        json.loads(document.name, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ExpressionProblem(
            f"{shown(document.name)} is no JSON", "Write a text of JSON: '\"a text\"', '1', '[1, 2]'."
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's


def _refuse_unquoted(call: exp.Expr) -> None:
    raise ExpressionProblem(
        f"{shown_sql(call)} unquotes a text that may be no JSON, which MySQL refuses when it meets one",
        "Use JSON_UNQUOTE(JSON_EXTRACT(text, '$')).",
    )
