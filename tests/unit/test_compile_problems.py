"""What is refused against the live schema: by name, with its place, all of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from core.compile import compile_contract
from core.contract import ContractError
from core.items.sources import (
    Chosen,
    DateFormatted,
    FromColumn,
    JoinedText,
    NumberFormatted,
    ParsedJson,
    Source,
    Template,
    WithDefault,
)
from core.target_table import TargetOptions
from tests.unit.schemas import (
    SHOP,
    attribute,
    column,
    compiled,
    contract,
    contract_table,
    foreign_key,
    item_of,
    schema,
    table,
)


def refused(*attributes: object, **more: object) -> list[str]:
    with pytest.raises(ContractError) as caught:
        compiled(*attributes, **more)  # type: ignore[arg-type]
    return [str(p) for p in caught.value.problems]


ON = "orders.customer_id = customers.id"
JOINED = "LEFT JOIN `customers` AS `j1` ON `s`.`customer_id` = `j1`.`id`"
TO_SELF = "LEFT JOIN `orders` AS `j1` ON `j1`.`id` = `s`.`payer_id`"
TO_NAMED = "LEFT JOIN `customers` AS `j1` ON `j1`.`id` = `s`.`customer_id` AND `j1`.`region` = `s`.`note`"
WHERE_DEAR = "LEFT JOIN `customers` AS `j1` ON (`s`.`customer_id` = `j1`.`id`) AND (`s`.`total` > 1)"
TO_CUSTOMER = foreign_key("customers", ON, "name")
BY_ALIAS = {"type": "self-join", "join_alias": "p", "join_condition": "p.id = orders.payer_id", "select_column": "note"}
SUM_SQL = "(SELECT SUM(`r1`.`id`) FROM `customers` AS `r1` WHERE `s`.`customer_id` = `r1`.`id`) AS `x`"
DEAR_SQL = "CASE WHEN `s`.`total` > 1 THEN 1 ELSE 0 END AS `tableferry_3`, `j1`.`name` AS `x`"
# A part of an attribute, what the view selects for it after `s`.`id`, the joins, and where the value comes from.
EVERY_PATTERN: list[tuple[str, dict[str, Any], str, str, Source]] = [
    ("join", TO_CUSTOMER, "`j1`.`name` AS `x`", JOINED, FromColumn(1)),
    ("join", TO_CUSTOMER | {"type": "lookup-table"}, "`j1`.`name` AS `x`", JOINED, FromColumn(1)),
    ("join", BY_ALIAS, "`j1`.`note` AS `x`", TO_SELF, FromColumn(1)),
    ("join", BY_ALIAS | {"null_value": "x.y"}, "`j1`.`note` AS `x`", TO_SELF, WithDefault(FromColumn(1), "x.y")),
    (
        "join",
        {
            "type": "multi-column",
            "target_table": "customers",
            "join_conditions": ["customers.id = customer_id", "region = note"],
            "select_column": "name",
        },
        "`j1`.`name` AS `x`",
        TO_NAMED,
        FromColumn(1),
    ),
    (
        "join",
        TO_CUSTOMER | {"type": "conditional", "condition": "total > 1", "else_value": "n.a."},
        DEAR_SQL,
        WHERE_DEAR,
        Chosen(1, FromColumn(2), "n.a."),
    ),
    (
        "join",
        {"type": "chain", "joins": [{k: v for k, v in TO_CUSTOMER.items() if k != "type"}]},
        "`j1`.`name` AS `x`",
        JOINED,
        FromColumn(1),
    ),
    (
        "calculation",
        {"type": "concat", "columns": ["id", "note"]},
        "`s`.`note` AS `x2`",
        "",
        JoinedText((FromColumn(0), FromColumn(1)), "", skip_null=False),
    ),
    (
        "calculation",
        {"type": "case", "cases": [{"when": "total > 1", "then": "'a'"}]},
        "CASE WHEN `s`.`total` > 1 THEN 'a' END AS `x`",
        "",
        FromColumn(1),
    ),
    (
        "calculation",
        {"type": "date-math", "expression": "YEAR(note)"},
        "CAST(YEAR(`s`.`note`) AS SIGNED) AS `x`",
        "",
        FromColumn(1),
    ),
    (
        "calculation",
        foreign_key("customers", ON, "id") | {"type": "aggregate", "operation": "SUM"},
        SUM_SQL,
        "",
        FromColumn(1),
    ),
    ("transformation", {"type": "json-parse"}, "`s`.`note` AS `x`", "", ParsedJson(FromColumn(1))),
    ("transformation", {"type": "string-format", "format": "x"}, "`s`.`note` AS `x`", "", Template(("x",))),
    (
        "transformation",
        {"type": "number-format", "format": "#,##0.00"},
        "`s`.`note` AS `x`",
        "",
        NumberFormatted(FromColumn(1), 2, grouping=True, minimum_integer_digits=1),
    ),
    (
        "transformation",
        {"type": "date-format", "format": "YYYY", "source_format": "DD.MM.YYYY"},
        "`s`.`note` AS `x`",
        "",
        DateFormatted(FromColumn(1), "YYYY", "DD.MM.YYYY"),
    ),
]


@pytest.mark.parametrize(("part", "value", "selected", "joins", "source"), EVERY_PATTERN)
def test_every_pattern_compiles(part: str, value: dict[str, Any], selected: str, joins: str, source: Source) -> None:
    column = "note" if part == "transformation" else None
    made = compiled(attribute("id", "N", "id"), attribute("x", "S", column, **{part: value}))
    sql = made.view.select_sql.replace(f", 'tf:{made.view.definition_hash}' AS `tableferry_definition`", "")
    assert sql == f"SELECT `s`.`id` AS `id`, {selected} FROM `orders` AS `s` {joins}".rstrip()
    assert (item_of(made).attributes[1].source, made.join_checks) == (source, ())


def test_a_multi_entity_table_without_a_way_to_its_key_is_refused_by_entity() -> None:
    entity = {"entity_type": "USER", "source_table": "orders", "attributes": [attribute("id", "S", "id")]}
    given = contract({"table": "Users", "type": "multi-entity", "pk": "PK", "entities": [entity]})
    with pytest.raises(ContractError) as caught:
        compile_contract(given, SHOP, TargetOptions())
    assert [str(p) for p in caught.value.problems] == [
        "tables[0] Users, entity USER, pk_template: is missing, and no attribute of this entity produces the key 'PK'"
    ]


OF_TWO = [table(name, column("id"), column("v")) for name in ("t", "T", "c", "C")]
TO_C = foreign_key("c", "c.id = t.id", "v")


def with_case(part: str, value: dict[str, Any], *, folds: bool, only: str = "tTcC") -> list[str]:
    """The problems of an attribute over the tables t, T, c and C, or `only` some of them."""
    source = schema(*(t for t in OF_TWO if t.name in only), lower_case_table_names=int(folds))
    given = [attribute("id", "N", "id"), attribute("x", "N") | {part: value}]
    try:
        compiled(*given, source=source, source_table="t")
    except ContractError as error:
        return [str(p).removeprefix("tables[0] Orders, attribute x, ") for p in error.problems]
    return []


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        (
            "calculation",
            {"type": "date-math", "expression": "T.v"},
            "calculation, expression: 'T' is no table of this join. Did you mean 't'?",
        ),
        (
            "join",
            TO_C | {"select_column": "C.v"},
            "join, select_column: 'C' is no table of this join. Did you mean 'c'?",
        ),
        (
            "join",
            TO_C | {"join_condition": "C.id = t.id"},
            "join, join_condition: 'C' is no table of this join. Did you mean 'c'?",
        ),
        (
            "join",
            {"type": "self-join", "join_alias": "c", "join_condition": "C.id = t.v", "select_column": "c.v"},
            "join, join_condition: follows a foreign key to 'C', but a self-join joins the table to itself. "
            "Use a foreign-key join with target_table 'C'.",
        ),
    ],
)
def test_a_name_in_another_case_is_another_table_where_there_is_one(
    part: str, value: dict[str, Any], problem: str
) -> None:
    assert with_case(part, value, folds=False) == [problem]
    assert with_case(part, value, folds=False, only="tc") == []
    assert with_case(part, value, folds=True, only="tc") == []


def test_every_problem_of_every_table_is_reported() -> None:
    given = contract(
        contract_table(attribute("id", "N", "idd"), attribute("note", "S"), sk="nope#note#total2"),
        contract_table(table="Second", source_table="ordres"),
        contract_table(attribute("id", "N", "id", source_table="customers"), table="Third"),
        contract_table(attribute("id", "N") | {"source_column": ["id", "note"]}, table="Fourth"),
    )
    with pytest.raises(ContractError) as caught:
        compile_contract(given, SHOP, TargetOptions())
    assert [str(p) for p in caught.value.problems] == [
        "tables[0] Orders, attribute id, source_column: orders has no column 'idd'. Did you mean 'id'?",
        "tables[0] Orders, attribute note: the key 'source_column' is missing: nothing says where the value comes from",
        "tables[0] Orders, sk: the part 'nope' is no attribute and no column of orders. Did you mean 'note'?",
        "tables[0] Orders, sk: the part 'total2' is no attribute and no column of orders. Did you mean 'total'?",
        "tables[1] Second, source_table: there is no table 'ordres' in shop. Did you mean 'orders'?",
        "tables[2] Third, attribute id, source_table: is 'customers', but the rows come from 'orders'. "
        "Use a foreign-key join to take a value from another table.",
        "tables[3] Fourth, attribute id, source_column: is a list, which belongs to a multi-column join. "
        "Name one column.",
    ]
