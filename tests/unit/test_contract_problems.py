"""Every way to write a contract wrongly: a problem with its exact place, and nothing but ContractError."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.contract import ContractError, parse_contract
from tests.unit.schemas import attribute, contract_table, foreign_key

Change = dict[str, Any]
AT = "tables[0] Orders"
ID = f"{AT}, attribute id"


def refusal(document: Any) -> ContractError:
    text = document if isinstance(document, (str, bytes)) else json.dumps(document)
    with pytest.raises(ContractError) as caught:
        parse_contract(text)
    return caught.value


def says(problem: Any, place: str, message: str) -> bool:
    return bool(problem.place == place and message in str(problem))


def with_attribute(**changes: Any) -> Change:
    return contract_table(attribute("id", "N", "id") | changes)


def without(key: str) -> Change:
    whole = contract_table()
    del whole[key]
    return whole


def with_join(**changes: Any) -> Change:
    return with_attribute(join=foreign_key("customers", "orders.customer_id = customers.id", "name") | changes)


def calculated(**calculation: Any) -> Change:
    return with_attribute(calculation=calculation)


def with_gsi(**changes: Any) -> Change:
    two = (attribute("id", "N", "id"), attribute("note", "S", "note"))
    return contract_table(*two, gsis=[{"index_name": "ByNote", "pk": "note"} | changes])


def multi(**changes: Any) -> Change:
    entity = {"entity_type": "USER", "source_table": "users", "attributes": [attribute("id", "S", "id")]}
    return {"table": "Users", "type": "multi-entity", "pk": "PK", "entities": [entity | changes]}


JSON_JOIN = {"type": "json-construction", "target_table": "a", "join_condition": "a.x = orders.id"}

ONE_TABLE: list[tuple[Change, str, str]] = [
    (without("table"), "tables[0], table", "is missing"),
    (without("type"), f"{AT}, type", "is missing"),
    (without("pk"), f"{AT}, pk", "is missing"),
    (without("source_table"), AT, "'source_table' is missing"),
    (without("attributes"), AT, "'attributes' is missing"),
    (contract_table(table=5), "tables[0], table", "found 5"),
    (contract_table(table="ab"), "tables[0] ab, table", "pattern"),
    (contract_table(table="Or ders"), "tables[0] Or ders, table", "pattern"),
    (contract_table(table="Orders\n"), "tables[0], table", "pattern"),
    (contract_table(table="a" * 256), "tables[0], table", "pattern"),
    (contract_table(table="a" * 100), f"tables[0] {'a' * 100}", "MySQL allows 64"),
    (contract_table(type="single"), f"{AT}, type", "'single-entity'"),
    (contract_table(type=None), f"{AT}, type", "found None"),
    (contract_table(pk=["id"]), f"{AT}, pk", "valid string"),
    (contract_table(pk=""), f"{AT}, pk", "at least 1"),
    (contract_table(pk="k" * 256), f"{AT}, pk", "at most 255"),
    (contract_table(sk=1), f"{AT}, sk", "valid string"),
    (contract_table(gsis={}), f"{AT}, gsis", "valid list"),
    (contract_table(gsis=None), f"{AT}, gsis", "valid list"),
    (contract_table(attributes={}), f"{AT}, attributes", "valid list"),
    (contract_table(attributes=["id"]), f"{AT}, attributes[0]", "found 'id'"),
    (contract_table(entities=[]), f"{AT}, entities", "multi-entity"),
    (contract_table(source_tabel="x"), f"{AT}, source_tabel", "Did you mean 'source_table'?"),
    (contract_table(PK="x"), f"{AT}, PK", "Did you mean 'pk'?"),
    (contract_table(satisfies="AP1"), f"{AT}, satisfies", "valid list"),
    (contract_table(estimated_item_size_bytes="1"), f"{AT}, estimated_item_size_bytes", "found '1'"),
    (contract_table(source_table="t" * 65), f"{AT}, source_table", "at most 64"),
    (with_attribute(name=7), f"{AT}, attributes[0], name", "found 7"),
    (with_attribute(name=""), f"{AT}, attributes[0], name", "at least 1"),
    (with_attribute(type="n"), f"{ID}, type", "'NULL'"),
    (with_attribute(type=["N"]), f"{ID}, type", "found ['N']"),
    (with_attribute(source_colum="id"), f"{ID}, source_colum", "Did you mean 'source_column'?"),
    (with_attribute(source_column=5), f"{ID}, source_column", "found 5"),
    (with_attribute(source_column=["a", 5]), f"{ID}, source_column[1]", "found 5"),
    (with_attribute(source_column=""), f"{ID}, source_column", "at least 1"),
    (with_attribute(source_table=[]), f"{ID}, source_table", "found []"),
    (with_attribute(denormalized="yes"), f"{ID}, denormalized", "found 'yes'"),
    (with_attribute(denormalized=1), f"{ID}, denormalized", "found 1"),
    (with_attribute(join={}), f"{ID}, join, type", "is missing"),
    (with_attribute(join=[]), f"{ID}, join", "found []"),
    (with_attribute(join={"type": 5}), f"{ID}, join, type", "unknown type '5'"),
    (with_attribute(join={"type": "foriegn-key"}), f"{ID}, join, type", "Did you mean 'foreign-key'?"),
    (with_join(target_tabel="x"), f"{ID}, join, target_tabel", "Did you mean 'target_table'?"),
    (with_join(target_table=None), f"{ID}, join, target_table", "found None"),
    (with_join(join_condition=""), f"{ID}, join, join_condition", "at least 1"),
    (with_join(join_condition="x" * 4097), f"{ID}, join, join_condition", "at most 4096"),
    (with_join(select_column=1), f"{ID}, join, select_column", "found 1"),
    (with_join(null_value="-"), f"{ID}, join, null_value", "unknown key"),
    (with_attribute(join={"type": "chain", "joins": []}), f"{ID}, join, joins", "at least 1"),
    (with_attribute(join={"type": "chain", "joins": [{"on": 1}]}), f"{ID}, join, joins[0], on", "unknown key"),
    (with_attribute(join={"type": "multi-column"}), f"{ID}, join, join_conditions", "is missing"),
    (with_attribute(join={"type": "self-join"}), f"{ID}, join, join_alias", "is missing"),
    (with_attribute(join=JSON_JOIN), f"{ID}, join, construction", "is missing"),
    (
        with_attribute(join=JSON_JOIN | {"construction": {"type": "arrays", "select_columns": {"k": "a"}}}),
        f"{ID}, join, construction, type",
        "'array'",
    ),
    (
        with_attribute(join=JSON_JOIN | {"construction": {"type": "array", "select_columns": {"k": 1}}}),
        f"{ID}, join, construction, select_columns, k",
        "found 1",
    ),
    (
        with_attribute(join=JSON_JOIN | {"construction": {"type": "array", "select_columns": {"k": "a"}, "limit": 0}}),
        f"{ID}, join, construction, limit",
        "greater than or equal to 1",
    ),
    (
        with_attribute(
            join=JSON_JOIN | {"construction": {"type": "array", "select_columns": {"k": "a"}, "oder_by": "a"}}
        ),
        f"{ID}, join, construction, oder_by",
        "Did you mean 'order_by'?",
    ),
    (calculated(type="agregate"), f"{ID}, calculation, type", "Did you mean 'aggregate'?"),
    (calculated(type="case", cases=[{"when": "1"}]), f"{ID}, calculation, cases[0], then", "is missing"),
    (calculated(type="case", cases=[{"when": "1", "then": "2"}], esle="3"), f"{ID}, calculation, esle", "'else'"),
    (calculated(type="case", cases=[{"when": "1", "then": "2"}], else_="3"), f"{ID}, calculation, else_", "'else'"),
    (calculated(type="concat", columns=[]), f"{ID}, calculation, columns", "at least 1"),
    (with_attribute(transformation={"type": "date"}), f"{ID}, transformation, type", "Did you mean 'date-format'?"),
    (with_attribute(transformation={"type": "date-format", "format": ""}), f"{ID}, transformation, format", "1"),
    (
        with_attribute(join=foreign_key("c", "c.x = 1", "x"), calculation={"type": "date-math", "expression": "1"}),
        ID,
        "has a join and a calculation",
    ),
    (contract_table(attribute("id", "N", "id"), attribute("id", "S", "note")), AT, "'id' stands here twice"),
    (contract_table(pk="order_id"), f"{AT}, pk", "no attribute produces 'order_id'. Known here: id."),
    (contract_table(sk="id"), f"{AT}, sk", "is the same attribute as pk"),
    (contract_table(sk="id#"), f"{AT}, sk", "has an empty part"),
    (contract_table(sk="#"), f"{AT}, sk", "has an empty part"),
    (contract_table(sk="id##note"), f"{AT}, sk", "has an empty part"),
    (contract_table(attribute("id", "M", "id")), f"{AT}, pk", "'id' has type M; a key is S, N or B"),
    (contract_table(attribute("é" * 128, "S", "id"), pk="é" * 128), f"{AT}, pk", "256 bytes"),
    (with_gsi(pk="nothing"), f"{AT}, gsi ByNote, pk", "no attribute produces 'nothing'"),
    (with_gsi(sk="note"), f"{AT}, gsi ByNote, sk", "is the same attribute as pk"),
    (with_gsi(index_name="B"), f"{AT}, gsi B, index_name", "pattern"),
    (with_gsi(projection="SOME"), f"{AT}, gsi ByNote, projection", "'INCLUDE'"),
    (with_gsi(projection="INCLUDE"), f"{AT}, gsi ByNote, projected_attributes", "missing or empty"),
    (with_gsi(projected_attributes=["id"]), f"{AT}, gsi ByNote, projected_attributes", "no meaning"),
    (
        with_gsi(projection="INCLUDE", projected_attributes=["nope"]),
        f"{AT}, gsi ByNote, projected_attributes",
        "no attribute produces 'nope'",
    ),
    (
        with_gsi(projection="INCLUDE", projected_attributes=["note"]),
        f"{AT}, gsi ByNote, projected_attributes",
        "is a key and is always projected",
    ),
    (
        with_gsi(projection="INCLUDE", projected_attributes=["id", "id"]),
        f"{AT}, gsi ByNote, projected_attributes",
        "stands here twice",
    ),
    (with_gsi(project="ALL"), f"{AT}, gsi ByNote, project", "Did you mean 'projection'?"),
    (multi(attributes=[]), "tables[0] Users, entity USER, attributes", "at least 1"),
    (multi(entity_type=""), "tables[0] Users, entities[0], entity_type", "at least 1"),
    (multi(pk_templat="x"), "tables[0] Users, entity USER, pk_templat", "Did you mean 'pk_template'?"),
    (multi() | {"attributes": []}, "tables[0] Users, attributes", "belong to the entities"),
    (multi() | {"entities": []}, "tables[0] Users", "'entities' is missing or empty"),
]


@pytest.mark.parametrize(
    ("table", "place", "message"), ONE_TABLE, ids=[f"{n}-{m[:24]}" for n, (_, _, m) in enumerate(ONE_TABLE)]
)
def test_a_broken_table_is_refused_at_its_place(table: Change, place: str, message: str) -> None:
    problems = refusal({"tables": [table]}).problems
    assert any(says(p, place, message) for p in problems), [str(p) for p in problems]
    assert refusal([table]).problems == problems


def test_the_sound_table_that_the_broken_ones_are_made_of_is_accepted() -> None:
    for table in (contract_table(), with_join(), with_gsi(), multi()):
        parse_contract(json.dumps([table]))


def test_all_problems_are_reported_at_once_in_the_order_of_the_document() -> None:
    broken = contract_table(pk=1) | {"attributes": [attribute("id", "X", "id"), {"name": "b"}]}
    found = [p.place for p in refusal([contract_table(), broken]).problems]
    assert found == [
        "tables[1] Orders, pk",
        "tables[1] Orders, attribute id, type",
        "tables[1] Orders, attribute b, type",
    ]


def test_indexes_beyond_dynamodbs_limits_are_refused() -> None:
    names = [attribute(f"a{n}", "S", "note") for n in range(101)]
    gsis = [{"index_name": f"By{n:03}", "pk": "a0"} for n in range(21)]
    found = refusal([contract_table(attribute("id", "N", "id"), *names, gsis=gsis)]).problems
    assert [str(p) for p in found] == [f"{AT}, gsis: has 21 indexes; DynamoDB allows 20 a table"]
    wide = {
        "index_name": "Wide",
        "pk": "a0",
        "projection": "INCLUDE",
        "projected_attributes": [f"a{n}" for n in range(1, 101)],
    }
    second = {"index_name": "Second", "pk": "a0", "projection": "INCLUDE", "projected_attributes": ["a1"]}
    found = refusal([contract_table(attribute("id", "N", "id"), *names, gsis=[wide, second])]).problems
    assert [str(p) for p in found] == [f"{AT}, gsis: project 101 attributes; DynamoDB allows 100 a table"]


def test_two_tables_may_not_share_a_name_or_a_view() -> None:
    assert "'Orders' stands here twice" in str(refusal([contract_table(), contract_table()]))
    found = refusal([contract_table(), contract_table(table="ORDERS")]).problems
    assert [p.place for p in found] == ["tables[1] ORDERS"]
    assert "share the view ddb_orders_view" in found[0].message
