"""What no pattern may hold, refused at its place with what would be right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.contract import ContractError
from core.source_schema import SourceSchema
from tests.unit.patterns import ENGINES, MYSQL, TO_CUSTOMER, aggregate, case, construction, made, text
from tests.unit.schemas import SHOP, attribute, column, compiled, foreign_key, schema, table


def refused(*attributes: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(ContractError) as caught:
        made(*attributes, **changes)
    (problem,) = caught.value.problems
    return str(problem).removeprefix("tables[0] Orders, ")


LIKE_A_COLUMN = TO_CUSTOMER | {"type": "conditional", "condition": "total > 1", "else_value": "parent.name"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        attribute("x", "S", join=LIKE_A_COLUMN),
        "attribute x, join, else_value: 'parent.name' is a literal text, but looks like column 'name' of customers",
    ),
    (
        attribute("x", "M", join=construction(type="object", limit=2)),
        "attribute x, join, construction, limit: must be 1 for an object",
    ),
    (attribute("x", "N", calculation=aggregate("SUM", "sku")), "attribute x, calculation, select_column: "),
    (
        attribute("x", "S", calculation=aggregate("MAX", "doc")),
        "attribute x, calculation, select_column: MAX of json values has no defined order",
    ),
    (
        attribute("x", "S", calculation={"type": "date-math", "expression": "IF(total > 1, note, id)"}),
        "attribute x, calculation, expression: 'IF(total > 1, note, id)' mixes integer and text",
    ),
    (
        attribute("x", "S", join=TO_CUSTOMER, transformation=text("<{id}>")),
        "attribute x, transformation, format: does not use the joined value",
    ),
    (
        attribute("x", "S", transformation=text("{totl}")),
        "attribute x, transformation, format: 'totl' is no column of orders and no attribute. Did you mean 'total'?",
    ),
    (
        attribute("x", "S", "note", transformation=text("A#{id}")),
        "attribute x, transformation, format: does not use the column 'note', so that the source_column would be "
        "ignored. Name {note} in the format, or leave source_column out.",
    ),
    (
        attribute("note", "S", "total", transformation=text("A#{note}")),  # a column, as for every other attribute
        "attribute note, transformation, format: does not use the column 'total', so that the source_column would be ",
    ),
    (attribute("x", "S", transformation=text("{total")), "attribute x, transformation, format: '{total' has a brace"),
    (attribute("x", "SS", "total"), "attribute x, type: SS is impossible here: SS cannot hold MySQL's decimal"),
]


@pytest.mark.parametrize(("given", "problem"), REFUSED)
def test_what_cannot_be_is_refused_at_its_place(given: dict[str, Any], problem: str) -> None:
    assert refused(given).startswith(problem)


NAMED = table("named", column("id"), *(column(n, "varchar(9)") for n in ("ñame", "1st", "full name", "a.b", "it's")))


@pytest.mark.parametrize(
    ("literal", "told"),
    [
        ("parent.ñame", "ñame"), ("parent.1st", "1st"), ("parent.full name", "full name"), ("parent.a.b", "a.b"),
        ("the parent.ID", "ID"), ("überblick.it's", "it's"), ("named.1st", ""), ("Orders.1st", ""), ("parent.full", ""),
        ("parent. 1st", ""), ("parent.1st ", ""), (".1st", ""), ("1st", ""), ("n.a.", ""), ("v1.0", ""), ("x.a.b.", ""),
    ],
)  # fmt: skip
def test_an_else_value_that_is_a_table_and_a_column_is_refused_whatever_the_columns_name(
    literal: str, told: str
) -> None:
    joined = foreign_key("named", "named.id = orders.id", "ñame")
    whole = attribute("x", join=joined | {"type": "conditional", "condition": "total > 1", "else_value": literal})
    source = schema(*SHOP.tables, NAMED)
    if told:
        with pytest.raises(ContractError) as caught:
            compiled(attribute("id", "N", "id"), whole, source=source)
        assert f"else_value: {literal!r} is a literal text, but looks like column {told!r}" in str(caught.value)
    else:
        compiled(attribute("id", "N", "id"), whole, source=source)


def test_string_formats_that_need_each_other_are_refused() -> None:
    pair = [attribute("x", "S", transformation=text("{y}")), attribute("y", "S", transformation=text("{x}"))]
    assert refused(*pair) == "attribute x: refers to itself: x -> y -> x"


def test_a_self_join_that_follows_a_key_to_another_table_names_the_foreign_key_join() -> None:
    joined = {"type": "self-join", "join_alias": "p", "join_condition": "orders.id = nodes.id", "select_column": "name"}
    assert refused(attribute("x", "S", join=joined), source_table="nodes") == (
        "attribute x, join, join_condition: follows a foreign key to 'orders', but a self-join joins the table to "
        "itself. Use a foreign-key join with target_table 'orders'."
    )


@pytest.mark.parametrize("condition", ["p.id = `orders`.id", "p.id = nodes.parent_id AND orders.id = 1"])
def test_a_self_join_is_refused_for_tables_not_for_texts(condition: str) -> None:
    joined = {"type": "self-join", "join_alias": "p", "join_condition": condition, "select_column": "name"}
    assert "follows a foreign key to 'orders'" in refused(attribute("x", "S", join=joined), source_table="nodes")
    joined["join_condition"] = "p.id = nodes.parent_id AND p.name <> 'orders.id'"
    assert "`j1`.`name` <> 'orders.id'" in made(attribute("x", "S", join=joined), source_table="nodes").view.select_sql


@pytest.mark.parametrize(
    ("select", "shown"),
    [("at", "at"), ("items.at", "items.at"), ("`AT`", "`AT`"), ("my time", "my time"), ("-at", "-at")],
)
def test_a_refused_aggregate_is_shown_in_the_contracts_own_names(select: str, shown: str) -> None:
    timed = table("items", column("id"), column("order_id"), column("at", "time"), column("my time", "time"))
    given = attribute("x", "N", calculation=aggregate("SUM", select))
    with pytest.raises(ContractError) as caught:
        compiled(attribute("id", "N", "id"), given, source=schema(*SHOP.tables, timed))
    (problem,) = caught.value.problems
    assert problem.message == (f"{shown!r} computes with a time value, which MySQL would turn into a double")


@pytest.mark.parametrize("key", ["2", "(1)", "'sku'", "sku NULLS LAST", "sku DESC NULLS FIRST", "sku LIMIT 3", ""])
def test_a_sort_key_is_a_value_of_the_row_in_the_servers_own_order(key: str) -> None:
    assert refused(attribute("x", "L", join=construction(order_by=[key or " "]))).startswith(
        "attribute x, join, construction, order_by: "
    )


@pytest.mark.parametrize("call", ["MD5(note)", "sha(note)", "UPPER(SHA1(note))"])
@pytest.mark.parametrize("version", ["9.6.0", "9.7.4-2", "10.1.0-commercial", ""])
def test_what_is_no_longer_native_is_refused_wherever_it_stands(call: str, version: str) -> None:
    newer = replace(MYSQL, version=version)
    in_items = call.replace("note", "sku")
    for given in (
        attribute("x", "S", calculation={"type": "date-math", "expression": call}),
        attribute("x", "S", calculation={"type": "concat", "columns": ["note", call]}),
        attribute("x", "S", calculation=case((f"{call} = 'a'", "1"))),
        attribute("x", "N", calculation=aggregate("COUNT", in_items)),
        attribute("x", "S", join=TO_CUSTOMER | {"select_column": call.replace("note", "name")}),
        attribute("x", "S", join=TO_CUSTOMER | {"join_condition": f"{call.replace('note', 'orders.note')} = name"}),
        attribute("x", "L", join=construction(order_by=in_items)),
        attribute("x", "L", join=construction(select_columns={"a": in_items})),
    ):
        with pytest.raises(ContractError) as caught:
            compiled(attribute("id", "N", "id"), given, {**given, "name": "y"}, source=newer)
        found = list(map(str, caught.value.problems))
        assert all(" is none of this server's own" in f and f.endswith("Use SHA2(text, 256).") for f in found)
        assert [f.split(":")[0].split(",")[1] for f in found] == [" attribute x", " attribute y"]


@pytest.mark.parametrize("schema", [MYSQL, replace(MYSQL, version="9.5.0"), ENGINES["mariadb"]])
def test_what_is_native_still_is_taken(schema: SourceSchema) -> None:
    given = attribute("x", "S", calculation={"type": "date-math", "expression": "CONCAT(MD5(note), SHA(note))"})
    assert "MD5(`s`.`note`)" in compiled(attribute("id", "N", "id"), given, source=schema).view.select_sql


FORBIDDEN = ["SYSDATE()", "SLEEP(1)", "USER()", "CURRENT_USER", "RAND()", "UUID()", "VERSION()", "LOAD_FILE('x')"]


@pytest.mark.parametrize("call", [*FORBIDDEN, "@v", "(SELECT 1)", "note -- x", "GET_LOCK('a', 1)"])
def test_what_has_effects_is_refused_wherever_an_expression_stands(call: str) -> None:
    for given, part in (
        (attribute("x", "S", calculation={"type": "date-math", "expression": call}), "calculation, expression"),
        (attribute("x", "S", calculation=case((f"note = {call}", "1"))), "calculation, cases[0], when"),
        (attribute("x", "S", calculation=case(("total > 1", call))), "calculation, cases[0], then"),
        (attribute("x", "S", join=TO_CUSTOMER | {"select_column": call}), "join, select_column"),
        (attribute("x", "L", join=construction(order_by=call)), "join, construction, order_by"),
    ):
        assert refused(given).startswith(f"attribute x, {part}: ")
