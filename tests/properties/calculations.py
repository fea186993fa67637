"""The four calculations."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.contract_evaluator.expressions import Expression, Lit
from tests.properties.kinds import Given, Maker, links
from tests.properties.linked import linked
from tests.properties.rows import TEXTS
from tests.properties.shops import Shop
from tests.properties.trees import condition, operands, value


def _aggregate(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    found = links(role, many=None)
    if not found:
        return _case(draw, shop, role)
    link = draw(st.sampled_from(found))
    known = operands(shop, link.target, bare=draw(st.booleans()))
    operation = draw(st.sampled_from(("SUM", "COUNT", "AVG", "MIN", "MAX")))
    kinds = ("integer", "decimal", "double", "bit") if operation in {"SUM", "AVG"} else ()
    operand = draw(st.sampled_from([o for o in known if not kinds or o.kind in kinds]))
    selected: Any = operand.column
    kind = {"COUNT": "integer", "SUM": "decimal", "AVG": "decimal"}.get(operation, operand.kind)
    if kind == "decimal" and operand.kind == "double":
        kind = "double"
    if operation == "COUNT" and draw(st.booleans()):
        selected = "*"
    calculation = {
        "type": "aggregate",
        "target_table": shop.tables[link.target].name,
        "join_condition": linked(draw, shop, link),
        "operation": operation,
        "select_column": selected,
    }
    return Given({"calculation": calculation}, "integer" if kind == "bit" else kind)


def _case(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    """Branches of one kind, or of several, which become texts."""
    known = operands(shop, role, bare=draw(st.booleans()))
    count, mixed = draw(st.integers(1, 2)), draw(st.booleans())
    branches = [(condition(draw, known), _branch(draw, known, mixed)) for _ in range(count)]
    calculation: dict[str, Any] = {"type": "case", "cases": [{"when": w, "then": t[0]} for w, t in branches]}
    kinds = {t[1] for _, t in branches}
    if draw(st.booleans()):
        otherwise = _branch(draw, known, mixed)
        calculation["else"] = otherwise[0]
        kinds.add(otherwise[1])
    return Given({"calculation": calculation}, kinds.pop() if len(kinds) == 1 else "text")


def _branch(draw: st.DrawFn, known: list[Any], mixed: bool) -> tuple[Expression, str]:
    if mixed:
        operand = draw(st.sampled_from(known))
        return operand.column, "integer" if operand.kind == "bit" else operand.kind
    texts = [o.column for o in known if o.kind == "text"]
    return draw(st.sampled_from((*texts, *map(Lit, TEXTS[:12])))), "text"


def _concat(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    names = shop.of_kind(role, "text", "integer", "decimal", "date", "datetime", "time", "enum", "set", "year", "bit")
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))
    columns: list[Expression] = [shop.col(role, n, bare=draw(st.booleans())) for n in chosen]
    calculation: dict[str, Any] = {"type": "concat", "columns": columns}
    if draw(st.booleans()):
        calculation["separator"] = draw(st.sampled_from((", ", "", "|", "'", "\\")))
    return Given({"calculation": calculation}, "text")


def _date_math(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    expression, kind = value(draw, operands(shop, role, bare=draw(st.booleans())))
    return Given({"calculation": {"type": "date-math", "expression": expression}}, kind)


CALCULATIONS: list[Maker] = [_aggregate, _aggregate, _case, _concat, _date_math]
