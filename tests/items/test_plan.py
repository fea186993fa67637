from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.items.plan import Attribute, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.sources import (
    Chosen,
    DateFormatted,
    Field,
    FromColumn,
    JoinedText,
    NumberFormatted,
    ParsedJson,
    Rows,
    Shape,
    Source,
    Template,
    WithDefault,
    columns_of,
)

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
indexes = st.integers(0, 9)
bounds = st.none() | st.lists(st.text(st.characters(codec="utf-8")) | st.binary(), min_size=1, max_size=3).map(tuple)
fields = st.builds(Field, names, st.sampled_from(Kind.ALL))
leaves: st.SearchStrategy[Source] = st.builds(FromColumn, indexes) | st.builds(
    Rows, indexes, st.lists(fields, max_size=3).map(tuple), st.sampled_from(Shape.ALL)
)


def made_of(inner: st.SearchStrategy[Source]) -> st.SearchStrategy[Source]:
    return st.one_of(
        st.builds(WithDefault, inner, names),
        st.builds(Chosen, indexes, inner, st.none() | names),
        st.builds(JoinedText, st.lists(inner, max_size=3).map(tuple), names, st.booleans()),
        st.builds(Template, st.lists(names | inner, max_size=3).map(tuple)),
        st.builds(DateFormatted, inner, names, st.none() | names),
        st.builds(NumberFormatted, inner, indexes, st.booleans(), indexes),
        st.builds(ParsedJson, inner),
    )


sources: st.SearchStrategy[Source] = st.recursive(leaves, made_of, max_leaves=5)
attributes = st.builds(Attribute, names, st.sampled_from(["S", "N", "M"]), sources)
items = st.builds(
    ItemPlan,
    columns=st.lists(st.builds(Column, names, st.sampled_from(Kind.ALL)), max_size=4).map(tuple),
    row_key=st.lists(indexes, max_size=3).map(tuple),
    row_key_names=st.lists(names, max_size=3).map(tuple),
    attributes=st.lists(attributes, max_size=4).map(tuple),
    keys=st.lists(st.builds(Key, names, st.just("S"), st.just("pk"), st.none() | names), max_size=3).map(tuple),
    chunk_columns=st.lists(indexes, max_size=3).map(tuple),
    entity=st.none() | names,
)
plans = st.builds(
    LoadPlan,
    migration=names,
    table=names,
    target_table=names,
    database=names,
    view=names,
    view_hash=names,
    items=st.lists(items, min_size=1, max_size=3).map(tuple),
    entity_column=st.none() | names,
    chunks=st.lists(st.builds(Chunk, st.integers(0), bounds, bounds, st.integers(0), indexes), max_size=4).map(tuple),
    prefix=names,
)


@given(plans)
def test_reading_a_written_plan_gives_the_same_plan(plan: LoadPlan) -> None:
    assert LoadPlan.from_json(plan.to_json()) == plan


@given(plans)
def test_a_plan_of_another_format_is_refused(plan: LoadPlan) -> None:
    document = json.loads(plan.to_json())
    for other in ({**document, "format": 1}, {name: document[name] for name in document if name != "format"}):
        with pytest.raises(ValueError, match="format"):
            LoadPlan.from_json(json.dumps(other))


def test_a_chunk_names_the_plan_of_its_rows() -> None:
    user, order = (ItemPlan((), (), (), (), (), entity=entity) for entity in ("USER", "ORDER"))
    plan = LoadPlan("m", "t", "t", "d", "v", "h", (user, order), "kind", (), "p/")
    assert plan.item_of(Chunk(7, None, None, 0, item=1)) == order
    assert plan.item == user


def test_columns_are_named_once_in_the_order_of_reading() -> None:
    joined = JoinedText((FromColumn(4), Template(("a", FromColumn(1), FromColumn(4)))), "-", skip_null=True)
    assert columns_of(Chosen(2, WithDefault(joined, "x"), None)) == (2, 4, 1)
    assert columns_of(ParsedJson(DateFormatted(NumberFormatted(FromColumn(3), 0, False, 1), "YYYY"))) == (3,)
    assert columns_of(Rows(5, (Field("a", Kind.TEXT),), Shape.ARRAY)) == (5,)
    assert columns_of(Template(("constant",))) == ()
