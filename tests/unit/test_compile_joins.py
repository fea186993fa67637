"""Joins that match at most once: by proof, or by a question to the data; what would multiply rows is refused."""

from __future__ import annotations

import pytest

from core.compile.expressions import Relation, join_condition
from core.compile.joins import matches_at_most_once
from core.items.plan import Kind
from core.items.sources import Field, Rows
from core.source_schema import SourceColumn, SourceTable, UniqueKey
from tests.unit.schemas import ORDERS, attribute, column, compiled, foreign_key, item_of, schema, table

ID = attribute("id", "N", "id")


def proved(condition: str, target: SourceTable, source: SourceTable = ORDERS) -> bool:
    left, right = Relation(source.name, "s", source), Relation(target.name, "j1", target)
    return matches_at_most_once(join_condition(condition, source=left, target=right), left, right)


UNIQUE = tuple(UniqueKey(n, cols, nullable) for n, cols, nullable in [("a", ("code",), True), ("b", ("x", "y"), False)])
TARGET = table(
    "t",
    *(column("tid"), column("code", "varchar(9)", nullable=True), column("x"), column("y"), column("big", "bigint")),
    *(column("d", "decimal(9,2)"), column("bin", "varchar(9)", collation="utf8mb4_bin"), column("e", "enum('a')")),
    key=("tid",),
    unique=UNIQUE,
)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("orders.customer_id = t.tid", True),
        ("t.tid = orders.customer_id AND t.code = 'x'", False),
        ("t.tid = orders.customer_id AND t.code = orders.note", True),
        ("(t.tid = orders.customer_id)", True),
        ("t.code = orders.note", True),
        ("t.x = orders.id AND t.y = orders.payer_id", True),
        ("t.x = orders.id", False),
        ("t.y = orders.id", False),
        ("t.x = orders.id AND t.y = t.x", False),
        ("t.x = orders.id AND t.y = 1", False),
        ("t.tid = orders.customer_id OR t.tid = orders.payer_id", False),
        ("t.tid <=> orders.customer_id", False),
        ("t.tid >= orders.customer_id", False),
        ("NOT t.tid = orders.customer_id", False),
        ("t.tid = orders.note", False),
        ("t.tid = orders.total", False),
        ("t.code = orders.customer_id", False),
        ("t.tid = orders.customer_id + 1", False),
        ("orders.id = orders.customer_id", False),
        ("1 = 1", False),
    ],
)
def test_a_join_is_proved_only_by_equal_columns_of_a_whole_unique_index(condition: str, answer: bool) -> None:
    assert proved(condition, TARGET) is answer


@pytest.mark.parametrize(
    ("mine", "other", "alike"),
    [
        (column("a"), column("b", "bigint unsigned"), True),
        (column("a"), column("b", "decimal(9,2)"), False),
        (column("a", "varchar(9)"), column("b", "char(3)"), True),
        (column("a", "varchar(9)"), column("b", "varchar(9)", collation="utf8mb4_bin"), False),
        (column("a", "enum('x')"), column("b", "enum('x')"), False),
        (column("a", "float"), column("b", "float"), False),
        (column("a", "json"), column("b", "json"), False),
        (column("a", "double"), column("b", "double"), True),
        (column("a", "datetime"), column("b", "timestamp"), True),
        (column("a", "date"), column("b", "datetime"), False),
        (column("a", "varbinary(9)"), column("b", "binary(9)"), True),
        (column("a", "point"), column("b", "point"), False),
        (SourceColumn("a", "varchar", "varchar(9)", False), SourceColumn("b", "varchar", "varchar(9)", False), False),
    ],
)
def test_which_types_an_index_compares_as_equality_does(mine: SourceColumn, other: SourceColumn, alike: bool) -> None:
    assert mine.compares_like(other) is alike


COLLECTED = (
    "(SELECT JSON_ARRAYAGG(`d`.`e`) FROM (SELECT {} AS `e` FROM `customers` AS `r2` WHERE `s`.`note` = `r2`.`name` "
)
COLLECTED += "ORDER BY `r2`.`id` ASC LIMIT 18446744073709551615) AS d) AS `x`"
AS_TEXT = "CAST(`r2`.`region` AS CHAR CHARACTER SET utf8mb4)"


@pytest.mark.parametrize(
    ("type_", "selected", "sql", "kind"),
    [
        ("SS", "region", AS_TEXT, Kind.TEXT),
        ("NS", "id", "CAST(`r2`.`id` AS CHAR(255) CHARACTER SET utf8mb4)", Kind.INTEGER),
        ("BS", "region", AS_TEXT, Kind.TEXT),
        ("L", "region", AS_TEXT, Kind.TEXT),
    ],
)
@pytest.mark.parametrize("join_type", ["foreign-key", "lookup-table"])
def test_several_matches_are_collected_by_the_types_that_can_hold_them(
    join_type: str, type_: str, selected: str, sql: str, kind: str
) -> None:
    joined = foreign_key("customers", "orders.note = customers.name", selected) | {"type": join_type}
    made = compiled(ID, attribute("x", type_, join=joined))
    assert COLLECTED.format(sql) in made.view.select_sql
    assert item_of(made).attributes[1].source == Rows(1, (Field("", kind),), "values")
    assert ("JOIN" in made.view.select_sql, made.join_checks) == (False, ())


def test_an_unproved_join_asks_the_data_once_for_all_its_attributes() -> None:
    joined = [foreign_key("customers", "orders.note = customers.name", c) for c in ("region", "id")]
    (check,) = compiled(ID, attribute("a", "S", join=joined[0]), attribute("b", "N", join=joined[1])).join_checks
    assert (check.place, check.target_table) == ("tables[0] Orders, attribute a, join", "customers")
    assert check.sql == (
        "SELECT 1 FROM `orders` AS `s` INNER JOIN `customers` AS `j1` ON `s`.`note` = `j1`.`name` "
        "GROUP BY `s`.`id` HAVING COUNT(*) > 1 LIMIT 1"
    ).replace("INNER JOIN", "JOIN")


def test_a_source_without_a_key_is_asked_row_by_row() -> None:
    source = schema(table("orders", column("n", "text"), key=()), table("t", column("n", "text"), column("v"), key=()))
    joined = attribute("v", "N", join=foreign_key("t", "orders.n = t.n", "v"))
    made = compiled(attribute("n", "S", "n"), joined, source=source, pk="n")
    assert made.join_checks[0].sql == (
        "SELECT 1 FROM `orders` AS `s` WHERE (SELECT COUNT(*) FROM `t` AS `j1` WHERE `s`.`n` = `j1`.`n`) > 1 LIMIT 1"
    )
