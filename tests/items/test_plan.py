from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.items.plan import Attribute, Chunk, Column, Composed, ItemPlan, Key, Kind, LoadPlan

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
indexes = st.integers(0, 9)
bounds = st.none() | st.lists(st.text(st.characters(codec="utf-8")) | st.binary(), min_size=1, max_size=3).map(tuple)
items = st.builds(
    ItemPlan,
    columns=st.lists(st.builds(Column, names, st.sampled_from(Kind.ALL)), max_size=4).map(tuple),
    row_key=st.lists(indexes, max_size=3).map(tuple),
    attributes=st.lists(st.builds(Attribute, names, st.sampled_from(["S", "N", "M"]), indexes), max_size=4).map(tuple),
    composed=st.lists(st.builds(Composed, names, st.lists(indexes).map(tuple)), max_size=2).map(tuple),
    keys=st.lists(st.builds(Key, names, st.just("S"), st.just("pk"), st.none() | names), max_size=3).map(tuple),
)
plans = st.builds(
    LoadPlan,
    migration=names,
    table=names,
    target_table=names,
    database=names,
    view=names,
    view_hash=names,
    item=items,
    chunk_columns=st.lists(indexes, max_size=3).map(tuple),
    chunks=st.lists(st.builds(Chunk, st.integers(0), bounds, bounds, st.integers(0)), max_size=4).map(tuple),
    prefix=names,
)


@given(plans)
def test_reading_a_written_plan_gives_the_same_plan(plan: LoadPlan) -> None:
    assert LoadPlan.from_json(plan.to_json()) == plan


@given(plans)
def test_a_plan_of_another_format_is_refused(plan: LoadPlan) -> None:
    document = json.loads(plan.to_json())
    for other in ({**document, "format": 2}, {name: document[name] for name in document if name != "format"}):
        with pytest.raises(ValueError, match="format"):
            LoadPlan.from_json(json.dumps(other))
