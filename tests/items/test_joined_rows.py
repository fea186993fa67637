"""Joined rows against an evaluator that shares no code with them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.items.plan import Column, Kind
from core.items.rejects import RejectedRow
from core.items.sources import Field, Rows, Shape
from core.items.values import compile_value, source_problem
from tests.items.source_evaluator import evaluate_source
from tests.items.test_convert import TYPES, documents, integers, words
from tests.items.test_sources import cells, outcome

ELEMENTS: dict[str, st.SearchStrategy[str]] = {
    **{kind: cells[kind] for kind in Kind.ALL if kind not in (Kind.BIT, Kind.BINARY, Kind.JSON)},
    Kind.INTEGER: integers | integers.map(lambda text: text.lstrip("-").zfill(8)),
    Kind.BIT: st.integers(0, 2**64 - 1).map(str),
    Kind.BINARY: st.binary(max_size=8).map(lambda content: content.hex().upper()),
    Kind.JSON: documents,
}


@pytest.mark.parametrize("shape", Shape.ALL)
@settings(max_examples=300)
@given(chosen=st.data())
def test_joined_rows_agree_with_an_independent_evaluation(shape: str, chosen: st.DataObject) -> None:
    kinds = chosen.draw(st.lists(st.sampled_from(Kind.ALL), min_size=1, max_size=1 if shape == Shape.VALUES else 3))
    keys = chosen.draw(st.lists(words.filter(bool), min_size=len(kinds), max_size=len(kinds), unique=True))
    one_row = st.tuples(*(st.none() | ELEMENTS[kind] for kind in kinds)).map(list)
    laid_out: dict[str, st.SearchStrategy[Any]] = {
        Shape.VALUES: st.lists(one_row.map(lambda row: row[0]), max_size=4),
        Shape.ARRAY: st.lists(one_row, max_size=3),
        Shape.OBJECT: one_row,
    }
    cell = chosen.draw(st.none() | laid_out[shape].map(json.dumps))
    source = Rows(0, tuple(map(Field, keys, kinds)), shape)
    for type_ in TYPES:
        if source_problem(source, type_, [Column("r", Kind.JSON)]) is None:
            found = outcome(source, type_, [Column("r", Kind.JSON)], [cell])
            found = {"BS": set(found["BS"])} if type_ == "BS" and isinstance(found, dict) else found
            assert found == evaluate_source(source, type_, [Kind.JSON], [cell])


@pytest.mark.parametrize(("shape", "rows", "depth"), [(Shape.ARRAY, '[["%s"]]', 2), (Shape.OBJECT, '["%s"]', 1)])
def test_rows_count_as_levels_of_the_document(shape: str, rows: str, depth: int) -> None:
    value = compile_value(Rows(0, (Field("a", Kind.JSON),), shape), "L" if depth == 2 else "M", [Column("r", "json")])
    inner = 32 - depth
    assert value([rows % ("[" * inner + "]" * inner)]) is not None
    with pytest.raises(RejectedRow, match="json_too_deep"):
        value([rows % ("[" * (inner + 1) + "]" * (inner + 1))])


def test_a_map_of_joined_rows_holds_every_kind_natively() -> None:
    kinds = {"n": Kind.DECIMAL, "s": Kind.TEXT, "b": Kind.BINARY, "d": Kind.DATE, "j": Kind.JSON, "none": Kind.TEXT}
    source = Rows(0, tuple(Field(key, kind) for key, kind in kinds.items()), Shape.OBJECT)
    cell = json.dumps(["10.50", "é", "00FF", "2024-02-29", '{"n": 12345678901234567890.5}', None])
    document = {"M": {"n": {"N": "12345678901234567890.5"}}}
    assert compile_value(source, "M", [Column("r", Kind.JSON)])([cell]) == {
        "M": {
            "n": {"N": "10.5"},
            "s": {"S": "é"},
            "b": {"B": b"\x00\xff"},
            "d": {"S": "2024-02-29"},
            "j": document,
            "none": {"NULL": True},
        }
    }


def test_json_text_of_joined_rows_keeps_scale_and_order() -> None:
    kinds = {"z": Kind.DECIMAL, "a": Kind.INTEGER, "j": Kind.JSON, 'q"é': Kind.TEXT}
    source = Rows(0, tuple(Field(key, kind) for key, kind in kinds.items()), Shape.ARRAY)
    cell = json.dumps([["10.50", "00042", ' {"b":1.10}\n', 'a"\n'], [None] * 4])
    value = compile_value(source, "S", [Column("r", Kind.JSON)])
    assert value([cell]) == {
        "S": '[{"z": 10.50, "a": 42, "j": {"b":1.10}, "q\\"é": "a\\"\\n"}, '
        '{"z": null, "a": null, "j": null, "q\\"é": null}]'
    }
    assert value([None]) == {"S": "[]"}


@pytest.mark.parametrize(
    "cell", [b"[]", '{"a": 1}', '["a"]', "[[1]]", '[["a", "b"]]', "null"]
)  # fmt: skip
def test_rows_of_another_layout_are_an_error_not_a_value(cell: Any) -> None:
    value = compile_value(Rows(0, (Field("a", Kind.TEXT),), Shape.ARRAY), "L", [Column("r", Kind.JSON)])
    with pytest.raises(TypeError):
        value([cell])
