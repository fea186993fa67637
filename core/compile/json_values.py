"""What may be done with the JSON that an expression gives.

Found by running both engines: what MySQL compares, takes for true and casts by its type and value, MariaDB does by the
document's text: js->'$.n' = 12 is true of the text "12" on one of them only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from sqlglot import exp

from core.compile.allowed import arguments_of, function_name
from core.compile.contract_sql import shown_sql
from core.compile.problem import ExpressionProblem
from core.items.plan import Kind

_COMPARED: Final = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ),
    *(exp.Between, exp.In, exp.Like, exp.RegexpLike),
)
_COMPARING: Final = frozenset({"NULLIF", "GREATEST", "LEAST"})
_TEXTS: Final = (exp.DataType.Type.CHAR, exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.BINARY)


def refuse_documents_used(tree: exp.Expr, kind: Callable[[exp.Expr], str | None]) -> None:
    """Raises ExpressionProblem where the resolved tree compares JSON, casts it to a number, or decides by it."""
    for node in tree.walk():
        for document in _values_used(node):
            if kind(document) == Kind.JSON:
                refuse_document(document)


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
    if function_name(node) in _COMPARING:
        return arguments_of(node)
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
