"""Texts that the parser reads as something harmless although the server would read something else, and endless ones."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.contract import ContractError
from tests.unit.schemas import SHOP, attribute, column, compiled, schema, table

MADE = table("orders", *SHOP.tables[0].columns, column("made", "datetime"))
SOURCE = schema(MADE, SHOP.tables[1])
INSIDE = "DAY, NOW(), NOW()) + (SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES) + TIMESTAMPDIFF(DAY"


def refused(text: str, part: str = "expression") -> str:
    whole: dict[str, Any] = {"type": "date-math", "expression": text}
    if part == "when":
        whole = {"type": "case", "cases": [{"when": text, "then": "1"}]}
    with pytest.raises(ContractError) as caught:
        compiled(attribute("id", "N", "id"), attribute("x", "S", calculation=whole), source=SOURCE)
    (problem,) = caught.value.problems
    return problem.message


@pytest.mark.parametrize("part", ["expression", "when"])
@pytest.mark.parametrize(
    "text",
    [
        f"TIMESTAMPDIFF(`{INSIDE}`, made, made)",
        f"TIMESTAMPDIFF('{INSIDE}', made, made)",
        "TIMESTAMPADD(`SECOND) + SLEEP(5) + (1`, 1, made)",
        "EXTRACT(`DAY FROM NOW()) + SLEEP(5) + EXTRACT(DAY` FROM made)",
        "EXTRACT('DAY' FROM made)",
        "made + INTERVAL 1 FOO",
        "CAST(note AS CHAR(`10)) + SLEEP(5) + CAST(1 AS CHAR(1`))",
        "CAST(note AS DECIMAL(id))",
        "CAST(note AS CHAR('10'))",
        "CAST(note AS CHAR CHARACTER SET `utf8mb4) + SLEEP(5) + CAST(1 AS CHAR`)",
        "CONVERT(note USING `utf8mb4) + SLEEP(5) + CONVERT(note USING utf8mb4`)",
        "CAST(note AS CHAR FORMAT 'x')",
        "TRY_CAST(note AS CHAR)",
        "IF(id, 1)",
    ],
)
def test_a_word_of_the_grammar_is_one_of_the_grammars_words(text: str, part: str) -> None:
    assert "is not allowed here" in refused(text, part)


@pytest.mark.parametrize("unit", ["DAY", "day", "MICROSECOND", "DAY_HOUR", "QUARTER"])
def test_the_grammars_own_words_are_taken(unit: str) -> None:
    for text in (f"EXTRACT({unit} FROM made)", f"made + INTERVAL 1 {unit}", f"DATE_ADD(made, INTERVAL 1 {unit})"):
        compiled(
            attribute("id", "N", "id"),
            attribute("x", "S", calculation={"type": "date-math", "expression": text}),
            source=SOURCE,
        )


@pytest.mark.parametrize("text", ["DATE_ADD(made, INTERVAL 1 'x y')", "DATE_ADD(made, 1)", "DATE_SUB(made, id)"])
def test_what_the_parser_stumbles_over_is_refused(text: str) -> None:
    assert re.search("lacks its INTERVAL|has no unit", refused(text))


@pytest.mark.parametrize("part", ["expression", "when"])
@pytest.mark.parametrize(
    "text",
    [
        "+".join(["id"] * 1300),
        "id" + "*2" * 2000,
        "-" * 4000 + "id",
        "(" * 1000 + "id" + ")" * 1000,
        "NOT " * 900 + "id",
        "ABS(" * 35 + "id" + ")" * 35,
        "CASE WHEN " * 20 + "id" + " THEN 1 END" * 20,
        "note" + " LIKE note" * 400,
    ],
)
def test_an_expression_that_nests_too_deeply_is_refused(text: str, part: str) -> None:
    assert refused(text, part) == "is nested too deeply"


def test_long_is_not_deep() -> None:
    for text in (" OR ".join(["id = 1"] * 400), "+".join(["id"] * 60), f"id IN ({','.join(['1'] * 1000)})"):
        made = compiled(
            attribute("id", "N", "id"),
            attribute("x", "N", calculation={"type": "date-math", "expression": text}),
            source=SOURCE,
        )
        assert "`s`.`id`" in made.view.select_sql


@pytest.mark.parametrize("text", ["(" * 2000, "ABS(" * 700 + "id" + ")" * 700, "id" + "+id" * 1300])
def test_a_sort_key_that_nests_too_deeply_is_refused(text: str) -> None:
    construction = {"type": "array", "select_columns": {"k": "id"}, "order_by": text}
    join = {
        "type": "json-construction",
        "target_table": "customers",
        "join_condition": "customers.id = orders.customer_id",
        "construction": construction,
    }
    with pytest.raises(ContractError) as caught:
        compiled(attribute("id", "N", "id"), attribute("x", "L", join=join))
    assert [p.place for p in caught.value.problems] == ["tables[0] Orders, attribute x, join, construction, order_by"]


def test_a_limit_beyond_what_the_server_counts_is_refused() -> None:
    join = {
        "type": "json-construction",
        "target_table": "customers",
        "join_condition": "customers.id = orders.customer_id",
        "construction": {"type": "array", "select_columns": {"k": "id"}, "limit": 10**30},
    }
    with pytest.raises(ContractError, match="construction, limit"):
        compiled(attribute("id", "N", "id"), attribute("x", "L", join=join))


def test_names_in_a_circle_are_shown_without_their_control_characters() -> None:
    odd = "a\x1b[31m\u202e\nb"
    pair = [
        attribute(odd, "S", transformation={"type": "string-format", "format": "{y}"}),
        attribute("y", "S", transformation={"type": "string-format", "format": f"{{{odd}}}"}),
    ]
    with pytest.raises(ContractError) as caught:
        compiled(attribute("id", "N", "id"), *pair)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
