"""The names that a contract's expressions may mean tables by."""

from __future__ import annotations

import pytest

from core.contract.tables import qualifiers, tables_named
from tests.unit.schemas import attribute, contract, contract_table, foreign_key


def of(text: str) -> list[str]:
    joined = attribute("id", join=foreign_key("t", text, "v"))
    return list(qualifiers(contract(contract_table(joined))))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.b = c.d", ["a", "c"]),
        ("a . b = `c d` . e", ["a", "c d"]),
        ("`it``s`.x", ["it`s"]),
        ("ñame.x + 1st.y + t$.z", ["ñame", "1st", "t$"]),
        ("x = 1.5 AND y = .5", []),
        (f"{'a' * 65}.x + {'b' * 64}.x", ["b" * 64]),
        ("a" * 4_096, []),
        ("`" * 4_096, []),
        ("a ' b", []),
    ],
)
def test_what_stands_before_a_dot_may_be_a_table(text: str, names: list[str]) -> None:
    assert of(text) == names


def test_tables_are_named_by_sources_and_targets_of_every_depth() -> None:
    link = {"target_table": "b", "join_condition": "x = y", "select_column": "z"}
    join = {"type": "chain", "joins": [link, link | {"target_table": "c"}]}
    entity = {"entity_type": "E", "source_table": "a", "attributes": [attribute("x", join=join)]}
    whole = {"table": "Many", "type": "multi-entity", "pk": "x", "entities": [entity]}
    assert set(tables_named(contract(contract_table(), whole))) == {"orders", "a", "b", "c"}
