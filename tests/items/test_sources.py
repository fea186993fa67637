"""Every source against an evaluator that shares no code with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.items.convert import unsupported
from core.items.plan import Column, Kind
from core.items.rejects import RejectedRow
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
)
from core.items.values import compile_text, compile_value, source_problem
from tests.items.evaluator import REJECT, with_decimals
from tests.items.source_evaluator import evaluate_source
from tests.items.test_convert import CELLS, TYPES, decimals, documents, doubles, integers, words

KINDS = (*Kind.ALL, Kind.INTEGER)
FLAG = len(KINDS) - 1
COLUMNS = [Column(f"c{at}", kind) for at, kind in enumerate(KINDS)]

pieces = st.sampled_from(["YYYY", "MM", "DD", "HH", "mm", "ss", "-", ":", " ", ".", "T", "Y", "M", "", "é", "\\d", "("])
formats = st.lists(pieces, max_size=7).map("".join)
moments = st.one_of(
    st.datetimes().map(str),
    st.dates().map(str),
    st.times().map(str),
    st.sampled_from(
        ["0000-00-00", "2024-00-10 00:00:00.000", "2023-02-29", "2024-02-30", "0000-02-29", "-01:00:00", "838:59:59"]
    ),
    st.sampled_from(["2024-13-01", "2024-01-01 24:00:00", "2024-01-01 ", "2024-01-01\n", "", "٢٠٢٤-01-01", "99:60:00"]),
)
numbers = (
    integers | decimals | doubles | st.sampled_from(["-0.005", "0.5", "9.995", "-0", "1e400", "1e-400", ".5", "5."])
)

columns = st.integers(0, FLAG - 1).map(FromColumn)
texts = st.just(Kind.ALL.index(Kind.TEXT)).map(FromColumn)
cells: dict[str, st.SearchStrategy[Any]] = {
    **CELLS,
    Kind.TEXT: CELLS[Kind.TEXT] | moments | numbers,
    Kind.DATE: moments,
    Kind.DATETIME: moments,
    Kind.TIME: moments,
}
rows = st.tuples(
    *(st.none() | cells[kind] for kind in Kind.ALL), st.sampled_from(["1", "0", "2", None])
)  # fmt: skip


def made_of(inner: st.SearchStrategy[Source]) -> st.SearchStrategy[Source]:
    literals = words | numbers
    return st.one_of(
        st.builds(WithDefault, inner, literals),
        st.builds(Chosen, st.just(FLAG), inner, st.none() | literals),
        st.builds(JoinedText, st.lists(inner, min_size=1, max_size=3).map(tuple), words, st.booleans()),
        st.builds(Template, st.lists(words | inner, max_size=4).map(tuple)),
        st.builds(DateFormatted, inner, formats, st.none() | formats),
        st.builds(NumberFormatted, inner, st.integers(0, 6), st.booleans(), st.integers(0, 6)),
        st.builds(ParsedJson, inner),
    )


SOURCES: dict[str, st.SearchStrategy[Source]] = {
    "column": columns,
    "default": st.builds(WithDefault, columns, words | numbers),
    "chosen": st.builds(Chosen, st.just(FLAG), columns, st.none() | words | numbers | documents),
    "joined": st.builds(JoinedText, st.lists(columns, min_size=1, max_size=3).map(tuple), words, st.booleans()),
    "template": st.builds(Template, st.lists(words | columns, max_size=4).map(tuple)),
    "date": st.builds(DateFormatted, columns, formats, st.none()),
    "read date": st.builds(DateFormatted, texts, formats, formats),
    "number": st.builds(NumberFormatted, columns, st.integers(0, 6), st.booleans(), st.integers(0, 6)),
    "json": st.builds(ParsedJson, columns),
    "any": st.recursive(columns, made_of, max_leaves=5),
}


def outcome(source: Source, type_: str, columns: list[Column], row: Any) -> Any:
    try:
        return with_decimals(compile_value(source, type_, columns)(row))
    except RejectedRow:
        return REJECT


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=300)
@given(chosen=st.data())
def test_every_source_agrees_with_an_independent_evaluation(name: str, chosen: st.DataObject) -> None:
    source, row = chosen.draw(SOURCES[name]), chosen.draw(rows)
    possible = [type_ for type_ in TYPES if source_problem(source, type_, COLUMNS) is None]
    for type_ in possible:
        assert outcome(source, type_, COLUMNS, row) == evaluate_source(source, type_, KINDS, row)
    if "S" in possible:
        text = outcome(source, "S", COLUMNS, row)
        assume(text is not REJECT)
        assert compile_text(source, COLUMNS)(row) == (None if text is None else text["S"])


@given(chosen=st.data())
def test_dates_read_by_their_own_format_come_back(chosen: st.DataObject) -> None:
    moment = chosen.draw(st.datetimes().map(lambda at: at.replace(microsecond=0)))
    order = "".join(f"{token}{mark}" for token, mark in zip(
        chosen.draw(st.permutations(["YYYY", "MM", "DD", "HH", "mm", "ss"])), ".:/ x-", strict=True
    ))  # fmt: skip
    there = DateFormatted(FromColumn(0), order)
    text = compile_text(there, [Column("at", Kind.DATETIME)])([str(moment)])
    assert text is not None
    back = DateFormatted(FromColumn(0), "YYYY-MM-DD HH:mm:ss", order)
    assert compile_text(back, [Column("at", Kind.TEXT)])([text]) == str(moment)


def at(column: int) -> FromColumn:
    return FromColumn(column)


AMOUNTS = [
    ("0", 2, False, 1, "0.00"),
    ("-0.004", 2, True, 1, "0.00"),
    ("-0.005", 2, True, 1, "-0.01"),
    ("1.005", 2, False, 1, "1.01"),
    ("2.5", 0, False, 1, "3"),
    ("-2.5", 0, False, 1, "-3"),
    ("999.995", 2, True, 1, "1,000.00"),
    ("1234567.891", 2, True, 1, "1,234,567.89"),
    ("12345678901234567890123456789012345.678901234567890123456789012345", 2, True, 1,
     "12,345,678,901,234,567,890,123,456,789,012,345.68"),
    ("1.5e15", 1, True, 1, "1,500,000,000,000,000.0"),
    ("1e-320", 3, False, 1, "0.000"),
    (".5", 1, False, 0, ".5"),
    ("0", 0, False, 0, "0"),
    ("42", 0, False, 5, "00042"),
    ("1234", 0, True, 6, "001,234"),
    ("9" * 5_000, 0, False, 1, "9" * 5_000),
]  # fmt: skip


@pytest.mark.parametrize(("text", "decimals", "grouping", "minimum", "expected"), AMOUNTS)
def test_numbers_are_rounded_on_their_digits(
    text: str, decimals: int, grouping: bool, minimum: int, expected: str
) -> None:
    source = NumberFormatted(at(0), decimals, grouping, minimum)
    assert compile_text(source, [Column("n", Kind.TEXT)])([text]) == expected


DATES = [
    (Kind.DATETIME, "2024-02-29 13:04:05.678", "DD.MM.YYYY HH:mm:ss", None, "29.02.2024 13:04:05"),
    (Kind.DATE, "2024-02-29", "YYYY-MM-DDTHH:mm:ssZ", None, "2024-02-29T00:00:00Z"),
    (Kind.DATE, "0000-00-00", "YYYY/MM", None, "0000/00"),
    (Kind.TIME, "838:59:59", "HH h mm", None, "838 h 59"),
    (Kind.TEXT, "29.02.2024", "YYYYMMDD", "DD.MM.YYYY", "20240229"),
    (Kind.TEXT, "2024 (2024)", "YYYY", "YYYY (YYYY)", "2024"),
    (Kind.INTEGER, "20240229", "YYYY-MM-DD", "YYYYMMDD", "2024-02-29"),
    (Kind.DATE, "2024-02-29", "MMMM Y", None, "0202 Y"),
]


@pytest.mark.parametrize(("kind", "text", "form", "source_form", "expected"), DATES)
def test_dates_are_written_token_by_token(
    kind: str, text: str, form: str, source_form: str | None, expected: str
) -> None:
    source = DateFormatted(at(0), form, source_form)
    assert compile_text(source, [Column("d", kind)])([text]) == expected


REJECTED = [
    (DateFormatted(at(0), "YYYY"), "S", "2023-02-29", "not_a_date"),
    (DateFormatted(at(0), "YYYY"), "S", "10:00:00", "not_a_date"),
    (DateFormatted(at(0), "HH:mm"), "S", "-10:00:00", "not_a_date"),
    (DateFormatted(at(0), "DD"), "S", "", "not_a_date"),
    (DateFormatted(at(0), "DD", "DD.MM.YYYY"), "S", "1.2.2024", "not_a_date"),
    (DateFormatted(at(0), "YYYY", "YYYY (YYYY)"), "S", "2024 (2025)", "not_a_date"),
    (NumberFormatted(at(0), 2, False, 1), "S", "n/a", "not_a_number"),
    (NumberFormatted(at(0), 2, False, 1), "S", "", "not_a_number"),
    (NumberFormatted(at(0), 2, False, 1), "S", "1e999999999", "number_out_of_range"),
    (ParsedJson(at(0)), "S", "{'a': 1}", "not_json"),
    (ParsedJson(at(0)), "M", "[]", "json_wrong_shape"),
    (Template(("1", at(0))), "N", "x", "not_a_number"),
    (Rows(0, (Field("a", Kind.TEXT),), Shape.VALUES), "L", '["a", "b', "not_json"),
    (Rows(0, (Field("a", Kind.BINARY),), Shape.VALUES), "SS", '["FF"]', "not_text"),
    (Rows(0, (Field("a", Kind.TEXT),), Shape.VALUES), "NS", '["1", "x"]', "not_a_number"),
    (Rows(0, (Field("a", Kind.DECIMAL),), Shape.ARRAY), "L", f'[["{"9" * 39}"]]', "number_too_precise"),
    (Rows(0, (Field("a", Kind.JSON),), Shape.OBJECT), "M", '["{\\"a\\": 1, \\"a\\": 2}"]', "json_duplicate_name"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "type_", "text", "reason"), REJECTED)
def test_what_does_not_fit_is_a_reject(source: Source, type_: str, text: str, reason: str) -> None:
    with pytest.raises(RejectedRow) as rejected:
        compile_value(source, type_, [Column("c", Kind.TEXT)])([text])
    assert rejected.value.reason == reason


PROBLEMS = [
    (FromColumn(0), "N", Kind.DATE, "N cannot hold"),
    (WithDefault(at(0), "x"), "N", Kind.INTEGER, "cannot be N"),
    (WithDefault(at(0), "[]"), "L", Kind.JSON, "not for L"),
    (Chosen(0, at(0), None), "S", Kind.TEXT, "integer"),
    (Chosen(0, at(0), "x"), "BOOL", Kind.INTEGER, "BOOL cannot hold"),
    (Chosen(0, at(0), "x"), "NULL", Kind.INTEGER, "NULL"),
    (JoinedText((), "#", skip_null=False), "S", Kind.TEXT, "nothing"),
    (Template((at(0),)), "BOOL", Kind.TEXT, "BOOL cannot hold"),
    (DateFormatted(at(0), "YYYY"), "S", Kind.TIME, "no date"),
    (DateFormatted(WithDefault(at(0), "5"), "YYYY"), "S", Kind.INTEGER, "source_format"),
    (DateFormatted(at(0), "YYYY-MM", "DD.MM"), "S", Kind.TEXT, "YYYY"),
    (NumberFormatted(at(0), 2, True, 1), "N", Kind.DECIMAL, "commas"),
    (NumberFormatted(at(0), 2, False, 1), "S", Kind.DATE, "no number"),
    (ParsedJson(at(0)), "B", Kind.TEXT, "B cannot hold"),
    (Rows(0, (Field("a", Kind.TEXT),), Shape.ARRAY), "M", Kind.JSON, "use L, S"),
    (Rows(0, (Field("a", Kind.TEXT),), "rows"), "L", Kind.JSON, "shapes"),
    (Rows(0, (Field("a", Kind.TEXT), Field("b", Kind.TEXT)), Shape.VALUES), "L", Kind.JSON, "one field"),
    (Rows(0, (Field("a", Kind.TEXT), Field("a", Kind.TEXT)), Shape.ARRAY), "L", Kind.JSON, "different"),
    (Rows(0, (Field("", Kind.TEXT),), Shape.OBJECT), "M", Kind.JSON, "not empty"),
    (Rows(0, (Field("a", Kind.DATE),), Shape.VALUES), "NS", Kind.JSON, "NS cannot hold"),
    (Rows(0, (Field("a", Kind.DATE),), Shape.VALUES), "BS", Kind.JSON, "BS cannot hold"),
    (Rows(0, (Field("a", Kind.BINARY),), Shape.OBJECT), "S", Kind.JSON, "bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "type_", "kind", "problem"), PROBLEMS)
def test_what_no_row_could_give_is_a_problem_before_any_row(
    source: Source, type_: str, kind: str, problem: str
) -> None:
    columns = [Column("c", kind)]
    assert problem in str(source_problem(source, type_, columns))
    with pytest.raises(ValueError, match=problem):
        compile_value(source, type_, columns)


@pytest.mark.parametrize("type_", TYPES)
def test_a_plain_column_has_the_problems_of_its_kind_and_no_others(type_: str) -> None:
    for index, kind in enumerate(Kind.ALL):
        assert source_problem(FromColumn(index), type_, COLUMNS) == unsupported(type_, kind)
