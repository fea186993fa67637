"""Every pattern as an attribute of a line, alone and with each transformation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.contract_evaluator.conditions import Both, Compare, IsNull, OneOf
from tests.contract_evaluator.expressions import Arithmetic, Call, Col, Expression, Lit
from tests.contract_evaluator.functions import Interval

TRANSFORMATIONS: dict[str, dict[str, Any]] = {
    "date-format": {"type": "date-format", "format": "DD.MM.YYYY HH:mm:ss"},
    "string-format": {"type": "string-format", "format": "<{%}|{id}> \\ 'x'"},
    "number-format": {"type": "number-format", "format": "#,##0.0"},
    "json-parse": {"type": "json-parse"},
}
_OF_GOODS = Compare("=", Col("goods", "id"), Col("lines", "goods"))
_OF_REMARKS = Compare("=", Col("lines", "id"), Col("remarks", "line"))
_GOODS = {"target_table": "goods", "join_condition": _OF_GOODS}
_REMARKS = {"target_table": "remarks", "join_condition": _OF_REMARKS}
# What a transformation ("" for none) is given: a literal text, a column of the goods, a column of the line itself.
_GIVEN = {
    "": ("v1.0", "name", "note"),
    "string-format": ("n.a.", "name", "note"),
    "date-format": ("1970-01-01", "made", "at"),
    "number-format": ("-0.5", "price", "amount"),
    "json-parse": ("{}", "doc", "doc"),
}


def joins(transformation: str) -> dict[str, dict[str, Any]]:
    """The seven joins, each of a value that this transformation ("" for none) takes; its name to the join."""
    default, column, own_column = _GIVEN[transformation]
    of_goods = {**_GOODS, "select_column": Col("goods", column)}
    to_kind = Compare("=", Col("the kinds", "id"), Col("goods", "kind"))
    to_place = Compare("=", Col("place", "id"), Col("the kinds", "place"))
    links = [
        {"target_table": "the kinds", "join_condition": to_kind, "select_column": Col(None, "name")},
        {"target_table": "place", "join_condition": to_place, "select_column": Col("place", "title")},
    ]
    chain: dict[str, Any] = {"type": "chain", "joins": [of_goods]}
    if transformation in {"", "string-format"}:
        chain = {"type": "chain", "joins": [of_goods, *links], "chain_separator": " > "}
    same_kind = Compare("=", Col("lines", "kind"), Col("goods", "kind"))
    return {
        "foreign-key": {"type": "foreign-key", **of_goods},
        "lookup-table": {"type": "lookup-table", **of_goods},
        "multi-column": {"type": "multi-column", "target_table": "goods", "join_conditions": [_OF_GOODS, same_kind],
                         "select_column": Col(None, column)},
        "conditional": {"type": "conditional", **of_goods, "else_value": default,
                        "condition": OneOf(Col(None, "stars"), (Lit(1), Lit(3)))},
        "self-join": {"type": "self-join", "join_alias": "the other", "null_value": default,
                      "join_condition": Compare("=", Col("the other", "id"), Col("lines", "up")),
                      "select_column": Col("the other", own_column)},
        "chain": chain,
        "json-construction": construction(),
    }  # fmt: skip


def construction(kind: str = "array", **more: Any) -> dict[str, Any]:
    """The two best remarks of a line, as JSON."""
    columns = {"it's": Col(None, "text"), "n": Col("remarks", "stars"), "d": Col(None, "doc"), "at": Col(None, "at")}
    order = [(Col(None, "stars"), "DESC"), (Col("remarks", "amount"), "ASC")]
    made = {"type": kind, "select_columns": columns, "order_by": order, "limit": 2 if kind == "array" else 1}
    return {"type": "json-construction", **_REMARKS, "construction": {**made, **more}}


def calculations(transformation: str) -> dict[str, dict[str, Any]]:
    """The four calculations, each of a value that this transformation takes."""
    line = Col(None, _GIVEN[transformation][2])
    when = Both(Compare(">", Col(None, "stars"), Lit(1)), IsNull(Col(None, "goods"), negated=True))
    remark: dict[str, Expression] = {"date-format": Col(None, "at"), "number-format": Col(None, "amount")}
    aggregate = {
        "type": "aggregate",
        **_REMARKS,
        "operation": {"date-format": "MAX", "number-format": "SUM"}.get(transformation, "COUNT"),
        "select_column": remark.get(transformation, "*"),
    }
    columns: dict[str, list[Expression]] = {
        "date-format": [Col(None, "day")],
        "number-format": [Col(None, "stars"), Col(None, "id")],
    }
    columns["json-parse"] = [Lit("["), Col(None, "stars"), Lit("]")]
    numbers = Arithmetic("*", Col(None, "amount"), Col(None, "stars"))
    shifted = Call("DATE_ADD", (Col(None, "at"), Interval(1, "MONTH")))
    text = Call("CONCAT", (Lit("["), Col(None, "stars"), Lit("]")))
    expression = {"number-format": numbers, "json-parse": text}.get(transformation, shifted)
    return {
        "aggregate": aggregate,
        "case": {"type": "case", "cases": [{"when": when, "then": line}], "else": _otherwise(transformation)},
        "concat": {
            "type": "concat",
            "columns": columns.get(transformation, [Col(None, "note"), Col("lines", "amount")]),
        },
        "date-math": {"type": "date-math", "expression": expression},
    }


def _otherwise(transformation: str) -> Expression:
    return {"date-format": Col(None, "day"), "number-format": Col(None, "stars")}.get(
        transformation, Lit(_GIVEN[transformation][0])
    )


def alone() -> Iterator[dict[str, Any]]:
    """Every pattern by itself, and the collecting joins."""
    for name, join in joins("").items():
        yield {"name": name, "type": "L" if name == "json-construction" else "S", "join": join}
    for name, calculation in calculations("").items():
        yield {"name": name, "type": "S", "calculation": calculation}
    for name, type_, column in (("stars of", "NS", "stars"), ("texts of", "SS", "text"), ("raws of", "BS", "raw"),
                                ("amounts of", "L", "amount")):  # fmt: skip
        join = {"type": "lookup-table", **_REMARKS, "select_column": Col("remarks", column)}
        yield {"name": name, "type": type_, "join": join}
    yield {"name": "first", "type": "M", "join": construction("object")}
    for operation in ("SUM", "COUNT", "AVG", "MIN", "MAX"):
        calculation = {"type": "aggregate", **_REMARKS, "operation": operation, "select_column": Col(None, "amount")}
        yield {"name": f"{operation} of", "type": "N", "calculation": calculation}
    for name, transformation in TRANSFORMATIONS.items():
        column = _GIVEN[name][2]
        type_ = "M" if name == "json-parse" else "S"
        yield {"name": name, "type": type_, "source_column": column, "transformation": written(transformation, column)}


def pairs() -> Iterator[dict[str, Any]]:
    """Each join and each calculation with each transformation, also those that must be refused."""
    for name, transformation in TRANSFORMATIONS.items():
        for part, found in (("join", joins(name)), ("calculation", calculations(name))):
            for pattern, given in found.items():
                own = f"{pattern} {name}"
                made = {"name": own, "type": _type(pattern, name), part: given}
                yield {**made, "transformation": written(transformation, own)}


def is_legal(pair: dict[str, Any]) -> bool:
    """Joined rows are neither a date nor a number."""
    return pair["name"] not in {"json-construction date-format", "json-construction number-format"}


def written(transformation: dict[str, Any], name: str) -> dict[str, Any]:
    """The transformation of the attribute or column of this name."""
    return {k: v.replace("%", name) for k, v in transformation.items()}


def _type(pattern: str, transformation: str) -> str:
    if transformation != "json-parse":
        return "S"
    return {"json-construction": "L", "aggregate": "N", "concat": "NS", "date-math": "L"}.get(pattern, "M")
