"""Keys, composed keys, and the proof or the query that no two rows share one."""

from __future__ import annotations

from typing import Any

import pytest

from core.compile import CompiledTable, compile_contract
from core.contract import ContractError
from core.items.plan import Attribute, Key
from core.items.sources import FromColumn, JoinedText
from core.source_schema import SourceColumn, UniqueKey
from core.target_table import TargetOptions
from tests.unit.schemas import SHOP, attribute, column, compiled, contract, foreign_key, item_of, schema, table

ID = attribute("id", "N", "id")


def of(
    *columns: SourceColumn,
    key: tuple[str, ...] = ("id",),
    unique: tuple[UniqueKey, ...] = (),
    pk: str = "k",
    type_: str = "S",
    **more: Any,
) -> CompiledTable:
    """A table `orders` of these columns, whose attributes are its columns and whose pk is `pk` of `type_`."""
    source = schema(table("orders", *columns, key=key, unique=unique))
    attributes = [attribute(c.name, type_ if c.name == pk else "S", c.name) for c in columns]
    return compiled(*attributes, source=source, pk=pk, **more)


def test_keys_have_their_attributes_types_and_each_type_once() -> None:
    gsis = [{"index_name": "ByNote", "pk": "note", "sk": "id"}, {"index_name": "ByBoth", "pk": "note#id"}]
    made = compiled(ID, attribute("note", "S", "note"), sk="note", gsis=gsis)
    assert item_of(made).keys == (
        *(
            Key("id", "N", "pk"),
            Key("note", "S", "sk"),
            Key("note", "S", "pk", "ByNote"),
            Key("id", "N", "sk", "ByNote"),
        ),
        Key("note#id", "S", "pk", "ByBoth"),
    )
    assert [(a.name, a.type) for a in made.target.attributes] == [("id", "N"), ("note", "S"), ("note#id", "S")]


def test_a_composed_key_takes_attributes_first_and_columns_of_the_source_else() -> None:
    made = compiled(ID, attribute("note", "S", "total"), sk="note#customer_id")
    names = [c.name for c in item_of(made).columns]
    parts = (FromColumn(names.index("note")), FromColumn(names.index("customer_id")))
    composed = Attribute("note#customer_id", "S", JoinedText(parts, "#", skip_null=False))
    assert [a.name for a in item_of(made).attributes] == ["id", "note", "note#customer_id"]
    assert item_of(made).attributes[2] == composed


def test_an_attribute_of_a_composed_keys_very_name_wins() -> None:
    made = compiled(ID, attribute("a#b", "N", "total"), sk="a#b")
    assert item_of(made).attributes[1:] == (Attribute("a#b", "N", FromColumn(1)),)
    assert item_of(made).keys[1] == Key("a#b", "N", "sk")


def test_every_wrong_part_of_every_key_is_named() -> None:
    gsis = [{"index_name": "ByX", "pk": "zzz#note", "sk": "id#note"}]
    with pytest.raises(ContractError) as caught:
        compiled(ID, sk="qqq#id", gsis=gsis)
    assert [p.place for p in caught.value.problems] == ["tables[0] Orders, sk", "tables[0] Orders, gsi ByX, pk"]


def test_the_definition_on_the_wire_is_the_contracts_and_the_options() -> None:
    gsis = [{"index_name": "ByNote", "pk": "note", "projection": "INCLUDE", "projected_attributes": ["total"]}]
    options = TargetOptions(table_prefix="dev-", stream=None, encryption="KMS", kms_key_id="k", tags={"a": "b"})
    made = compiled(ID, attribute("note", "S", "note"), attribute("total", "N", "total"), gsis=gsis, options=options)
    assert made.target.to_wire() == {
        "table_name": "dev-Orders",
        "attributes": ({"name": "id", "type": "N"}, {"name": "note", "type": "S"}),
        "partition_key": "id",
        "sort_key": None,
        "indexes": (
            {
                "name": "ByNote",
                "partition_key": "note",
                "sort_key": None,
                "projection": "INCLUDE",
                "projected_attributes": ("total",),
            },
        ),
        "stream": None,
        "point_in_time_recovery": True,
        "encryption": "KMS",
        "kms_key_id": "k",
        "deletion_protection": True,
        "tags": {"a": "b"},
    }


K = UniqueKey("u", ("k",), nullable=False)
PROVED = [
    of(column("k"), key=("k",), type_="N"),
    of(column("k", "varchar(9)"), key=("k",)),
    of(column("k", "varbinary(9)"), key=("k",), type_="B"),
    of(column("k", "datetime(6)"), key=("k",)),
    of(column("id"), column("k", "varchar(9)"), unique=(K,)),
    of(column("k"), column("t", "text"), key=("k",), sk="t", type_="N"),
    of(column("a"), column("b", "varchar(9)"), key=("a", "b"), pk="a#b"),
    of(column("a"), column("b", "varchar(9)"), column("c", "date"), key=("a", "b", "c"), pk="a#b#c"),
]
UNPROVED = [
    of(column("id"), column("k", "varchar(9)")),
    of(column("k", "varchar(9)"), key=("k",), type_="N"),
    of(column("k", "float"), key=("k",), type_="N"),
    of(column("k", "double"), key=("k",)),
    of(column("id"), column("k", "varchar(9)", nullable=True), unique=(UniqueKey("u", ("k",), nullable=True),)),
    of(column("k"), column("t", "text"), key=("k", "t"), type_="N"),
    of(column("a", "varchar(9)"), column("b", "varchar(9)"), key=("a", "b"), pk="a#b"),
    of(column("a", "double"), column("b", "varchar(9)"), key=("a", "b"), pk="a#b"),
    of(column("k", "varchar(9)"), key=()),
    of(column("k", "varchar(9)", collation="cp932_bin"), key=("k",)),
]


@pytest.mark.parametrize("made", PROVED, ids=[str(n) for n in range(len(PROVED))])
def test_a_unique_index_under_the_key_keeps_rows_apart(made: CompiledTable) -> None:
    assert made.distinct_keys


@pytest.mark.parametrize("made", UNPROVED, ids=[str(n) for n in range(len(UNPROVED))])
def test_without_a_proof_rows_may_share_a_key(made: CompiledTable) -> None:
    assert not made.distinct_keys


def test_a_joined_column_proves_nothing_about_the_sources_rows() -> None:
    joined = foreign_key("customers", "orders.customer_id = customers.id", "id")
    assert not compiled(attribute("id", "N", join=joined)).distinct_keys


TAG = attribute("tag", "S", join={**foreign_key("tags", "tags.order_id = orders.id", "tag"), "type": "lookup-table"})
TAGGED = schema(*SHOP.tables, table("tags", column("order_id"), column("tag", "varchar(9)"), key=("order_id", "tag")))


def form(name: str, text: str) -> dict[str, Any]:
    return attribute(name, "S", transformation={"type": "string-format", "format": text})


@pytest.mark.parametrize(
    ("several", "keys", "attributes"),
    [
        (True, {"pk": "id", "sk": "tag"}, [TAG]),
        (True, {"pk": "id#tag"}, [TAG]),
        (True, {"pk": "both"}, [TAG, form("both", "{id}/{tag}")]),
        (True, {"pk": "id", "sk": "both"}, [form("both", "<{inner}>"), form("inner", "{tag}"), TAG]),
        (True, {"pk": "id", "sk": "note#both"}, [form("both", "<{tag}>"), TAG]),
        (True, {"pk": "tag"}, [{**TAG, "transformation": {"type": "string-format", "format": "<{tag}>"}}]),
        (False, {"pk": "id"}, [TAG, form("both", "{id}/{tag}")]),
        (False, {"pk": "id", "sk": "both"}, [TAG, form("both", "{note}")]),
        (False, {"pk": "id#tag"}, [TAG, form("id#tag", "{id}")]),
    ],
)
def test_a_looked_up_attribute_is_part_of_the_key_wherever_the_key_names_it(
    several: bool, keys: dict[str, Any], attributes: list[dict[str, Any]]
) -> None:
    made = compiled(ID, *attributes, source=TAGGED, **keys)
    assert ([c.place for c in made.join_checks] == [], made.entities[0].item.several_items) == (several, several)


@pytest.mark.parametrize(
    ("several", "templates", "attributes"),
    [
        (True, {"pk_template": "U#{id}", "sk_template": "TAG#{tag}"}, []),
        (True, {"pk_template": "TAG#{both}", "sk_template": "X"}, [form("both", "{id}/{tag}")]),
        (False, {"pk_template": "U#{id}", "sk_template": "X"}, []),
        (False, {"pk_template": "U#{id}", "sk_template": "TAG#{tag}"}, [attribute("SK", "S", "note")]),
        (False, {"pk_template": "U#{id}", "sk_template": "TAG#{note}"}, [form("other", "{tag}")]),
    ],
)
def test_a_looked_up_attribute_is_part_of_the_key_that_a_template_makes_of_it(
    several: bool, templates: dict[str, str], attributes: list[dict[str, Any]]
) -> None:
    entity = {"entity_type": "T", "source_table": "orders", "attributes": [TAG, *attributes], **templates}
    whole = {"table": "Tags", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": [entity]}
    (made,) = compile_contract(contract(whole), TAGGED, TargetOptions())
    assert ([c.place for c in made.join_checks] == [], made.entities[0].item.several_items) == (several, several)


@pytest.mark.parametrize("type_", ["SS", "L"])
def test_what_collects_all_matches_is_no_part_of_a_key(type_: str) -> None:
    many = {**TAG, "type": type_}
    entity = {"entity_type": "T", "source_table": "orders", "attributes": [many], "pk_template": "{id}"}
    whole = {"table": "Tags", "type": "multi-entity", "pk": "PK", "sk": "SK"}
    in_template = contract({**whole, "entities": [{**entity, "sk_template": "TAG#{tag}"}]})
    with pytest.raises(ContractError, match=r"sk_template: 'TAG#\{tag\}' names a value that has no text: "):
        compile_contract(in_template, TAGGED, TargetOptions())
    with pytest.raises(ContractError, match="sk: the part 'tag' of a composed key has no text: "):
        compiled(ID, many, source=TAGGED, pk="id", sk="note#tag")
    with pytest.raises(ContractError, match="attribute both, type: S is impossible here: "):
        compiled(ID, many, form("both", "{tag}"), source=TAGGED, pk="id", sk="both")


def test_only_the_sources_own_not_null_columns_are_never_null() -> None:
    joined = foreign_key("customers", "orders.customer_id = customers.id", "name")
    made = compiled(attribute("id", "N", "id"), attribute("note", "S", "note"), attribute("who", "S", join=joined))
    names = [c.name for c in item_of(made).columns]
    assert {names[index] for index in made.entities[0].never_null} == {"id"}


@pytest.mark.parametrize(
    ("column_type", "chunks"),
    [
        ("int", True), ("bigint unsigned", True), ("decimal(10,2)", True), ("varchar(9)", True), ("varbinary(9)", True),
        ("datetime", True), ("timestamp(3)", True), ("date", True), ("time", True), ("year", True),
        ("enum('a','b')", False), ("set('a','b')", False), ("float", False), ("double", False), ("bit(8)", False),
        ("uuid", False),
    ],
)  # fmt: skip
def test_key_ranges_only_where_order_and_comparison_agree(column_type: str, chunks: bool) -> None:
    made = of(column("k", column_type), column("t", "text"), key=("k",), pk="t")
    assert made.entities[0].chunk_columns == (("k",) if chunks else ())
    names = [c.name for c in item_of(made).columns]
    assert item_of(made).chunk_columns == ((names.index("k"),) if chunks else ())


def test_a_table_without_a_key_is_read_whole() -> None:
    made = of(column("k", "varchar(9)"), key=())
    assert (made.entities[0].chunk_columns, item_of(made).chunk_columns, item_of(made).row_key) == ((), (), ())
