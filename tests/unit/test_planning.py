"""What the live schema, the data and existing tables say about a contract before anything is created."""

from __future__ import annotations

import asyncio

import pytest

from core.compile import CompiledTable
from core.contract import Contract, ContractError
from core.options import MigrationOptions
from core.planning import plan_tables
from tests.fake_world import FakeWorld, make_world
from tests.unit.schemas import SHOP, attribute, column, contract, contract_table, foreign_key, schema, table

OPTIONS = MigrationOptions(bucket="bucket", glue_role_arn="arn:aws:iam::1:role/r")
ID = attribute("id", "N", "id")
UNPROVED = attribute("x", "S", join=foreign_key("customers", "orders.note = customers.name", "region"))


@pytest.fixture
def world() -> FakeWorld:
    return make_world(SHOP)


def plan(given: Contract, world: FakeWorld, *, resumed: bool = False) -> list[CompiledTable]:
    return asyncio.run(plan_tables(given, world.world, OPTIONS, moment=world.clock.now(), resumed=resumed))[1]


def test_planning_changes_nothing(world: FakeWorld) -> None:
    assert [t.name for t in plan(contract(contract_table(ID, UNPROVED)), world)] == ["Orders"]
    assert world.effects.log == []


def test_only_the_tables_that_a_contract_names_are_described(world: FakeWorld) -> None:
    plan(contract(contract_table(ID, UNPROVED)), world)
    assert world.source.described == [["customers", "orders"]]


def test_a_qualifier_that_is_another_table_in_another_case_is_described_too(world: FakeWorld) -> None:
    world.source.schema = schema(*SHOP.tables, table("Orders", column("id")), table("orderS", column("id")))
    sum_of = {"type": "date-math", "expression": "orders.id + `Orders` . id"}
    with pytest.raises(ContractError, match=r"attribute x, .*: 'Orders' is no table of this join"):
        plan(contract(contract_table(ID, attribute("x", "N", calculation=sum_of))), world)
    assert world.source.described == [["orders"], []]


def test_a_self_join_to_a_table_that_stands_nowhere_else_is_told_of_the_foreign_key_join(world: FakeWorld) -> None:
    joined = {"type": "self-join", "join_alias": "c", "join_condition": "customers.id = orders.customer_id"}
    with pytest.raises(ContractError, match=r"but a self-join joins the table to itself\. Use a foreign-key join with"):
        plan(contract(contract_table(ID, attribute("x", join={**joined, "select_column": "name"}))), world)
    assert world.source.described == [["orders"], []]


def test_a_misspelt_table_is_compared_with_all_there_are(world: FakeWorld) -> None:
    with pytest.raises(ContractError, match=r"there is no table 'custommers'\. Did you mean 'customers'\?"):
        plan(contract(contract_table(ID, attribute("x", join=foreign_key("custommers", "a = b", "c")))), world)


def test_a_join_with_several_matches_is_refused(world: FakeWorld) -> None:
    world.source.multiplied = [("1",)]
    with pytest.raises(ContractError, match="attribute x, join: some rows match several rows of customers"):
        plan(contract(contract_table(ID, UNPROVED)), world)


def test_a_target_that_exists_and_differs_is_refused_by_what_differs(world: FakeWorld) -> None:
    (made,) = plan(contract(contract_table(ID)), world)
    world.targets.tables["Orders"] = made.target.to_wire() | {"partition_key": "key"}
    with pytest.raises(ContractError, match="Orders exists and differs: partition_key is 'key'"):
        plan(contract(contract_table(ID)), world)


def test_every_problem_of_data_and_targets_is_reported_at_once(world: FakeWorld) -> None:
    world.source.multiplied = [("1",)]
    (made,) = plan(contract(contract_table(ID)), world)
    world.targets.tables["Orders"] = made.target.to_wire() | {"partition_key": "key"}
    with pytest.raises(ContractError) as caught:
        plan(contract(contract_table(ID, UNPROVED)), world)
    assert len(caught.value.problems) == 2


def test_a_resumed_migration_is_not_asked_again(world: FakeWorld) -> None:
    world.source.multiplied = [("1",)]
    assert plan(contract(contract_table(ID, UNPROVED)), world, resumed=True)
