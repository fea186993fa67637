"""What every pattern of the contract becomes in SQL, on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from core.contract import ContractError
from core.items.sources import Chosen, Field, FromColumn, JoinedText, NumberFormatted, ParsedJson, Rows, Template
from tests.unit.patterns import (
    ENGINES,
    OF_ORDER,
    TO_CUSTOMER,
    aggregate,
    case,
    construction,
    made,
    source_of,
    text,
    view,
)
from tests.unit.schemas import attribute, foreign_key, item_of

BOTH = pytest.mark.parametrize("engine", ENGINES)
JOIN_CUSTOMER = "LEFT JOIN `customers` AS `j1` ON `s`.`customer_id` = `j1`.`id`"
OF = "FROM `items` AS `r1` WHERE `r1`.`order_id` = `s`.`id`"
ALL_ROWS = "LIMIT 18446744073709551615"
ROW = (
    "JSON_ARRAY(CAST(`r1`.`sku` AS CHAR CHARACTER SET utf8mb4), "
    "CAST(`r1`.`price` AS CHAR(255) CHARACTER SET utf8mb4), HEX(`r1`.`raw`))"
)
BY_KEY = "ORDER BY `r1`.`id` ASC"
ORDERED = "ORDER BY `r1`.`price` DESC, `r1`.`sku` ASC, `r1`.`raw` ASC, `r1`.`id` ASC"
ARRAYS = {
    ("mysql", False): f"(SELECT JSON_ARRAYAGG(`d`.`e`) FROM (SELECT {ROW} AS `e` {OF} {BY_KEY} {ALL_ROWS})",
    ("mariadb", False): f"(SELECT JSON_ARRAYAGG({ROW} ORDER BY `r1`.`id` ASC) {OF})",
    ("mysql", True): f"(SELECT JSON_ARRAYAGG(`d`.`e`) FROM (SELECT {ROW} AS `e` {OF} {ORDERED} LIMIT 2)",
    ("mariadb", True): f"(SELECT JSON_ARRAYAGG({ROW} {ORDERED} LIMIT 2) {OF})",
}


@pytest.mark.parametrize(("engine", "ordered"), ARRAYS)
def test_an_array_orders_and_limits_each_parents_rows_and_ends_with_the_key(engine: str, ordered: bool) -> None:
    parts = {"order_by": ["price DESC, sku", "raw"], "limit": 2} if ordered else {}
    end = " AS d)" if engine == "mysql" else ""
    joined = attribute("x", "L", join=construction(**parts))
    assert view(joined, engine=engine) == f"{ARRAYS[engine, ordered]}{end} AS `x` FROM `orders` AS `s`"
    fields = (Field("s", "text"), Field("p", "decimal"), Field("r", "binary"))
    assert source_of("x", joined, engine=engine) == Rows(1, fields, "array")


@BOTH
def test_an_order_that_names_the_key_is_not_given_it_twice(engine: str) -> None:
    joined = attribute("x", "L", join=construction(order_by="price, items.ID DESC", limit=2))
    assert "ORDER BY `r1`.`price` ASC, `r1`.`id` DESC LIMIT 2)" in view(joined, engine=engine)


@BOTH
@pytest.mark.parametrize("limit", [None, 1])
def test_an_object_without_limit_1_asks_the_data(engine: str, limit: int | None) -> None:
    found = made(attribute("x", "M", join=construction(type="object", limit=limit)), engine=engine)
    assert f"(SELECT {ROW} {OF} ORDER BY `r1`.`id` ASC LIMIT 1) AS `x`" in found.view.select_sql
    question = "SELECT 1 FROM `orders` AS `s` JOIN `items` AS `r1` ON `r1`.`order_id` = `s`.`id` "
    question += "GROUP BY `s`.`id` HAVING COUNT(*) > 1 LIMIT 1"
    assert [c.sql for c in found.join_checks] == ([question] if limit is None else [])


@BOTH
@pytest.mark.parametrize(
    ("operation", "select", "sql", "kind"),
    [
        ("SUM", "price * 2", "SUM(`r1`.`price` * 2)", "decimal"),
        ("SUM", "flags", "SUM((`r1`.`flags` + 0))", "decimal"),
        ("AVG", "items.price", "AVG(`r1`.`price`)", "decimal"),
        ("COUNT", "*", "COUNT(*)", "integer"),
        ("COUNT", "sku", "COUNT(`r1`.`sku`)", "integer"),
        ("MIN", "price", "MIN(`r1`.`price`)", "decimal"),
        ("MAX", "id", "MAX(`r1`.`id`)", "integer"),
    ],
)
def test_an_aggregate_is_over_its_own_rows_alone(engine: str, operation: str, select: str, sql: str, kind: str) -> None:
    given = attribute("x", "N", calculation=aggregate(operation, select))
    assert view(given, engine=engine) == f"(SELECT {sql} {OF}) AS `x` FROM `orders` AS `s`"
    assert item_of(made(given, engine=engine)).columns[1].kind == kind


@BOTH
def test_joins_of_several_attributes_leave_each_other_alone(engine: str) -> None:
    sql = view(
        attribute("name", "S", join=TO_CUSTOMER),
        attribute("payer", "S", join=TO_CUSTOMER | {"join_condition": "orders.payer_id = customers.id"}),
        attribute("n", "N", calculation=aggregate("COUNT", "*")),
        attribute("most", "N", calculation=aggregate("MAX", "price")),
        engine=engine,
    )
    assert sql == (
        "`j1`.`name` AS `name`, `j2`.`name` AS `payer`, (SELECT COUNT(*) FROM `items` AS `r3` "
        "WHERE `r3`.`order_id` = `s`.`id`) AS `n`, (SELECT MAX(`r4`.`price`) FROM `items` AS `r4` "
        f"WHERE `r4`.`order_id` = `s`.`id`) AS `most` FROM `orders` AS `s` {JOIN_CUSTOMER} "
        "LEFT JOIN `customers` AS `j2` ON `s`.`payer_id` = `j2`.`id`"
    )


@BOTH
def test_a_case_of_several_types_becomes_text_and_of_one_type_stays(engine: str) -> None:
    number, word = "AS CHAR(255) CHARACTER SET utf8mb4)", "AS CHAR CHARACTER SET utf8mb4)"
    mixed = case(("total > 1", "total"), ("note = 'a;--'", "'b'"), **{"else": "id"})
    assert view(attribute("x", "S", calculation=mixed), engine=engine) == (
        f"CASE WHEN `s`.`total` > 1 THEN CAST(`s`.`total` {number} WHEN `s`.`note` = 'a;--' THEN CAST('b' {word} "
        f"ELSE CAST(`s`.`id` {number} END AS `x` FROM `orders` AS `s`"
    )
    scales = case(("total > 1", "total * 2"), **{"else": "0.5"})
    assert view(attribute("x", "N", calculation=scales), engine=engine) == (
        f"CASE WHEN `s`.`total` > 1 THEN CAST(`s`.`total` * 2 {number} ELSE CAST(0.5 {number} END AS `x` "
        "FROM `orders` AS `s`"
    )
    alike = case(("total > 1", "total"), ("total > 0", "total"))
    assert view(attribute("x", "N", calculation=alike), engine=engine) == (
        "CASE WHEN `s`.`total` > 1 THEN `s`.`total` WHEN `s`.`total` > 0 THEN `s`.`total` END AS `x` "
        "FROM `orders` AS `s`"
    )


@BOTH
def test_a_chain_joins_one_after_the_other(engine: str) -> None:
    links = [
        {k: v for k, v in TO_CUSTOMER.items() if k != "type"},
        {"target_table": "nodes", "join_condition": "nodes.id = customers.boss_id", "select_column": "name"},
    ]
    joins = f"FROM `orders` AS `s` {JOIN_CUSTOMER} LEFT JOIN `nodes` AS `j2` ON `j2`.`id` = `j1`.`boss_id`"
    last = attribute("x", "S", join={"type": "chain", "joins": links})
    assert view(last, engine=engine) == f"`j2`.`name` AS `x` {joins}"
    both = attribute("x", "S", join={"type": "chain", "joins": links, "chain_separator": " > "})
    assert view(both, engine=engine) == f"`j1`.`name` AS `x`, `j2`.`name` AS `tableferry_4` {joins}"
    assert source_of("x", both) == JoinedText((FromColumn(1), FromColumn(2)), " > ", skip_null=True)


def link(target: str, condition: str, select: str = "name") -> dict[str, str]:
    return {"target_table": target, "join_condition": condition, "select_column": select}


UP = link("nodes", "nodes.id = nodes.parent_id")
CHAINS: list[tuple[str, list[dict[str, str]], str]] = [
    (
        "nodes",
        [UP, UP],
        "`j2`.`name` AS `x` FROM `nodes` AS `s` LEFT JOIN `nodes` AS `j1` ON `j1`.`id` = `s`.`parent_id` "
        "LEFT JOIN `nodes` AS `j2` ON `j2`.`id` = `j1`.`parent_id`",
    ),
    (
        "orders",
        [link("customers", "customers.id = orders.payer_id"), link("orders", "orders.id = customers.boss_id", "note")],
        "`j2`.`note` AS `x` FROM `orders` AS `s` LEFT JOIN `customers` AS `j1` ON `j1`.`id` = `s`.`payer_id` "
        "LEFT JOIN `orders` AS `j2` ON `j2`.`id` = `j1`.`boss_id`",
    ),
]


@pytest.mark.parametrize(("source", "links", "sql"), CHAINS)
def test_a_chain_may_visit_a_table_again(source: str, links: list[dict[str, str]], sql: str) -> None:
    chain = {"type": "chain", "joins": links}
    assert view(attribute("x", "S", join=chain), source_table=source) == sql


def test_a_chain_whose_second_visit_may_mean_two_rows_is_refused() -> None:
    links = [link("customers", "customers.id = orders.payer_id"), link("orders", "orders.id = orders.payer_id", "note")]
    with pytest.raises(ContractError) as caught:
        view(attribute("x", "S", join={"type": "chain", "joins": links}))
    (problem,) = caught.value.problems
    assert str(problem) == (
        "tables[0] Orders, attribute x, join, joins[1], join_condition: 'orders.id = orders.payer_id' may mean either "
        "of the two rows of orders in this chain. Compare orders with a table that stands between them."
    )


@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        ("p.id = nodes.parent_id", "`j1`.`id` = `s`.`parent_id`"),
        ("nodes.parent_id = p.id", "`s`.`parent_id` = `j1`.`id`"),
        ("p.id = parent_id", "`j1`.`id` = `s`.`parent_id`"),
        (
            "nodes.parent_id = p.id AND nodes.name IS NULL AND p.name > 'x'",
            "`s`.`parent_id` = `j1`.`id` AND `s`.`name` IS NULL AND `j1`.`name` > 'x'",
        ),
    ],
)
def test_a_self_joins_alias_tells_the_two_sides_apart_whichever_stands_left(condition: str, sql: str) -> None:
    joined = {"type": "self-join", "join_alias": "p", "join_condition": condition, "select_column": "p.name"}
    assert view(attribute("x", "S", join=joined), source_table="nodes") == (
        f"`j1`.`name` AS `x` FROM `nodes` AS `s` LEFT JOIN `nodes` AS `j1` ON {sql}"
    )


@pytest.mark.parametrize("literal", ["n.a.", "v1.0", "it's", "\\", "customers.nothing", "a.b.c", '"', ""])
def test_an_else_value_is_a_literal(literal: str) -> None:
    joined = TO_CUSTOMER | {"type": "conditional", "condition": "total > 1", "else_value": literal}
    assert source_of("x", attribute("x", "S", join=joined)) == Chosen(1, FromColumn(2), literal)


def test_several_matches_are_one_item_each_in_a_key_and_a_question_elsewhere() -> None:
    looked_up = attribute("x", "S", join=foreign_key("items", OF_ORDER, "sku") | {"type": "lookup-table"})
    (check,) = made(looked_up).join_checks
    assert check.place == "tables[0] Orders, attribute x, join"
    in_key = made(looked_up, sk="x")
    assert (in_key.join_checks, in_key.view.select_sql) == ((), made(looked_up).view.select_sql)
    assert not in_key.distinct_keys
    assert made(looked_up).distinct_keys


def test_a_transformation_applies_to_the_joined_value() -> None:
    joined = attribute("x", "S", join=TO_CUSTOMER | {"select_column": "id"})
    number = joined | {"transformation": {"type": "number-format", "format": "0.0"}}
    assert source_of("x", number) == NumberFormatted(FromColumn(1), 1, grouping=False, minimum_integer_digits=1)
    assert source_of("x", joined | {"transformation": text("<{x}>")}) == Template(("<", FromColumn(1), ">"))


@pytest.mark.parametrize(
    "part",
    [{"join": TO_CUSTOMER}, {"calculation": aggregate("COUNT", "*")}, {"calculation": case(("total > 1", "'x'"))}],
)
def test_in_a_format_the_attributes_own_name_is_the_joined_value_though_a_column_has_it_too(
    part: dict[str, Any],
) -> None:
    given = [
        attribute("note", **part, transformation=text("{note}/{total}")),
        attribute("y", transformation=text("{note}")),
    ]
    made_of = item_of(made(*given))
    joined, total = (next(n for n, c in enumerate(made_of.columns) if c.name == name) for name in ("note", "total"))
    assert source_of("note", *given) == Template((FromColumn(joined), "/", FromColumn(total)))
    assert "`s`.`note`" not in made(given[0]).view.select_sql
    assert source_of("y", *given) != Template((FromColumn(joined),))  # a column of the source for all others


@pytest.mark.parametrize("pattern", ["foreign-key", "lookup-table"])
@pytest.mark.parametrize("type_", ["L", "SS", "NS", "M"])
def test_a_joined_text_that_is_parsed_is_the_one_match(pattern: str, type_: str) -> None:
    parsed = attribute("x", type_, join=TO_CUSTOMER | {"type": pattern}, transformation={"type": "json-parse"})
    assert source_of("x", parsed) == ParsedJson(FromColumn(1))
    assert made(parsed).join_checks == ()
    several = foreign_key("items", OF_ORDER, "sku") | {"type": pattern}
    assert len(made(parsed | {"join": several}).join_checks) == 1


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("x", "<{note}>"),
        ("x", "<{NOTE}>"),
        ("x", "<{x}>"),
        ("x", "{id}/{x}"),
        ("note", "{note}"),
        ("x", "v1"),
        ("x", ""),
    ],
)
def test_a_format_may_name_the_source_column_or_the_attribute_or_nothing(name: str, format_: str) -> None:
    parts = source_of(name, attribute(name, "S", "note", transformation=text(format_)))
    assert isinstance(parts, Template)
    assert (FromColumn(1) in parts.parts) == ("{" in format_)


def test_a_placeholder_is_a_column_or_an_attribute_that_comes_later() -> None:
    given = [attribute("x", "S", transformation=text("O#{total}/{y}")), attribute("y", "S", join=TO_CUSTOMER)]
    assert source_of("x", *given) == Template(("O#", FromColumn(1), "/", FromColumn(2)))
    assert source_of("x", attribute("x", "S", transformation=text(""))) == Template(("",))
