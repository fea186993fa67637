from __future__ import annotations

from typing import Any

import pytest

from core.items.compare import differences, same

EQUAL = [
    ({"N": "100"}, {"N": "1E2"}),
    ({"N": "0.10"}, {"N": ".1"}),
    ({"NS": ["1", "2.0"]}, {"NS": ["2", "1.00"]}),
    ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
    ({"BS": [b"a", b"b"]}, {"BS": [b"b", b"a"]}),
    ({"L": [{"N": "1"}, {"M": {"a": {"N": "1.0"}}}]}, {"L": [{"N": "1.0"}, {"M": {"a": {"N": "1"}}}]}),
    ({"M": {"a": {"S": "x"}, "b": {"N": "1"}}}, {"M": {"b": {"N": "1.0"}, "a": {"S": "x"}}}),
]

DIFFERENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"S": "1"}, {"N": "1"}),
    ({"S": "a"}, {"S": "a "}),
    ({"S": "a"}, {"S": "A"}),
    ({"S": ""}, {"NULL": True}),
    ({"N": "12345678901234567890123456789012345678"}, {"N": "12345678901234567890123456789012345679"}),
    ({"BOOL": True}, {"BOOL": False}),
    ({"B": b"a"}, {"B": b"b"}),
    ({"SS": ["a"]}, {"SS": ["a", "b"]}),
    ({"NS": ["1"]}, {"SS": ["1"]}),
    ({"L": [{"N": "1"}, {"N": "2"}]}, {"L": [{"N": "2"}, {"N": "1"}]}),
    ({"L": [{"N": "1"}]}, {"L": [{"N": "1"}, {"N": "1"}]}),
    ({"M": {"a": {"S": "x"}}}, {"M": {"A": {"S": "x"}}}),
    ({"M": {"a": {"S": "x"}}}, {"M": {}}),
    ({"L": []}, {"M": {}}),
]


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_equal_by_dynamodbs_terms(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert same(left, right)
    assert differences({"v": left}, {"v": right}) == []


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_by_dynamodbs_terms(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert differences({"v": left}, {"v": right}) == [("v", left, right)]


def test_absent_differs_from_null_and_attributes_come_sorted() -> None:
    expected: dict[str, dict[str, Any]] = {"z": {"NULL": True}, "a": {"S": "1"}, "k": {"S": "same"}}
    actual = {"b": {"S": "2"}, "k": {"S": "same"}}
    assert differences(expected, actual) == [
        ("a", {"S": "1"}, None),
        ("b", None, {"S": "2"}),
        ("z", {"NULL": True}, None),
    ]
