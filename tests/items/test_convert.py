from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.items.convert import converter, unsupported
from core.items.plan import Kind
from core.items.rejects import RejectedRow
from tests.items.evaluator import REJECT, evaluate, with_decimals

TYPES = ("S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL")
POSSIBLE = [(type_, kind) for type_ in TYPES for kind in Kind.ALL if unsupported(type_, kind) is None]

integers = st.integers(-(2**63), 2**64 - 1).map(str)
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**28), max_value=10**28).map(
    lambda value: format(value, "f")
)
doubles = st.floats(allow_nan=False, allow_infinity=False).map(repr)
words = st.text(st.characters(codec="utf-8"), max_size=20)
leaves = st.none() | st.booleans() | st.integers() | words | st.floats(allow_nan=False, allow_infinity=False)
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4))
documents = (
    st.one_of(trees, st.lists(words, max_size=5), st.lists(st.integers() | st.floats(-9, 9), max_size=5)).map(
        json.dumps
    )
    | trees.map(lambda tree: json.dumps(tree, ensure_ascii=False))
    | words
    | st.sampled_from(
        ['{"a":1,"a":2}', "[NaN]", '["\\ud800"]', '{"\\udfff":1}', '{"":1}', "[1.10,1.1,11e-1]", "true", " 5 "]
    )
)

CELLS: dict[str, st.SearchStrategy[Any]] = {
    Kind.INTEGER: integers,
    Kind.DECIMAL: decimals,
    Kind.FLOAT: doubles,
    Kind.DOUBLE: doubles,
    Kind.BIT: st.binary(min_size=1, max_size=8),
    Kind.TEXT: words | documents | integers | decimals | doubles,
    Kind.BINARY: st.binary(max_size=40) | words.map(str.encode) | decimals.map(str.encode),
    Kind.DATE: st.dates().map(str),
    Kind.DATETIME: st.datetimes().map(str),
    Kind.TIME: st.just("-838:59:59.000000"),
    Kind.SET: st.lists(st.sampled_from(["a", "1", "1.0", "01", "x y", ""]), unique=True).map(",".join),
    Kind.JSON: documents,
}


def convert(type_: str, kind: str, cell: Any) -> Any:
    try:
        return with_decimals(converter(type_, kind)(cell))
    except RejectedRow:
        return REJECT


@pytest.mark.parametrize(("type_", "kind"), POSSIBLE)
@given(chosen=st.data())
def test_every_possible_conversion_agrees_with_an_independent_one(type_: str, kind: str, chosen: st.DataObject) -> None:
    cell = chosen.draw(CELLS[kind])
    assert convert(type_, kind, cell) == evaluate(type_, kind, cell)


@pytest.mark.parametrize(("type_", "kind"), POSSIBLE)
def test_null_is_absent_unless_the_type_is_null(type_: str, kind: str) -> None:
    assert converter(type_, kind)(None) == ({"NULL": True} if type_ == "NULL" else None)


EXACT = [
    ("S", Kind.DECIMAL, "10.50", {"S": "10.50"}),
    ("S", Kind.TEXT, "", {"S": ""}),
    ("S", Kind.TEXT, "null", {"S": "null"}),
    ("S", Kind.TEXT, "None", {"S": "None"}),
    ("S", Kind.TEXT, "a \x00\x1f\U0001f600 ", {"S": "a \x00\x1f\U0001f600 "}),
    ("S", Kind.BIT, b"\xff" * 8, {"S": "18446744073709551615"}),
    ("S", Kind.BINARY, "é".encode(), {"S": "é"}),
    ("S", Kind.DATETIME, "2024-02-29 00:00:00.000000", {"S": "2024-02-29 00:00:00.000000"}),
    ("S", Kind.DATE, "0000-00-00", {"S": "0000-00-00"}),
    ("S", Kind.TIME, "-838:59:59", {"S": "-838:59:59"}),
    ("S", Kind.SET, "a,b", {"S": "a,b"}),
    ("S", Kind.JSON, '{"a": 1.10}', {"S": '{"a": 1.10}'}),
    ("N", Kind.INTEGER, "00042", {"N": "42"}),
    ("N", Kind.DECIMAL, "-0.500", {"N": "-0.5"}),
    ("N", Kind.FLOAT, "3.40282e38", {"N": "340282" + "0" * 33}),
    ("N", Kind.BIT, b"\x80\x00", {"N": "32768"}),
    ("N", Kind.BINARY, b"12.0", {"N": "12"}),
    ("N", Kind.JSON, "12345678901234567890.5", {"N": "12345678901234567890.5"}),
    ("B", Kind.BINARY, b"", {"B": b""}),
    ("B", Kind.BIT, b"\x05", {"B": b"\x05"}),
    ("B", Kind.TEXT, "é", {"B": b"\xc3\xa9"}),
    ("BOOL", Kind.INTEGER, "0", {"BOOL": False}),
    ("BOOL", Kind.INTEGER, "-1", {"BOOL": True}),
    ("BOOL", Kind.INTEGER, "2", {"BOOL": True}),
    ("BOOL", Kind.DECIMAL, "0.00", {"BOOL": False}),
    ("BOOL", Kind.DOUBLE, "1e-300", {"BOOL": True}),
    ("BOOL", Kind.BIT, b"\x00\x00", {"BOOL": False}),
    ("BOOL", Kind.BIT, b"\x01\x00", {"BOOL": True}),
    ("BOOL", Kind.JSON, "true", {"BOOL": True}),
    ("SS", Kind.SET, "", None),
    ("SS", Kind.SET, "b,a", {"SS": ["b", "a"]}),
    ("SS", Kind.JSON, "[]", None),
    ("SS", Kind.TEXT, '["a", "a", ""]', {"SS": ["a", ""]}),
    ("NS", Kind.SET, "1,01,2", {"NS": ["1", "2"]}),
    ("NS", Kind.JSON, "[1, 1.0, 1e0, 2]", {"NS": ["1", "2"]}),
    ("M", Kind.JSON, '{"a": null, "b": true}', {"M": {"a": {"NULL": True}, "b": {"BOOL": True}}}),
    ("M", Kind.JSON, '{"c": 1.50}', {"M": {"c": {"N": "1.5"}}}),
    ("L", Kind.TEXT, ' [ "1", 1 ] ', {"L": [{"S": "1"}, {"N": "1"}]}),
    ("M", Kind.JSON, "{}", {"M": {}}),
    ("L", Kind.JSON, "[]", {"L": []}),
    ("L", Kind.JSON, '["\\ud83d\\ude00"]', {"L": [{"S": "\U0001f600"}]}),
    ("L", Kind.JSON, "[12345678901234567890.12345678]", {"L": [{"N": "12345678901234567890.12345678"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "kind", "cell", "expected"), EXACT)
def test_values_come_out_exactly(type_: str, kind: str, cell: Any, expected: Any) -> None:
    assert converter(type_, kind)(cell) == expected


REJECTED = [
    ("S", Kind.BINARY, b"\xff", "not_text"),
    ("N", Kind.TEXT, "abc", "not_a_number"),
    ("N", Kind.BINARY, b"\xff1", "not_a_number"),
    ("N", Kind.JSON, '"1"', "not_a_number"),
    ("N", Kind.JSON, "true", "not_a_number"),
    ("N", Kind.DOUBLE, "1.7976931348623157e308", "number_out_of_range"),
    ("N", Kind.DECIMAL, "9" * 39, "number_too_precise"),
    ("BOOL", Kind.JSON, "1", "not_a_boolean"),
    ("NULL", Kind.TEXT, "", "not_null"),
    ("SS", Kind.JSON, '["a", 1]', "json_wrong_shape"),
    ("SS", Kind.JSON, '["a", null]', "json_wrong_shape"),
    ("SS", Kind.JSON, '{"a": "b"}', "json_wrong_shape"),
    ("SS", Kind.TEXT, "a,b", "not_json"),
    ("NS", Kind.JSON, '["1"]', "json_wrong_shape"),
    ("NS", Kind.JSON, "[true]", "json_wrong_shape"),
    ("NS", Kind.SET, "1,a", "not_a_number"),
    ("M", Kind.JSON, "[]", "json_wrong_shape"),
    ("M", Kind.JSON, "null", "json_wrong_shape"),
    ("L", Kind.JSON, "{}", "json_wrong_shape"),
    ("M", Kind.TEXT, "", "not_json"),
    ("M", Kind.TEXT, "{'a': 1}", "not_json"),
    ("L", Kind.TEXT, "[1] [2]", "not_json"),
    ("L", Kind.JSON, "[NaN]", "not_json"),
    ("L", Kind.JSON, "[1e400]", "number_out_of_range"),
    ("M", Kind.JSON, '{"a": 1, "a": 1}', "json_duplicate_name"),
    ("L", Kind.JSON, '[{"\\u0061": 1, "a": 2}]', "json_duplicate_name"),
    ("M", Kind.JSON, '{"": 1}', "json_empty_name"),
    ("M", Kind.JSON, json.dumps({"é" * 32_768: 1}), "json_name_too_long"),
    ("L", Kind.JSON, '["\\ud800"]', "not_text"),
    ("M", Kind.JSON, '{"\\udc00": 1}', "not_text"),
    ("SS", Kind.JSON, '["\\udc00\\ud800"]', "not_text"),
    ("L", Kind.JSON, "[" * 100_000, "json_too_deep"),
    ("L", Kind.JSON, "[" * 100_000 + "]" * 100_000, "json_too_deep"),
    ("M", Kind.TEXT, '{"a":' * 100_000, "json_too_deep"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "kind", "cell", "reason"), REJECTED)
def test_what_dynamodb_cannot_hold_is_a_reject(type_: str, kind: str, cell: Any, reason: str) -> None:
    with pytest.raises(RejectedRow) as rejected:
        converter(type_, kind)(cell)
    assert rejected.value.reason == reason


def nested(levels: int, leaf: str) -> str:
    """JSON with `levels` levels, counted with the attribute itself and the leaf."""
    return "[" * (levels - 1) + leaf + "]" * (levels - 1)


@pytest.mark.parametrize("leaf", ["1", "[]", "{}", '"a"', "null"])
def test_nesting_reaches_32_levels_and_no_more(leaf: str) -> None:
    assert converter("L", Kind.JSON)(nested(32, leaf)) is not None
    with pytest.raises(RejectedRow, match="json_too_deep"):
        converter("L", Kind.JSON)(nested(33, leaf))


REFUSED = {
    "S": set(),
    "N": {Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.SET},
    "B": {*Kind.ALL} - {Kind.BINARY, Kind.BIT, Kind.TEXT},
    "BOOL": {Kind.TEXT, Kind.BINARY, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.SET},
    "M": {*Kind.ALL} - {Kind.JSON, Kind.TEXT},
    "L": {*Kind.ALL} - {Kind.JSON, Kind.TEXT},
    "SS": {*Kind.ALL} - {Kind.JSON, Kind.TEXT, Kind.SET},
    "NS": {*Kind.ALL} - {Kind.JSON, Kind.TEXT, Kind.SET},
    "BS": {*Kind.ALL},
    "NULL": set(),
}


@pytest.mark.parametrize("type_", TYPES)
def test_impossible_combinations_are_refused_before_any_row(type_: str) -> None:
    assert {kind for kind in Kind.ALL if unsupported(type_, kind) is not None} == REFUSED[type_]
    for kind in REFUSED[type_]:
        with pytest.raises(ValueError, match=type_):
            converter(type_, kind)


def test_a_type_that_dynamodb_does_not_have_is_refused() -> None:
    assert "S, N, B" in str(unsupported("STRING", Kind.TEXT))
    assert unsupported("NULL", "no kind") is not None


@pytest.mark.parametrize(
    ("type_", "kind", "cell"), [("S", Kind.TEXT, b"a"), ("B", Kind.BINARY, "a"), ("N", Kind.INTEGER, b"1")]
)
def test_a_cell_that_contradicts_the_plan_is_an_error_not_a_value(type_: str, kind: str, cell: Any) -> None:
    with pytest.raises(TypeError):
        converter(type_, kind)(cell)
