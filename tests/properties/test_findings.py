"""Contracts that generated ones showed to go wrong, kept small."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from core.contract import ContractError
from tests.contract_evaluator import tables as t
from tests.contract_evaluator.conditions import Compare
from tests.contract_evaluator.documents import document
from tests.contract_evaluator.expressions import Arithmetic, Call, Col, Expression, Lit
from tests.contract_evaluator.tables import Table
from tests.e2e.combined_patterns import TRANSFORMATIONS, alone, is_legal, pairs
from tests.e2e.combined_source import TABLES
from tests.properties.checked import outcome
from tests.properties.conftest import ProductOver
from tests.properties.product import Product

pytestmark = pytest.mark.server

THINGS = Table(
    "things",
    {
        "id": t.integer(),
        "short": t.decimal(8, 2),
        "long": t.decimal(6, 3),
        "made": t.moment(),
        "seen": t.moment("DATETIME", 3),
        "fill": t.filled(6),
        "plain": t.integer(),
    },
    key=("id",),
    rows=[
        {
            "id": 1,
            "short": Decimal("1.5"),
            "long": Decimal("2.5"),
            "made": "2001-01-31 00:00:00",
            "fill": 7,
            "plain": 8,
        },
        {"id": 2, "short": Decimal("1.5"), "long": Decimal("-0.125"), "seen": "1999-12-31 23:59:59.120", "plain": 9},
    ],
)
FIRST = Compare("=", Col(None, "id"), Lit(1))


@pytest.fixture
def product(product_over: ProductOver) -> Product:
    return product_over([THINGS])


def case(name: str, type_: str, then: Expression, otherwise: Expression | None) -> dict[str, Any]:
    """An attribute that is one thing in the first row and another in the others."""
    cases = {"type": "case", "cases": [{"when": FIRST, "then": then}]}
    return {"name": name, "type": type_, "calculation": cases if otherwise is None else {**cases, "else": otherwise}}


def things(attributes: list[dict[str, Any]], *, several: bool) -> dict[str, Any]:
    """A contract table of the things, alone or as two entities, whose view is a union."""
    if several:
        entities = [{"entity_type": e, "source_table": "things", "attributes": attributes} for e in ("A", "B")]
        return {"table": "Things", "type": "multi-entity", "pk": "id", "entities": entities}
    return {
        "table": "Things",
        "type": "single-entity",
        "source_table": "things",
        "pk": "id",
        "attributes": attributes,
    }


@pytest.mark.parametrize("several", [False, True], ids=["alone", "in a union"])
def test_branches_of_a_case_keep_their_own_digits(product: Product, *, several: bool) -> None:
    """MySQL shows 1.50 beside a DECIMAL(6,3) as 1.50 or 1.500, as the view happens to be read; MariaDB as 1.500."""
    columns = [("short", "long"), ("long", "short"), ("made", "seen"), ("seen", "made"), ("fill", "plain")]
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "S", "source_column": "id"}]
    attributes += [case(f"{a} or {b}", "S", Col(None, a), Col(None, b)) for a, b in columns]
    attributes.append(case("filled", "S", Col(None, "fill"), None))
    attributes.append(case("true", "BOOL", Col(None, "short"), Col(None, "long")))
    assert outcome(product, things(attributes, several=several), [THINGS]) == "items"


CHOICES = {
    "IF(id = 1, short, `long`)": ["1.500", "-0.125"],
    "IF(id = 1, short, 0)": ["1.50", "0.00"],
    "COALESCE(NULL, short, `long`)": ["1.500", "1.500"],
    "IFNULL(short, 0.0001) + 1": ["2.5000", "2.5000"],
    "CASE WHEN id = 1 THEN `long` ELSE short * 2 END": ["2.500", "3.000"],
    "GREATEST(short, `long`)": ["2.500", "1.500"],
    "CONCAT(IF(id = 1, short, `long`), '!')": ["1.500!", "-0.125!"],
    "IF(id = 1, CAST(plain AS DECIMAL(9,4)), IF(id = 2, short, `long`))": ["8.0000", "1.5000"],
}


@pytest.mark.parametrize("several", [False, True], ids=["alone", "in a union"])
def test_a_choice_among_decimals_has_the_most_decimals_of_them(product: Product, *, several: bool) -> None:
    """As in a CASE, MySQL showed each with its own decimals or with the most, and MariaDB with the most."""
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    for text in CHOICES:
        attributes.append({"name": text, "type": "S", "calculation": {"type": "date-math", "expression": text}})
    found = product.items([THINGS], things(attributes, several=several))
    assert len(found) == (4 if several else 2)
    for item in found:
        number = int(item["id"]["N"])
        assert {t: item[t]["S"] for t in CHOICES} == {t: texts[number - 1] for t, texts in CHOICES.items()}


def test_a_choice_among_decimals_that_no_decimal_can_hold_together_keeps_every_digit(product_over: ProductOver) -> None:
    """A cast to the most decimals would leave too few whole digits, and the servers then give 99999... instead."""
    huge, small = Decimal("98765432109876543210987654321098765432"), Decimal("0.5")
    wide = Table("wide", {"id": t.integer(), "huge": t.decimal(38, 0), "small": t.decimal(31, 30)}, ("id",))
    texts = {"COALESCE(huge, small)": huge, "IF(id = 1, huge, small)": huge, "GREATEST(small, huge)": huge,
             "IF(id = 2, huge, small)": small, f"IF(id = 1, huge, small) = {huge}": Decimal(1)}  # fmt: skip
    wide = wide.with_rows([{"id": 1, "huge": huge, "small": small}])
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    attributes += [{"name": x, "type": "N", "calculation": {"type": "date-math", "expression": x}} for x in texts]
    contract = {"table": "Wide", "type": "single-entity", "source_table": "wide", "pk": "id", "attributes": attributes}
    (item,) = product_over([wide]).items([wide], contract)
    assert {text: Decimal(item[text]["N"]) for text in texts} == texts


MOMENTS = {
    "TIME '10:00:00.500'": ["10:00:00.500", "10:00:00.500"],
    "clock > TIME '10:00:00.500'": ["0", "1"],
    "CAST(seen AS DATETIME)": ["2025-01-01 00:00:00", "2024-12-31 23:59:59"],
    "CAST(seen AS TIME)": ["24:00:00", "23:59:59"],
    "CAST(seen AS DATETIME(3))": ["2024-12-31 23:59:59.600", "2024-12-31 23:59:59.400"],
    "CAST('10:00:00.6' AS TIME)": ["10:00:01", "10:00:01"],
}


def test_fractions_of_seconds_are_rounded_only_where_a_cast_says_so(product_over: ProductOver) -> None:
    """MariaDB cut them off where its session did not say TIME_ROUND_FRACTIONAL; a literal lost its own on both."""
    columns = {"id": t.integer(), "clock": t.moment("TIME", 3), "seen": t.moment("DATETIME", 6)}
    clocks = Table("clocks", columns, ("id",)).with_rows(
        [
            {"id": 1, "clock": "10:00:00.200", "seen": "2024-12-31 23:59:59.600000"},
            {"id": 2, "clock": "10:00:00.700", "seen": "2024-12-31 23:59:59.400000"},
        ]
    )
    assert _texts(product_over([clocks]), clocks, list(MOMENTS)) == MOMENTS


def test_bytes_beside_a_text_stay_those_bytes(product_over: ProductOver) -> None:
    bytes_ = Table("packed", {"id": t.integer(), "raw": t.binary("VARBINARY(9)")}, ("id",))
    bytes_ = bytes_.with_rows([{"id": 1, "raw": b"ab"}, {"id": 2, "raw": b"cd"}])
    product = product_over([bytes_])
    product.fill([bytes_])
    either = {"type": "case", "cases": [{"when": "id = 1", "then": "raw"}], "else": "'none'"}
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    attributes += [{"name": type_, "type": type_, "calculation": either} for type_ in ("S", "B")]
    contract = {
        "table": "Packed",
        "type": "single-entity",
        "source_table": "packed",
        "pk": "id",
        "attributes": attributes,
    }
    table = product.compiled({"tables": [contract]})
    product.create_view(table)
    found = sorted(
        (made.item or {})["S"]["S"] + (made.item or {})["B"]["B"].decode() for made in product.outcomes(table)
    )
    assert found == ["abab", "nonenone"]


def test_long_texts_are_sorted_by_all_of_their_characters(product_over: ProductOver) -> None:
    """A server sorts by max_sort_length bytes of each, 1,024 unless a session says otherwise."""
    heads = Table("heads", {"id": t.integer()}, ("id",)).with_rows([{"id": 1}])
    columns = {"id": t.integer(), "head": t.integer(), "long": t.text("VARCHAR(5000)")}
    lines = Table("lines", columns, ("id",)).with_rows(
        [{"id": n, "head": 1, "long": "a" * 4_900 + last} for n, last in enumerate("cab", 1)]
    )

    def ordered(name: str, form: str, **limit: int) -> dict[str, Any]:
        construction = {"type": form, "select_columns": {"id": "id"}, "order_by": "`long`", **limit}
        join = {"type": "json-construction", "target_table": "lines", "join_condition": "lines.head = heads.id"}
        return {"name": name, "type": "S", "join": {**join, "construction": construction}}

    attributes = [{"name": "id", "type": "N", "source_column": "id"}, ordered("all", "array")]
    attributes += [ordered("first", "object", limit=1), ordered("two", "array", limit=2)]
    contract = {
        "table": "Heads",
        "type": "single-entity",
        "source_table": "heads",
        "pk": "id",
        "attributes": attributes,
    }
    (item,) = product_over([heads, lines]).items([heads, lines], contract)
    found = {name: json.loads(item[name]["S"]) for name in ("all", "first", "two")}
    assert found == {"all": [{"id": 2}, {"id": 3}, {"id": 1}], "first": {"id": 2}, "two": [{"id": 2}, {"id": 3}]}


def _texts(product: Product, table: Table, expressions: list[str]) -> dict[str, list[str]]:
    """Each expression's text in every row of the table, by id."""
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    attributes += [{"name": x, "type": "S", "calculation": {"type": "date-math", "expression": x}} for x in expressions]
    named = {"table": "Texts", "type": "single-entity", "source_table": table.name, "pk": "id"}
    items = sorted(product.items([table], {**named, "attributes": attributes}), key=lambda item: int(item["id"]["N"]))
    return {x: [item[x]["S"] for item in items] for x in expressions}


def test_the_year_of_a_date_is_a_number_and_no_year(product_over: ProductOver) -> None:
    """YEAR() has MySQL's type YEAR, which knows 1901 to 2155 alone: in a union of entities any other became 0.

    Nor could the difference of two years be negative.
    """
    days = Table("days", {"id": t.integer(), "day": t.day()}, ("id",))
    days = days.with_rows([{"id": 1, "day": "9999-12-31"}, {"id": 2, "day": "1000-01-01"}, {"id": 3, "day": None}])
    of_day, of_first = Call("YEAR", (Col(None, "day"),)), Call("YEAR", (Lit("2000-01-01"),))
    year = {"type": "date-math", "expression": of_day}
    latest = {"type": "aggregate", "operation": "MAX", "target_table": "days", "select_column": of_day,
              "join_condition": Compare("=", Col("days", "id"), Col("days", "id"))}  # fmt: skip
    negative = Arithmetic("-", of_first, of_day)
    older = {"type": "case", "cases": [{"when": Compare("<", negative, Lit(-5)), "then": Lit("later")}]}
    attributes = [
        {"name": "id", "type": "N", "source_column": "id"},
        {"name": "year", "type": "N", "calculation": year},
        {"name": "latest", "type": "N", "calculation": latest},
        {"name": "left", "type": "N", "calculation": {"type": "date-math", "expression": negative}},
        {"name": "later", "type": "S", "calculation": older},
    ]
    entities = [{"entity_type": e, "source_table": "days", "attributes": attributes} for e in ("A", "B")]
    contract = {"table": "Days", "type": "multi-entity", "pk": "id", "entities": entities}
    assert outcome(product_over([days]), contract, [days]) == "items"


def test_a_difference_of_unsigned_numbers_may_be_below_zero(product_over: ProductOver) -> None:
    """Both servers failed on the first row below zero (error 1690), in the middle of the load."""
    kinds = {"few": "INT UNSIGNED", "many": "BIGINT UNSIGNED", "year": "YEAR"}
    stock = Table("stock", {"id": t.integer(), **{name: t.integer(sql) for name, sql in kinds.items()}}, ("id",))
    rows = [{"few": 0, "many": 0, "year": 1901}, {"few": 9, "many": 2**64 - 1, "year": 2155}, {}]
    stock = stock.with_rows([{"id": n, **row} for n, row in enumerate(rows)])
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    for name in kinds:
        less = Arithmetic("-", Col(None, name), Lit(2000))
        cases = {"type": "case", "cases": [{"when": Compare("<", less, Lit(0)), "then": Lit("low")}]}
        attributes += [
            {"name": name, "type": "N", "calculation": {"type": "date-math", "expression": less}},
            {"name": f"{name} as S", "type": "S", "calculation": {"type": "date-math", "expression": less}},
            {"name": f"{name} is low", "type": "S", "calculation": cases},
        ]
    contract = {
        "table": "Stock",
        "type": "single-entity",
        "source_table": "stock",
        "pk": "id",
        "attributes": attributes,
    }
    assert outcome(product_over([stock]), contract, [stock]) == "items"


def lines(*attributes: dict[str, Any]) -> dict[str, Any]:
    """A table of lines with these attributes."""
    whole = [{"name": "id", "type": "N", "source_column": "id"}, *attributes]
    return {"table": "Lines", "type": "single-entity", "source_table": "lines", "pk": "id", "attributes": whole}


def test_joined_rows_take_only_the_transformations_that_give_a_value(product_over: ProductOver) -> None:
    """A list is no date and no number, a set has no text: refused, where every row would have been a reject."""
    product = product_over(TABLES)
    sets = [a for a in alone() if a["type"] in {"SS", "NS", "BS"} and "join" in a]
    forms = [t for n, t in TRANSFORMATIONS.items() if n not in {"string-format", "json-parse"}]
    transformed = [{**a, "transformation": t} for a in sets for t in forms]
    transformed += [{**a, "transformation": TRANSFORMATIONS["json-parse"]} for a in sets if a["type"] == "BS"]
    illegal = [p for p in pairs() if not is_legal(p)]
    assert (len(illegal), len(transformed)) == (2, 7)
    for attribute in (*illegal, *transformed):
        with pytest.raises(ContractError, match=f"attribute {attribute['name']}.*impossible"):
            product.compiled(document(lines(attribute)))
    product.compiled(document(lines(*filter(is_legal, pairs()))))


BOXES = Table(
    "boxes",
    {"id": t.integer(), "texts": t.text("TEXT"), "numbers": t.text("TEXT"), "code": t.integer()},
    key=("id",),
    rows=[
        {"id": 1, "texts": '["a", "b", "a"]', "numbers": "[1, 2.50]", "code": 7},
        {"id": 2, "texts": "[]", "numbers": "[]", "code": 8},
        {"id": 3, "texts": None, "numbers": None, "code": 9},
        {"id": 4, "texts": "[1", "numbers": "{}", "code": 9},
    ],
)
PARTS = Table("parts", {"id": t.integer(), "box": t.integer()}, ("id",))


# The boxes' column, the parts' column that equals it, the parts' boxes.
UNIQUE, ASKED, SEVERAL = ("id", "box", (1, 2, 3, 4, None)), ("code", "box", (7, 8, None)), ("code", "id", ())


@pytest.mark.parametrize("pattern", ["foreign-key", "lookup-table", "multi-column"])
@pytest.mark.parametrize(("by", "came"), [(UNIQUE, "items"), (ASKED, "items"), (SEVERAL, "refused")])
def test_a_joined_text_is_parsed_to_a_list_or_a_set(
    product_over: ProductOver, pattern: str, by: tuple[str, str, tuple[int | None, ...]], came: str
) -> None:
    """Of the one match; foreign-key and lookup-table collected it instead, and what is collected cannot be parsed."""
    column, of_parts, boxes = by
    parts = PARTS.with_rows([{"id": 9 - n, "box": box} for n, box in enumerate(boxes or (None,))])
    condition = Compare("=", Col("boxes", column), Col("parts", of_parts))
    on: dict[str, Any] = (
        {"join_conditions": [condition]} if pattern == "multi-column" else {"join_condition": condition}
    )
    join = {"type": pattern, "target_table": "boxes", **on}
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    for type_, selected in (("L", "texts"), ("SS", "texts"), ("L", "numbers"), ("NS", "numbers")):
        joined = {**join, "select_column": Col(None, selected)}
        name = f"{type_} of {selected}"
        attributes.append({"name": name, "type": type_, "join": joined, "transformation": {"type": "json-parse"}})
    whole = {"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "id"}
    tables = [BOXES, parts]
    assert outcome(product_over(tables), {**whole, "attributes": attributes}, tables) == came


USERS = Table(
    "users",
    {"id": t.integer(), "name": t.text()},
    key=("id",),
    rows=[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": None}],
)
TAGS = Table(
    "tags",
    {"user_id": t.integer(), "tag": t.text(), "rank": t.integer()},
    key=("user_id", "tag"),
    rows=[{"user_id": 1, "tag": "x", "rank": 3}, {"user_id": 1, "tag": "y#", "rank": None}, {"user_id": 3, "tag": ""}],
)


def of_tags(name: str, type_: str, column: str) -> dict[str, Any]:
    """A lookup that matches several rows."""
    condition = Compare("=", Col("tags", "user_id"), Col("users", "id"))
    join = {"type": "lookup-table", "target_table": "tags", "join_condition": condition}
    return {"name": name, "type": type_, "join": {**join, "select_column": Col(None, column)}}


def form(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "type": "S", "transformation": {"type": "string-format", "format": text}}


LOOKED_UP = [of_tags("tag", "S", "tag"), of_tags("rank", "N", "rank"), of_tags("all", "SS", "tag")]
USER = {"name": "id", "type": "N", "source_column": "id"}


@pytest.mark.parametrize(
    ("sk_template", "made_of"),
    [("TAG#{tag}", []), ("<{sort}>", [form("sort", "{inner}!"), form("inner", "{name}/{tag}")])],
)
def test_a_looked_up_key_in_a_template_makes_one_item_a_match(
    product_over: ProductOver, sk_template: str, made_of: list[dict[str, Any]]
) -> None:
    """As it does where it is the key itself; it was refused, because some rows match several rows."""
    tagged = {"entity_type": "TAG", "source_table": "users", "pk_template": "U#{id}", "sk_template": sk_template}
    plain = {"entity_type": "USER", "source_table": "users", "pk_template": "U#{id}", "sk_template": "META"}
    entities = [{**tagged, "attributes": [*made_of, *LOOKED_UP]}, {**plain, "attributes": [USER, LOOKED_UP[2]]}]
    contract = {"table": "All", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": entities}
    assert outcome(product_over([USERS, TAGS]), contract, [USERS, TAGS]) == "items"


def test_a_joined_attribute_may_have_the_name_of_a_column_and_a_format(product_over: ProductOver) -> None:
    """Its own placeholder is the joined value; it was the column, and then refused, because the join was not used."""
    best = {**of_tags("name", "S", "tag"), **form("name", "best: {name} of {id}")}
    best["join"]["join_condition"] = Compare("=", Col("tags", "rank"), Col("users", "id"))
    count = {
        "name": "id",
        "type": "S",
        "calculation": {"type": "date-math", "expression": Arithmetic("*", Col(None, "id"), Lit(2))},
    }
    whole = {"table": "Users", "type": "single-entity", "source_table": "users", "pk": "key"}
    attributes = [form("key", "{id} is {name}"), best, {**count, **form("id", "<{id}>")}]
    contract = {**whole, "attributes": attributes}
    assert outcome(product_over([USERS, TAGS]), contract, [USERS, TAGS]) == "items"


@pytest.mark.parametrize("text", ["{id}/{tag}", "{id}/{inner}"])
def test_a_looked_up_key_in_a_string_format_makes_one_item_a_match(product_over: ProductOver, text: str) -> None:
    attributes = [form("key", text), USER, form("inner", "<{tag}>"), *LOOKED_UP]
    whole = {"table": "Users", "type": "single-entity", "source_table": "users", "pk": "key"}
    contract = {**whole, "attributes": attributes}
    assert outcome(product_over([USERS, TAGS]), contract, [USERS, TAGS]) == "items"
