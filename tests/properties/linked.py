"""Join conditions of links between tables, and what is selected from the target."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.contract_evaluator.conditions import Both, Compare
from tests.contract_evaluator.expressions import Expression
from tests.properties.shops import Link, Shop
from tests.properties.trees import condition, operands, value


def linked(draw: st.DrawFn, shop: Shop, link: Link) -> Expression:
    """A link's join condition: the equalities, now and then with one more condition on the target."""
    parts = equalities(draw, shop, link)
    if link.source != link.target and not draw(st.integers(0, 5)):
        parts.append(condition(draw, operands(shop, link.target), 0))
    return every(parts)


def equalities(draw: st.DrawFn, shop: Shop, link: Link) -> list[Expression]:
    """A table joined to itself without an alias: the left side is the target (rule 10)."""
    parts: list[Expression] = []
    for theirs, mine in link.pairs:
        target, source = shop.col(link.target, theirs), shop.col(link.source, mine)
        swapped = link.source != link.target and draw(st.booleans())
        parts.append(Compare("=", source, target) if swapped else Compare("=", target, source))
    return parts


def every(parts: list[Expression]) -> Expression:
    found = parts[0]
    for part in parts[1:]:
        found = Both(found, part)
    return found


def selection(draw: st.DrawFn, shop: Shop, link: Link) -> tuple[Expression, str]:
    """What is taken from the target: a column, bare or qualified, or an expression."""
    if draw(st.integers(0, 3)):
        column, kind = draw(st.sampled_from([(c, k) for (of, c), k in shop.kinds.items() if of == link.target]))
        return shop.col(link.target, column, bare=draw(st.booleans())), kind
    return value(draw, operands(shop, link.target, bare=draw(st.booleans())))
