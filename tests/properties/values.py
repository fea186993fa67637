"""Where an attribute's value comes from: a column, one of the seven joins, one of the four calculations."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.properties.calculations import CALCULATIONS
from tests.properties.joins import JOINS
from tests.properties.kinds import Given, Maker
from tests.properties.shops import Shop


def given(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    """Any source of a value for rows of this table."""
    makers: list[Maker] = [_column, _column, _column, *CALCULATIONS]
    makers += [maker for maker, usable in JOINS if usable(role)]
    return draw(st.sampled_from(makers))(draw, shop, role)


def _column(draw: st.DrawFn, shop: Shop, role: str) -> Given:
    (table, column), kind = draw(st.sampled_from([k for k in shop.kinds.items() if k[0][0] == role]))
    return Given({"source_column": shop.names[table, column]}, kind)
