"""What is refused against the live schema: by name, with its place, all of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from core.compile import compile_contract
from core.contract import ContractError
from core.target_table import TargetOptions
from tests.unit.schemas import SHOP, attribute, compiled, contract, contract_table, foreign_key


def refused(*attributes: object, **more: object) -> list[str]:
    with pytest.raises(ContractError) as caught:
        compiled(*attributes, **more)  # type: ignore[arg-type]
    return [str(p) for p in caught.value.problems]


UNSUPPORTED = [
    ("join", {"type": "self-join", "join_alias": "p", "join_condition": "p.id = orders.id", "select_column": "id"}),
    (
        "join",
        {"type": "multi-column", "target_table": "customers", "join_conditions": ["a = b"], "select_column": "id"},
    ),
    ("join", foreign_key("customers", "a = b", "id") | {"type": "lookup-table"}),
    ("join", foreign_key("customers", "a = b", "id") | {"type": "conditional", "condition": "1"}),
    ("join", {"type": "chain", "joins": [{"target_table": "c", "join_condition": "a = b", "select_column": "id"}]}),
    ("calculation", {"type": "concat", "columns": ["id"]}),
    ("calculation", {"type": "case", "cases": [{"when": "1", "then": "2"}]}),
    ("calculation", {"type": "date-math", "expression": "1"}),
    ("calculation", foreign_key("customers", "a = b", "id") | {"type": "aggregate", "operation": "SUM"}),
    ("transformation", {"type": "json-parse"}),
    ("transformation", {"type": "string-format", "format": "x"}),
    ("transformation", {"type": "number-format", "format": "0"}),
    ("transformation", {"type": "date-format", "format": "YYYY"}),
]


@pytest.mark.parametrize(("part", "value"), UNSUPPORTED, ids=[str(n) for n in range(len(UNSUPPORTED))])
def test_what_this_version_cannot_do_is_refused_by_name(part: str, value: dict[str, Any]) -> None:
    (problem,) = refused(attribute("id", "N", "id"), attribute("x", "S", "note", **{part: value}))
    assert (
        problem
        == f"tables[0] Orders, attribute x, {part}: {value['type']!r} is not supported by this version of tableferry"
    )


def test_multi_entity_tables_are_refused_by_name() -> None:
    entity = {"entity_type": "USER", "source_table": "orders", "attributes": [attribute("id", "S", "id")]}
    given = contract({"table": "Users", "type": "multi-entity", "pk": "PK", "entities": [entity]})
    with pytest.raises(ContractError, match="tables\\[0\\] Users, type: 'multi-entity' is not supported"):
        compile_contract(given, SHOP, TargetOptions())


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
