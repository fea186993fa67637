"""Multi-entity tables: one view for all entities, keys from templates, and what the entities must agree on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.compile import CompiledEntity, CompiledTable, compile_contract
from core.contract import ContractError
from core.items.item import ItemConverter
from core.items.plan import Attribute, Column, ItemPlan, Key
from core.items.sources import FromColumn, JoinedText, Template
from core.target_table import KeyAttribute, TargetOptions
from tests.unit.schemas import SHOP, attribute, column, contract, schema, table

NAME = attribute("name", "S", "name")
TOTAL = attribute("name", "N", "total")
KEYS = (Key("PK", "S", "pk"), Key("SK", "S", "sk"))


def entity(type_: str, table: str, pk: str | None, sk: str | None, *attributes: dict[str, Any]) -> dict[str, Any]:
    templates = {"pk_template": pk, "sk_template": sk}
    return {"entity_type": type_, "source_table": table, "attributes": list(attributes)} | templates


USER = entity("USER", "customers", "C#{id}", "PROFILE", NAME)
ORDER = entity("ORDER", "orders", "C#{customer_id}", "O#{id}", TOTAL)


def made(*entities: dict[str, Any], **changes: Any) -> CompiledTable:
    whole = {"table": "Both", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": list(entities)}
    return compile_contract(contract(whole | changes), SHOP, TargetOptions())[0]


def refused(*entities: dict[str, Any], **changes: Any) -> list[str]:
    with pytest.raises(ContractError) as caught:
        made(*entities, **changes)
    return [str(p).removeprefix("tables[0] Both") for p in caught.value.problems]


def test_each_entity_is_a_select_of_its_own_columns_beside_nulls_and_typed_nulls_beside_keys() -> None:
    view = made(USER, ORDER).view
    marker = f"'tf:{view.definition_hash}' AS `tableferry_definition`"
    assert view.select_sql == (
        "SELECT '0' AS `tableferry_entity`, `s`.`name` AS `name`, `s`.`id` AS `id`, NULL AS `tableferry_4`, "
        f"NULL AS `customer_id`, CAST(NULL AS SIGNED) AS `tableferry_6`, {marker} FROM `customers` AS `s` UNION ALL "
        "SELECT '1' AS `tableferry_entity`, NULL AS `name`, CAST(NULL AS SIGNED) AS `id`, "
        "`s`.`total` AS `tableferry_4`, `s`.`customer_id` AS `customer_id`, "
        f"`s`.`id` AS `tableferry_6`, {marker} FROM `orders` AS `s`"
    )
    assert view.columns == ("tableferry_entity", "name", "id", "tableferry_4", "customer_id", "tableferry_6")


@pytest.mark.parametrize(
    ("column_type", "null"),
    [
        ("bigint unsigned", "CAST(NULL AS UNSIGNED)"),
        ("int(5) unsigned zerofill", "CAST(NULL AS UNSIGNED)"),
        ("decimal(30,4) unsigned", "CAST(NULL AS DECIMAL(30,4))"),
        ("year(4)", "NULL"),  # 0000 beside a number would become 0
        ("varchar(9)", "NULL"),
        ("datetime(3)", "NULL"),
    ],
)
def test_the_null_beside_a_key_has_the_keys_class_of_type(column_type: str, null: str) -> None:
    source = schema(table("things", column("k", column_type), key=("k",)), table("other", column("id")))
    things = entity("T", "things", "T#{k}", "X", attribute("k", "S", "k"))
    other = entity("O", "other", "O#{id}", "X", attribute("id", "S", "id"))
    whole = {"table": "Both", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": [things, other]}
    (made_of,) = compile_contract(contract(whole), source, TargetOptions())
    key = made_of.entities[0].item.columns[made_of.entities[0].item.row_key[0]].name
    assert f" {null} AS `{key}`" in made_of.view.select_sql.split(" UNION ALL ")[1]


@pytest.mark.parametrize(
    ("column_type", "length"), [("int(5) unsigned zerofill", "(255)"), ("set('a','b')", ""), ("bigint", None)]
)
def test_what_a_union_would_change_is_text_in_attributes_templates_and_joined_texts(
    column_type: str, length: str | None
) -> None:
    source = schema(table("things", column("id"), column("k", column_type)), table("other", column("id")))
    joined = attribute("j", calculation={"type": "concat", "columns": ["k", "id"]})
    things = entity("T", "things", "T#{k}", "X", attribute("k", "S", "k"), joined)
    other = entity("O", "other", "O#{id}", "X", attribute("id", "S", "id"))
    whole = {"table": "Both", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": [things, other]}
    (made_of,) = compile_contract(contract(whole), source, TargetOptions())
    selected = made_of.view.select_sql.split(" UNION ALL ")[0]
    kept = "`s`.`k`" if length is None else f"CAST(`s`.`k` AS CHAR{length} CHARACTER SET utf8mb4)"
    assert f"{kept} AS `k`" in selected
    assert selected.count("`s`.`k`") == 1


def test_each_entity_has_its_own_plan_and_its_type_as_an_attribute() -> None:
    users, orders = made(USER, ORDER).entities
    assert users.never_null == {0, 1}
    assert replace(users, never_null=frozenset()) == CompiledEntity(
        "customers",
        ItemPlan(
            columns=(Column("name", "text"), Column("id", "integer")),
            row_key=(1,),
            row_key_names=("id",),
            attributes=(
                Attribute("name", "S", FromColumn(0)),
                Attribute("PK", "S", Template(("C#", FromColumn(1)))),
                Attribute("SK", "S", Template(("PROFILE",))),
                Attribute("entity_type", "S", Template(("USER",))),
            ),
            keys=KEYS,
            chunk_columns=(1,),
            entity="0",
        ),
        ("id",),
    )
    assert (orders.source_table, orders.item.entity, orders.item.chunk_columns) == ("orders", "1", (2,))
    assert [(a.name, a.type) for a in orders.item.attributes] == [
        *(("name", "N"), ("PK", "S"), ("SK", "S"), ("entity_type", "S"))
    ]
    assert orders.item.attributes[2].source == Template(("O#", FromColumn(2)))
    assert made(USER, ORDER).target.attributes == (KeyAttribute("PK", "S"), KeyAttribute("SK", "S"))


def test_cells_of_a_reject_are_called_what_the_contract_calls_them() -> None:
    """The second entity's columns have names of the view's own, which nobody knows."""
    plan = made(USER, ORDER).entities[1].item
    row = [f"{n}" for n, _ in enumerate(plan.columns)]
    shown = ItemConverter(plan).preview(row)
    assert set(shown) == {"name", "customer_id", "id"}
    same = replace(plan, columns=tuple(replace(c, label="name") for c in plan.columns))
    assert set(ItemConverter(same).preview(row)) == {"name", *(c.name for c in plan.columns[1:])}


def test_one_entity_alone_needs_no_column_that_tells_entities_apart() -> None:
    only = made(USER)
    assert (only.view.columns, only.entities[0].item.entity) == (("name", "id"), None)
    assert only.entities[0].item.attributes[3] == Attribute("entity_type", "S", Template(("USER",)))


def sharing(pk: str, sk: str, other_pk: str, other_sk: str) -> bool:
    """Whether the keys of two entities are not proved to be distinct."""
    return not made(
        entity("A", "customers", pk, sk, NAME), entity("B", "orders", other_pk, other_sk, TOTAL)
    ).distinct_keys


def test_keys_of_entities_are_distinct_where_constant_texts_and_unique_indexes_say_so() -> None:
    assert made(USER, ORDER).distinct_keys
    assert not sharing("C#{id}", "P", "C#{id}", "Q")
    assert not sharing("C#{id}", "P", "D#{id}", "P")
    assert not sharing("C#{id}", "P", "C#{customer_id}", "Q#{id}")


@pytest.mark.parametrize(
    "templates",
    [
        ("C#{id}", "P", "C#{id}", "P"),
        ("C#{id}", "P", "C#{id}#", "P"),
        ("C{id}", "P", "C1{id}", "P"),
        ("C#{id}", "P", "C#7", "P"),
        ("C#{name}", "P", "D#{id}", "P"),  # customers share names
        ("C#{id}", "P", "D#{customer_id}", "Q"),
        ("{id}{name}", "P", "D{id}", "Q"),
    ],
)
def test_keys_of_entities_that_could_meet_are_not_proved(templates: tuple[str, str, str, str]) -> None:
    assert sharing(*templates)


def test_an_attribute_of_the_keys_name_wins_over_its_template_whose_mistake_is_a_warning() -> None:
    found = made(entity("USER", "customers", "C#{idd}", "P", attribute("PK", "S", "name")), ORDER)
    assert found.entities[0].item.attributes[0] == Attribute("PK", "S", FromColumn(0))
    assert found.warnings == (
        "tables[0] Both, entity USER, pk_template: 'idd' is no column of customers and no attribute. "
        "Did you mean 'id'? (not used: the attribute 'PK' is the key)",
    )
    assert made(USER, ORDER).warnings == ()


def test_an_index_is_for_the_entities_that_have_its_key() -> None:
    gsis = [{"index_name": "ByName", "pk": "region#name"}]
    users, orders = made(USER, ORDER, gsis=gsis).entities
    assert users.item.keys == (*KEYS, Key("region#name", "S", "pk", "ByName"))
    (composed,) = [a for a in users.item.attributes if a.name == "region#name"]
    assert isinstance(composed.source, JoinedText)
    assert orders.item.keys == KEYS


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        (
            entity("USER", "customers", "C#{id}", None, NAME),
            ", entity USER, sk_template: is missing, and no attribute of this entity produces the key 'SK'",
        ),
        (
            entity("USER", "customers", "C#{idd}", "P", NAME),
            ", entity USER, pk_template: 'idd' is no column of customers and no attribute. Did you mean 'id'?",
        ),
        (
            entity("USER", "customers", None, "P", attribute("PK", "N", "id")),
            ", pk: 'PK' is N in one entity and S in another",
        ),
        (
            entity("USER", "customers", "C#{id}", "P", attribute("entity_type", "S", "name")),
            ", entity USER, attribute entity_type: is the name of the attribute that tells entities apart. Rename it.",
        ),
        (
            entity("USER", "custmers", "C#{id}", "P", NAME),
            ", entity USER, source_table: there is no table 'custmers' in shop. Did you mean 'customers'?",
        ),
        (
            entity("ORDER", "customers", "C#{id}", "P", NAME),
            ": the entity 'ORDER' stands here twice. Remove or rename one of them.",
        ),
    ],
)
def test_what_entities_cannot_be_is_refused(first: dict[str, Any], problem: str) -> None:
    assert refused(first, ORDER) == [problem]


def test_an_index_key_that_no_entity_has_is_refused() -> None:
    gsis = [{"index_name": "ByRegion", "pk": "region"}]
    assert refused(USER, ORDER, gsis=gsis) == [", gsi ByRegion, pk: no attribute of any entity produces 'region'"]


def test_the_problems_of_every_entity_are_reported() -> None:
    wrong = [entity(n, t, "{zz}", None, NAME) for n, t in (("A", "customers"), ("B", "orders"))]
    found = refused(*wrong)
    assert [p.split(":")[0] for p in found] == [
        *(f", entity A, {part}" for part in ("pk_template", "sk_template")),
        *(f", entity B, {part}" for part in ("attribute name, source_column", "pk_template", "sk_template")),
    ]
