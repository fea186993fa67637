from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.items.canonical import DIGEST_BYTES, item_digest, key_digest
from core.items.compare import differences
from tests.items.test_compare import DIFFERENT, EQUAL

_NUMBERS = st.sampled_from(["0", "-0", "1", "1.0", "10", "1e1", "-1", "0.1", "1E-1"])
_TEXTS = st.sampled_from(["", "a", "A", "a ", "1:", "S1:a", "\ud800", "é"])
_VALUES = st.recursive(
    st.one_of(
        st.builds(lambda t: {"S": t}, _TEXTS),
        st.builds(lambda n: {"N": n}, _NUMBERS),
        st.builds(lambda b: {"B": b}, st.binary(max_size=2)),
        st.builds(lambda b: {"BOOL": b}, st.booleans()),
        st.just({"NULL": True}),
        st.builds(lambda s: {"SS": s}, st.lists(_TEXTS, min_size=1, max_size=3)),
        st.builds(lambda s: {"NS": s}, st.lists(_NUMBERS, min_size=1, max_size=3)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda e: {"L": e}, st.lists(inner, max_size=3)),
        st.builds(lambda e: {"M": e}, st.dictionaries(_TEXTS, inner, max_size=3)),
    ),
    max_leaves=6,
)
_ITEMS = st.dictionaries(st.sampled_from(["a", "b", "ab"]), _VALUES, max_size=3)


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_equal_values_share_a_digest(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert item_digest({"v": left}) == item_digest({"v": right})


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_values_do_not(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert item_digest({"v": left}) != item_digest({"v": right})


@given(_ITEMS, _ITEMS)
def test_digests_agree_exactly_when_the_comparison_does(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert (item_digest(left) == item_digest(right)) == (differences(left, right) == [])


def test_a_key_digest_sees_the_key_alone_in_its_order() -> None:
    item = {"pk": {"N": "1.0"}, "sk": {"S": "x"}, "other": {"S": "y"}}
    same_key = {"pk": {"N": "1"}, "sk": {"S": "x"}}
    assert key_digest(item, ["pk", "sk"]) == key_digest(same_key, ["pk", "sk"])
    assert key_digest(item, ["pk", "sk"]) != key_digest(item, ["sk", "pk"])
    assert len(key_digest(item, ["pk"])) == DIGEST_BYTES
