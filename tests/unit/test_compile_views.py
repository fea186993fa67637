"""The exact view of a contract table: its columns, its joins, its names."""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from core.contract import ContractError
from core.items.plan import Kind
from core.items.sources import FromColumn
from tests.unit.schemas import SHOP, attribute, column, compiled, foreign_key, item_of, schema, table

BY_ID = "orders.customer_id = customers.id"
BY_PAYER = "orders.payer_id = customers.id"


def select(*attributes: object, **more: object) -> str:
    """The view's SELECT without its marker column, whose hash is tested by itself."""
    made = compiled(*attributes, **more).view  # type: ignore[arg-type]
    marker = f", 'tf:{made.definition_hash}' AS `tableferry_definition`"
    assert made.select_sql.count(marker) == 1
    return made.select_sql.replace(marker, "")


def refused(*attributes: object, **more: object) -> list[str]:
    with pytest.raises(ContractError) as caught:
        compiled(*attributes, **more)  # type: ignore[arg-type]
    return [str(p) for p in caught.value.problems]


def test_plain_columns() -> None:
    assert select(attribute("id", "N", "id"), attribute("remark", "S", "note")) == (
        "SELECT `s`.`id` AS `id`, `s`.`note` AS `remark` FROM `orders` AS `s`"
    )


def test_one_column_for_two_attributes_is_selected_once() -> None:
    made = compiled(attribute("id", "N", "id"), attribute("text", "S", "id"))
    assert [c.name for c in item_of(made).columns] == ["id"]
    assert [a.source for a in item_of(made).attributes] == [FromColumn(0), FromColumn(0)]


def test_the_key_of_the_source_is_in_the_view_even_when_no_attribute_takes_it() -> None:
    made = compiled(attribute("note", "S", "note"), pk="note")
    assert [c.name for c in item_of(made).columns] == ["note", "id"]
    item = item_of(made)
    assert (item.row_key, item.row_key_names, item.chunk_columns) == ((1,), ("id",), (1,))
    assert made.entities[0].chunk_columns == ("id",)


def test_two_attributes_share_one_join_and_another_column_takes_another() -> None:
    sql = select(
        attribute("id", "N", "id"),
        attribute("name", "S", join=foreign_key("customers", BY_ID, "name")),
        attribute("region", "S", join=foreign_key("customers", f"({BY_ID})".strip("()"), "customers.region")),
        attribute("payer", "S", join=foreign_key("customers", BY_PAYER, "name")),
    )
    assert sql == (
        "SELECT `s`.`id` AS `id`, `j1`.`name` AS `name`, `j1`.`region` AS `region`, `j3`.`name` AS `payer` "
        "FROM `orders` AS `s` LEFT JOIN `customers` AS `j1` ON `s`.`customer_id` = `j1`.`id` "
        "LEFT JOIN `customers` AS `j3` ON `s`.`payer_id` = `j3`.`id`"
    )


def test_in_a_table_joined_to_itself_left_is_the_target_and_right_the_source() -> None:
    made = select(
        attribute("id", "N", "id"),
        attribute("boss", "S", join=foreign_key("customers", "customers.id = customers.boss_id", "name")),
        attribute("deputy", "S", join=foreign_key("customers", "customers.boss_id = customers.id", "name")),
        source_table="customers",
    )
    assert made == (
        "SELECT `s`.`id` AS `id`, `j1`.`name` AS `boss`, `j2`.`name` AS `deputy` FROM `customers` AS `s` "
        "LEFT JOIN `customers` AS `j1` ON `j1`.`id` = `s`.`boss_id` "
        "LEFT JOIN `customers` AS `j2` ON `j2`.`boss_id` = `s`.`id`"
    )


@pytest.mark.parametrize(("source", "target"), [("customers", "CUSTOMERS"), ("Customers", "customers")])
def test_a_table_is_itself_whatever_the_case_where_the_server_folds_it(source: str, target: str) -> None:
    folding = schema(*SHOP.tables, lower_case_table_names=1)
    made = select(
        attribute("id", "N", "id", source_table="CUSTOMERS"),
        attribute("boss", "S", join=foreign_key(target, f"{target}.id = {source}.boss_id", "name")),
        source=folding,
        source_table=source,
    )
    assert "ON `j1`.`id` = `s`.`boss_id`" in made


def test_a_table_that_bears_one_of_our_aliases_is_not_mistaken_for_it() -> None:
    nodes = schema(
        *(table(n, column("id"), column("s_id"), column("j1_id"), column("name", "text")) for n in ("s", "j1"))
    )
    made = select(
        attribute("id", "N", "id"),
        attribute("a", "S", join=foreign_key("j1", "s.j1_id = j1.id", "name")),
        attribute("b", "S", join=foreign_key("s", "s.id = s.s_id", "name")),
        source=nodes,
        source_table="s",
    )
    assert made.endswith(
        "FROM `s` AS `s` LEFT JOIN `j1` AS `j1` ON `s`.`j1_id` = `j1`.`id` "
        "LEFT JOIN `s` AS `j2` ON `j2`.`id` = `s`.`s_id`"
    )


def test_a_comparison_of_comparisons_has_no_left_side() -> None:
    (problem,) = refused(
        attribute("id", "N", "id"),
        attribute("x", "S", join=foreign_key("customers", "(customers.id = customers.boss_id) = customers.id", "name")),
        source_table="customers",
    )
    assert problem.startswith("tables[0] Orders, attribute x, join, join_condition: ")
    assert "compares a comparison" in problem


ODD = [
    "a b",
    "a`b",
    "a'b",
    'a"b',
    "a%sb%",
    "a.b",
    "a--b",
    "a/*b",
    "select",
    "日本語",
    "é",
    "1a",
    "a;b",
    "x" * 64,
    "a#b",
    "a\\b",
]


@pytest.mark.parametrize("name", ODD)
def test_any_legal_identifier_stays_one_identifier(name: str) -> None:
    """The statement is parsed again: the same names, and nothing but names, wherever the odd ones stood."""
    quoted = "`" + name.replace("`", "``") + "`"
    odd = schema(
        table("src", column("id"), column(name, "varchar(9)"), column("ref")),
        table(name, column("id"), column(name, "varchar(9)")),
    )
    made = compiled(
        attribute("id", "N", "id"),
        attribute(name, "S", name),
        attribute("joined", "S", join=foreign_key(name, f"src.ref = {quoted}.id", name)),
        attribute("other", "S", join=foreign_key(name, f"src.{quoted} = {quoted}.{quoted}", f"{quoted}.{quoted}")),
        source=odd,
        source_table="src",
    )
    tree = parse_one(made.view.create_sql(replace=False), dialect="mysql")
    names = {i.name for i in tree.find_all(exp.Identifier)}
    view_columns = {c.name for c in item_of(made).columns}
    assert names == {
        "id",
        name,
        "ref",
        "src",
        "s",
        "j1",
        "j2",
        "tableferry_definition",
        "ddb_orders_view",
        *view_columns,
    }
    assert len(list(tree.find_all(exp.Join))) == 2
    assert [c.name for c in item_of(made).attributes] == ["id", name, "joined", "other"]


def test_a_name_that_a_view_cannot_carry_gets_one_of_ours() -> None:
    names = ["id", "tableferry_x", "with blank", "n" * 64, "tableferry_definition", "ID"]
    made = compiled(
        *(
            attribute(n, "S", c)
            for n, c in zip(names, ["id", "note", "total", "payer_id", "customer_id", "id"], strict=True)
        )
    )
    assert [c.name for c in item_of(made).columns] == ["id", *(f"tableferry_{n}" for n in (3, 4, 5, 6))]
    assert [a.name for a in item_of(made).attributes] == names


def test_view_columns_differ_beyond_upper_and_lower_case() -> None:
    made = compiled(attribute("id", "N", "id"), attribute("Note", "S", "note"), attribute("NOTE", "S", "total"))
    assert [c.name for c in item_of(made).columns] == ["id", "Note", "tableferry_4"]


def test_geometry_is_text_or_bytes_and_nothing_else() -> None:
    shapes = schema(table("orders", column("id"), column("at", "point")))
    made = compiled(attribute("id", "N", "id"), attribute("wkt", "S", "at"), attribute("wkb", "B", "at"), source=shapes)
    assert "ST_AsText(`s`.`at`) AS `wkt`, ST_AsBinary(`s`.`at`) AS `wkb`" in made.view.select_sql.replace(
        "ST_ASTEXT", "ST_AsText"
    ).replace("ST_ASBINARY", "ST_AsBinary")
    assert [c.kind for c in item_of(made).columns] == [Kind.INTEGER, Kind.TEXT, Kind.BINARY]
    assert (
        "Geometry is S (WKT) or B (WKB)"
        in refused(attribute("id", "N", "id"), attribute("g", "M", "at"), source=shapes)[0]
    )


def test_the_definition_hash_is_in_the_view_and_follows_its_meaning() -> None:
    one = compiled(attribute("id", "N", "id")).view
    assert f"'tf:{one.definition_hash}'" in one.select_sql
    assert compiled(attribute("id", "N", "id")).view == one
    assert compiled(attribute("id", "N", "payer_id")).view.definition_hash != one.definition_hash
    assert compiled(attribute("id", "N", "id"), table="Others").view.definition_hash != one.definition_hash
    assert one.create_sql(replace=False) == f"CREATE SQL SECURITY INVOKER VIEW `ddb_orders_view` AS {one.select_sql}"
    assert (
        one.create_sql(replace=True)
        == f"CREATE OR REPLACE SQL SECURITY INVOKER VIEW `ddb_orders_view` AS {one.select_sql}"
    )
