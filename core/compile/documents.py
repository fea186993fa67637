"""JSON functions over texts that may hold no JSON: such a text counts as NULL, as it does on MariaDB.

Found by running both engines: one invalid document ends a read on MySQL (error 3141), which would be during the load,
and so does any value that is neither JSON nor a text (3144, 3146, 3064), for which MariaDB takes its text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Final, NoReturn

from sqlglot import exp

from core.compile.allowed import function_name
from core.compile.contract_sql import remember, shown_sql, to_sql, written
from core.compile.problem import ExpressionProblem
from core.contract.problems import plain, shown
from core.items.plan import Kind
from core.source_schema import SourceColumn

_READ: Final = frozenset({Kind.TEXT, Kind.JSON})
_CHECK: Final = "JSON_VALID"
_MAX_CHECKS: Final = 8  # in one argument, which is written twice
# How many of its arguments are documents.
_DOCUMENTS: Final = {
    **dict.fromkeys(("JSON_EXTRACT", "JSON_KEYS", "JSON_TYPE", "JSON_DEPTH", "JSON_LENGTH", "JSON_CONTAINS_PATH"), 1),
    "JSON_CONTAINS": 2,
}


def documents_checked(
    tree: exp.Expr, kind: Callable[[exp.Expr], str | None], column_of: Callable[[exp.Column], SourceColumn | None]
) -> exp.Expr:
    """The resolved tree, in which a text is read as JSON only if it is JSON."""
    for call in reversed(list(tree.find_all(exp.Anonymous))):  # the innermost first: what is replaced is a copy
        name = function_name(call)
        for document in call.expressions[: _DOCUMENTS.get(name, 0)]:
            _refuse_other(document, kind(document), _READ, "read as JSON")
            _refuse_listed(document, column_of)
            _check(document, kind(document))
        if name == "JSON_QUOTE":
            _refuse_other(call.expressions[0], kind(call.expressions[0]), {Kind.TEXT}, "quote")
        if name == "JSON_UNQUOTE":
            _refuse_other(call.expressions[0], kind(call.expressions[0]), _READ, "unquote")
            if kind(call.expressions[0]) == Kind.TEXT:
                _refuse_unquoted(call)
    return tree


def _refuse_other(value: exp.Expr, kind: str | None, taken: Collection[str], what: str) -> None:
    if kind is None or kind in taken:
        return
    if kind == Kind.BINARY:
        said, remedy = "bytes", "Use CONVERT(... USING utf8mb4)."
    else:
        said, remedy = f"of kind {kind}", f"Use CAST({plain(to_sql(written(value)), 60)} AS CHAR)."
    raise ExpressionProblem(f"{shown_sql(value)} is {said}, which MySQL does not {what}", remedy)


def _refuse_listed(document: exp.Expr, column_of: Callable[[exp.Column], SourceColumn | None]) -> None:
    bare = document.unnest()
    column = column_of(bare) if isinstance(bare, exp.Column) else None
    if column is not None and column.data_type in {"enum", "set"}:
        _refuse_other(document, column.data_type, _READ, "read as JSON")


def _check(document: exp.Expr, kind: str | None) -> None:
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
