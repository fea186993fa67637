"""The names that a contract's expressions may mean tables by."""

from __future__ import annotations

import pytest

from core.contract.tables import may_mean_others, qualifiers, tables_named
from tests.unit.schemas import attribute, contract, contract_table, foreign_key


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
    assert qualifiers(text) == names


@pytest.mark.parametrize(
    ("condition", "tells_case", "folds"),
    [
        ("p.id = orders.id", False, False),
        ("P.id = `Orders`.id", True, False),
        ("p.id = others.id", True, True),
        ("p.id = orders.id AND p.x > 1.5", False, False),
    ],
)
def test_other_tables_may_be_meant_in_another_case_or_by_a_self_join(
    condition: str, tells_case: bool, folds: bool
) -> None:
    join = {"type": "self-join", "join_alias": "p", "join_condition": condition, "select_column": "x"}
    given = contract(contract_table(attribute("id", join=join)))
    for server_folds, expected in ((False, tells_case), (True, folds)):
        assert may_mean_others(given, ["orders"], folds=server_folds) is expected


def test_a_qualifier_of_no_table_is_a_mistake_that_needs_no_other_tables_to_be_told() -> None:
    given = contract(contract_table(attribute("id", join=foreign_key("t", "T.id = others.id", "v"))))
    assert may_mean_others(given, ["orders", "t"], folds=False)
    assert not may_mean_others(given, ["orders", "t"], folds=True)


def test_tables_are_named_by_sources_and_targets_of_every_depth() -> None:
    link = {"target_table": "b", "join_condition": "x = y", "select_column": "z"}
    join = {"type": "chain", "joins": [link, link | {"target_table": "c"}]}
    entity = {"entity_type": "E", "source_table": "a", "attributes": [attribute("x", join=join)]}
    whole = {"table": "Many", "type": "multi-entity", "pk": "x", "entities": [entity]}
    assert set(tables_named(contract(contract_table(), whole))) == {"orders", "a", "b", "c"}
