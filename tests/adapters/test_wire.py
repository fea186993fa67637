"""Cells and items cross the wire unchanged, whatever bytes they hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.wire import cell_from_wire, cell_to_wire, item_from_wire, item_to_wire

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=9)
LEAVES = st.one_of(
    TEXTS.map(lambda t: {"S": t}),
    st.integers().map(lambda n: {"N": str(n)}),
    st.binary(max_size=9).map(lambda b: {"B": b}),
    st.booleans().map(lambda b: {"BOOL": b}),
    st.just({"NULL": True}),
    st.lists(st.binary(max_size=9), min_size=1, max_size=3).map(lambda b: {"BS": b}),
    st.lists(TEXTS, min_size=1, max_size=3).map(lambda t: {"SS": t}),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda v: {"L": v}) | st.dictionaries(TEXTS, inner).map(lambda v: {"M": v})
    ),
    max_leaves=12,
)


@given(st.none() | TEXTS | st.binary(max_size=20))
def test_a_cell(cell: str | bytes | None) -> None:
    assert cell_from_wire(json.loads(json.dumps(cell_to_wire(cell)))) == cell


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_an_item(item: dict[str, Any]) -> None:
    assert item_from_wire(json.loads(json.dumps(item_to_wire(item)))) == item
