"""The seven joins and the four calculations: the value that each gives for one source row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from typing import Any

from tests.contract_evaluator.attribute_values import shown
from tests.contract_evaluator.expressions import Col, Expression, Record, Scope, truth
from tests.contract_evaluator.matching import SeveralMatches, Source, only
from tests.contract_evaluator.sql_values import (
    EXACT,
    Document,
    Members,
    Unspecified,
    Value,
    compared,
    number_of,
    sort_key,
)
from tests.contract_evaluator.tables import Table

COLLECTING = ("SS", "NS", "BS", "L")


@dataclass(frozen=True)
class Collected:
    """The values of several rows."""

    values: tuple[Value, ...]


@dataclass(frozen=True)
class Built:
    """json-construction: the rows as (key, value) pairs; `one` for an object."""

    rows: tuple[tuple[tuple[str, Value], ...], ...]
    one: bool


def joined(attribute: dict[str, Any], join: dict[str, Any], source: Source) -> Any:
    """What a join gives: a value, Collected, or Built. Raises SeveralMatches, Unspecified."""
    kind: str = join["type"]
    if kind in {"foreign-key", "lookup-table"}:
        return _lookup(attribute, join, source)
    if kind == "json-construction":
        return _construction(join, source)
    if kind == "chain":
        return _chain(join, source)
    if kind == "conditional":
        if not truth(join["condition"], source.scope()):
            return join.get("else_value")
        return _one(join, [join["join_condition"]], source)
    if kind == "multi-column":
        return _one(join, join["join_conditions"], source)
    alias = join["join_alias"]
    record = source.match(source.name, [join["join_condition"]], alias)
    value = join["select_column"].value(Scope({source.name: source.record, alias: record}, alias))
    return join.get("null_value") if value is None else value


def _one(join: dict[str, Any], conditions: Sequence[Expression], source: Source) -> Any:
    target = join["target_table"]
    return join["select_column"].value(source.selecting(target, source.match(target, conditions)))


def _lookup(attribute: dict[str, Any], join: dict[str, Any], source: Source) -> Any:
    """SS, NS, BS and L collect; a JSON or SET column is a whole list or set itself."""
    target, selected = join["target_table"], join["select_column"]
    condition = [join["join_condition"]]
    parsed = attribute.get("transformation", {}).get("type") == "json-parse"  # one text, which holds the members
    collects = attribute["type"] in COLLECTING and not parsed
    if not collects or _holds_many(selected, source.tables[target]):
        return _one(join, condition, source)
    found = _by_key(source.matches(target, condition), source.tables[target])
    return Collected(tuple(selected.value(source.selecting(target, record)) for record in found))


def _holds_many(selected: Expression, table: Table) -> bool:
    if not isinstance(selected, Col):
        return False
    type_ = table.columns[Record(table, None).column(selected.name) or ""]
    return type_.sql == "JSON" or type_.sql.startswith("SET")


def _chain(join: dict[str, Any], source: Source) -> Any:
    known = {source.name: source.record}
    values: list[Any] = []
    for number, link in enumerate(join["joins"]):
        target, table = link["target_table"], source.tables[link["target_table"]]
        if number == 0:
            record = source.match(target, [link["join_condition"]])
        else:
            rows = (Record(table, row) for row in source.stored[target])
            record = only(
                [r for r in rows if truth(link["join_condition"], Scope({**known, target: r}, target))], table
            )
        known[target] = record
        values.append(link["select_column"].value(Scope({source.name: source.record, target: record}, target)))
    if join.get("chain_separator") is None:
        return values[-1]
    texts = [text for text in map(shown, values) if text is not None]
    return join["chain_separator"].join(texts) if texts else None


def _construction(join: dict[str, Any], source: Source) -> Built | None:
    target, made = join["target_table"], join["construction"]
    table = source.tables[target]
    found = source.matches(target, [join["join_condition"]])
    limit, one = made.get("limit"), made["type"] == "object"
    if one and limit is None and len(found) > 1:
        raise SeveralMatches
    rows = []
    for record in _ordered(found, made.get("order_by") or (), table)[:limit]:
        scope = Scope({target: record}, target)
        rows.append(tuple((key, selected.value(scope)) for key, selected in made["select_columns"].items()))
    return None if one and not rows else Built(tuple(rows), one)


def _ordered(found: list[Record], order_by: Sequence[tuple[Expression, str]], table: Table) -> list[Record]:
    """By each key in turn, NULLs below all; the target's own key decides ties."""
    ordered = _by_key(found, table)
    for expression, direction in reversed(order_by):
        scopes = [Scope({table.name: r}, table.name) for r in ordered]
        keys = [sort_key(expression.value(s), expression.collation(s)) for s in scopes]
        ranks = sorted(range(len(ordered)), key=keys.__getitem__, reverse=direction == "DESC")
        ordered = [ordered[n] for n in ranks]
    return ordered


def _by_key(found: list[Record], table: Table) -> list[Record]:
    if not table.key:
        if len({tuple(sorted((n, repr(v)) for n, v in (r.row or {}).items())) for r in found}) > 1:
            raise Unspecified("rows of a table without a key have no order")
        return found
    return sorted(found, key=lambda r: [sort_key(r.value(n), table.columns[n].collation) for n in table.key])


def calculated(calculation: dict[str, Any], source: Source) -> Any:
    """What a calculation gives. Raises Unspecified."""
    scope = source.scope()
    match calculation["type"]:
        case "aggregate":
            return _aggregate(calculation, source)
        case "date-math":
            return calculation["expression"].value(scope)
        case "concat":
            return _concat(calculation, scope)
    for branch in calculation["cases"]:
        if truth(branch["when"], scope):
            return branch["then"].value(scope)
    return calculation["else"].value(scope) if "else" in calculation else None


def _concat(calculation: dict[str, Any], scope: Scope) -> Any:
    texts = [shown(column.value(scope)) for column in calculation["columns"]]
    known = [text for text in texts if text is not None]
    if calculation.get("separator") is None:
        return "".join(known) if len(known) == len(texts) else None
    return calculation["separator"].join(known) if known else None


def _aggregate(calculation: dict[str, Any], source: Source) -> Any:
    target, operation = calculation["target_table"], calculation["operation"]
    found = source.matches(target, [calculation["join_condition"]])
    if calculation["select_column"] == "*":
        return len(found)
    scopes = [Scope({target: record}, target) for record in found]
    values = [v for s in scopes if (v := calculation["select_column"].value(s)) is not None]
    if operation == "COUNT":
        return len(values)
    if not values:
        return None
    if operation in {"MIN", "MAX"}:
        return _extreme(operation, values, calculation["select_column"].collation(scopes[0]))
    return _sum(values) if operation == "SUM" else _mean(values)


def _extreme(operation: str, values: list[Any], collation: str | None) -> Any:
    ordered = sorted(values, key=lambda v: sort_key(v, collation))
    found = ordered[0 if operation == "MIN" else -1]
    if any(compared(found, v, collation) == 0 and v != found for v in values):
        raise Unspecified("several texts are equal to this collation")
    return found if not isinstance(found, (Document, Members)) else None


def _sum(values: list[Any]) -> Any:
    numbers = [number_of(v) for v in values]
    if any(isinstance(n, float) for n in numbers):
        return float(sum(map(float, numbers)))  # type: ignore[arg-type] # all are numbers
    return reduce(EXACT.add, numbers, Decimal(0))  # type: ignore[arg-type]


def _mean(values: list[Any]) -> Any:
    total = _sum(values)
    if isinstance(total, float):
        return total / len(values)
    scale = -int(total.as_tuple().exponent) + 4  # MySQL manual: div_precision_increment
    return EXACT.divide(total, len(values)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, context=EXACT)
