"""The seven joins."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tests.contract_evaluator.conditions import Compare
from tests.contract_evaluator.expressions import Expression
from tests.properties.kinds import ARRAY, MANY, OBJECT, Given, Maker, links
from tests.properties.linked import equalities, every, linked, selection
from tests.properties.shops import CHAINS, Link, Shop
from tests.properties.trees import condition, operands


def _lookup(draw: st.DrawFn, shop: Shop, role: str, *, many: bool = False) -> Given:
    rarely = not draw(st.integers(0, 40))
    link = draw(st.sampled_from(links(role, many=many or rarely) or links(role, many=many)))
    selected, kind = selection(draw, shop, link)
    join = {
        "type": draw(st.sampled_from(("foreign-key", "lookup-table"))),
        "target_table": shop.tables[link.target].name,
        "join_condition": linked(draw, shop, link),
        "select_column": selected,
    }
    return Given({"join": join}, MANY + kind if many and kind not in {"json", "set"} else kind)


def _collection(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    return _lookup(draw, shop, role, many=True)


def _self(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    own = [link for link in links(role, many=False) if link.target == role]
    link, alias = draw(st.sampled_from(own)), draw(st.sampled_from(("up", "t p", "Größe", "other")))
    pairs = [(shop.col(role, theirs, alias=alias), shop.col(role, mine)) for theirs, mine in link.pairs]
    if draw(st.booleans()):
        pairs = [(b, a) for a, b in pairs]
    column, kind = draw(st.sampled_from([(c, k) for (of, c), k in shop.kinds.items() if of == role]))
    selected = shop.col(role, column, alias=alias, bare=draw(st.booleans()))
    join = {
        "type": "self-join",
        "join_alias": alias,
        "join_condition": every([Compare("=", a, b) for a, b in pairs]),
        "select_column": selected,
    }
    return Given({"join": join}, kind, replaced=True)


def _multi_column(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    link = draw(st.sampled_from([li for li in links(role, many=False) if len(li.pairs) > 1]))
    selected, kind = selection(draw, shop, link)
    join = {
        "type": "multi-column",
        "target_table": shop.tables[link.target].name,
        "join_conditions": equalities(draw, shop, link),
        "select_column": selected,
    }
    columns = [shop.names[role, mine] for _, mine in link.pairs]
    return Given({"join": join, "source_column": columns}, kind)


def _conditional(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    link = draw(st.sampled_from(links(role, many=False)))
    selected, kind = selection(draw, shop, link)
    join = {
        "type": "conditional",
        "condition": condition(draw, operands(shop, role, bare=draw(st.booleans()))),
        "target_table": shop.tables[link.target].name,
        "join_condition": linked(draw, shop, link),
        "select_column": selected,
    }
    return Given({"join": join}, kind, replaced=True)


def _chain(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    path = draw(st.sampled_from([p for p in CHAINS if p[0] == role]))
    steps = list(pairwise(path))
    steps = steps[: draw(st.integers(1, len(steps)))]
    joins, kind = [], ""
    for source, target in steps:
        link = draw(st.sampled_from([li for li in links(source, many=False) if li.target == target]))
        selected, kind = selection(draw, shop, link)
        while kind == "point":
            selected, kind = selection(draw, shop, link)
        joins.append(
            {
                "target_table": shop.tables[target].name,
                "join_condition": every(equalities(draw, shop, link)),
                "select_column": selected,
            }
        )
    join: dict[str, Any] = {"type": "chain", "joins": joins}
    if draw(st.booleans()):
        return Given({"join": join}, kind)
    separator = draw(st.sampled_from((" > ", "", "'", "\\", "{x}", "%s")))
    return Given({"join": {**join, "chain_separator": separator}}, "text")


def _construction(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    one = not draw(st.integers(0, 2))
    link = draw(st.sampled_from(links(role, many=None)))
    keys = draw(
        st.lists(
            st.sampled_from(("k", "a b", "ü", "it's", 'q"', "back\\", "100%")), min_size=1, max_size=3, unique=True
        )
    )
    found = {key: selection(draw, shop, link) for key in keys}
    selected = {key: expression for key, (expression, _) in found.items()}
    made: dict[str, Any] = {"type": "object" if one else "array", "select_columns": selected}
    if draw(st.booleans()):
        made["order_by"] = _order(draw, shop, link)
    if one:
        made |= {"limit": 1} if draw(st.integers(0, 4)) else {}
    elif draw(st.booleans()):
        made["limit"] = draw(st.integers(1, 3))
    join = {
        "type": "json-construction",
        "target_table": shop.tables[link.target].name,
        "join_condition": linked(draw, shop, link),
        "construction": made,
    }
    holds_bytes = any(kind == "binary" for _, kind in found.values())
    return Given({"join": join}, OBJECT if one else ARRAY, holds_bytes=holds_bytes)


def _order(draw: st.DrawFn, shop: Shop, link: Link) -> list[tuple[Expression, str]]:
    known = operands(shop, link.target, bare=draw(st.booleans()))
    keys = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2))
    return [(key.column, draw(st.sampled_from(("ASC", "DESC")))) for key in keys]


def _has(**wanted: Any) -> Callable[[str], bool]:
    return lambda role: bool(links(role, **wanted))


JOINS: list[tuple[Maker, Callable[[str], bool]]] = [
    (_lookup, _has(many=False)),
    (_collection, _has(many=True)),
    (_collection, _has(many=True)),
    (_self, lambda role: any(li.target == role for li in links(role, many=False))),
    (_multi_column, lambda role: any(len(li.pairs) > 1 for li in links(role, many=False))),
    (_conditional, _has(many=False)),
    (_chain, lambda role: any(path[0] == role for path in CHAINS)),
    (_construction, _has(many=None)),
    (_construction, _has(many=None)),
]
