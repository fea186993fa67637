from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.items.number import canonical
from core.items.size import item_size, value_size

texts = st.text(st.characters(codec="utf-8"), max_size=30)
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20).map(
    lambda value: canonical(format(value, "f"))
)
scalars = st.one_of(
    texts.map(lambda value: {"S": value}),
    numbers.map(lambda value: {"N": value}),
    st.binary(max_size=30).map(lambda value: {"B": value}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.lists(texts, min_size=1, unique=True).map(lambda value: {"SS": value}),
    st.lists(numbers, min_size=1, unique=True).map(lambda value: {"NS": value}),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda value: {"L": value}),
        st.dictionaries(texts, inner, max_size=4).map(lambda value: {"M": value}),
    ),
)


def documented(value: dict[str, Any]) -> int:
    """The AWS page's formula, read a second time; its "approximately" for numbers as ceil(digits / 2) + 1."""
    ((type_, content),) = value.items()
    if type_ in ("BOOL", "NULL"):
        return 1
    if type_ == "N":
        significant = Decimal(content).normalize().as_tuple().digits if Decimal(content) else ()
        return 1 + (len(significant) + 1) // 2
    if type_ in ("SS", "NS"):
        return sum(documented({type_[0]: member}) for member in content)
    if type_ == "L":
        return 3 + sum(1 + documented(element) for element in content)
    if type_ == "M":
        return 3 + sum(1 + len(name.encode()) + documented(member) for name, member in content.items())
    return len(content.encode() if isinstance(content, str) else content)


@given(st.dictionaries(texts, values, max_size=5))
def test_it_is_never_below_the_documented_size(item: dict[str, Any]) -> None:
    assert item_size(item) >= sum(len(name.encode()) + documented(value) for name, value in item.items())


@given(values)
def test_only_numbers_and_sets_may_count_more(value: dict[str, Any]) -> None:
    if "N" not in str(value) and "SS" not in str(value):
        assert value_size(value) == documented(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        *(({"S": "é"}, 2), ({"S": ""}, 0), ({"B": b"abc"}, 3), ({"BOOL": False}, 1), ({"NULL": True}, 1)),
        *(({"L": []}, 3), ({"M": {"a": {"S": "b"}}}, 6), ({"L": [{"L": []}]}, 7)),
    ],
)
def test_documented_sizes(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


@pytest.mark.parametrize("digits", ["9" * 38, "-" + "9" * 38, "-0." + "9" * 38, "1" + "0" * 125])
def test_a_number_has_at_most_21_bytes(digits: str) -> None:
    assert value_size({"N": digits}) <= 21
