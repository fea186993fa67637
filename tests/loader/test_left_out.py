"""Rows that a load left out for another row's sake, where the source row's own key does not tell which they are."""

from __future__ import annotations

import json

import pytest

from core.items.plan import Attribute, Column, ItemPlan, Key, Kind
from core.items.preflight import collisions_key
from core.items.sources import FromColumn
from tests.loader.conftest import Load

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.once]

COLUMNS = (Column("id", Kind.INTEGER), Column("k", Kind.TEXT))
ATTRIBUTES = (Attribute("id", "N", FromColumn(0)), Attribute("k", "S", FromColumn(1)))
KEYS = (Key("k", "S", "pk", None),)
KINDS = ("missing", "extra", "differing", "colliding")


@pytest.mark.parametrize(("row_key", "names"), [((), ()), ((0,), ("id",))], ids=["no-key", "several-items-of-a-row"])
def test_the_very_rows_that_were_left_out_are_not_missed(
    load: Load, row_key: tuple[int, ...], names: tuple[str, ...]
) -> None:
    """The rows that share a key are read last; those before them have the same `row`, and are good."""
    load.create_table(("k", "S"))
    load.database.execute(
        "CREATE TABLE v (id INT, k VARCHAR(9)); INSERT INTO v VALUES (1,'a'), (2,'b'), (2,'c'), (1,'x'), (2,'x')"
    )
    plan = load.plan("v", ItemPlan(COLUMNS, row_key, names, ATTRIBUTES, KEYS))
    load.run("--task", "preflight", "--run-token", "t")
    load.run("--collisions", collisions_key(plan.prefix, "t"))
    assert sorted(item["k"]["S"] for item in load.items()) == ["a", "b", "c"]
    load.run("--task", "validate", "--run-token", "v")
    found = json.loads(load.text(f"{load.prefix}validation/v/result.json"))
    assert {kind: found[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0)
    assert found["rejects_by_reason"] == {"key_collision": 2}
