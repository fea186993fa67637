"""Patterns beside each other and on top of each other, run for real: DynamoDB holds what the evaluator computes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.conftest import Database
from tests.contract_evaluator.documents import document
from tests.contract_evaluator.expressions import Col
from tests.contract_evaluator.items import outcomes
from tests.e2e.combined_patterns import alone, construction, is_legal, joins, pairs
from tests.e2e.combined_source import LINE, TABLES
from tests.e2e.conftest import Ferry
from tests.properties.compare import normal

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

ID: dict[str, Any] = {"name": "id", "type": "N", "source_column": "id"}


def everything() -> dict[str, Any]:
    """All patterns and all pairs that are legal, in one table."""
    attributes = [ID, *alone(), *filter(is_legal, pairs())]
    return {
        "table": "Everything",
        "type": "single-entity",
        "source_table": "lines",
        "pk": "id",
        "attributes": attributes,
    }


def keyed() -> dict[str, Any]:
    """Joins make the partition key, calculations and formats the sort key; each is the key of an index, too."""
    partition = ["foreign-key", "lookup-table", "self-join", "conditional", "chain"]
    sort = ["aggregate", "case", "concat", "date-math", "number-format", "string-format", "date-format"]
    attributes = [ID, *alone(), {"name": "rows", "type": "S", "join": construction()}]
    indexed = [*partition, *sort, "multi-column", "rows"]
    gsis = [{"index_name": f"By-{name}", "pk": name, "sk": f"id#{name}"} for name in indexed]
    return {
        "table": "Keyed",
        "type": "single-entity",
        "source_table": "lines",
        "pk": "#".join(partition),
        "sk": "#".join(sort),
        "gsis": gsis,
        "attributes": attributes,
    }


def entities() -> dict[str, Any]:
    """Every pattern and pair in an entity, beside others of which one has attributes for keys."""
    goods = {"name": "PK", "type": "S", "join": {"type": "foreign-key", "target_table": "the kinds",
             "join_condition": _goods_kind(), "select_column": Col("the kinds", "name")}}  # fmt: skip
    remark = {"name": "case", "type": "N", "source_column": "stars"}
    return {
        "table": "Entities",
        "type": "multi-entity",
        "pk": "PK",
        "sk": "SK",
        "gsis": [{"index_name": "ByConcat", "pk": "concat", "sk": "PK"}],
        "entities": [
            {"entity_type": "LINE", "source_table": "lines", "pk_template": "L#{id}",
             "sk_template": "{conditional}#{MAX of}", "attributes": [*alone(), *filter(is_legal, pairs())]},
            {"entity_type": "GOODS", "source_table": "goods", "sk_template": "G#{id}", "attributes": [goods]},
            {"entity_type": "REMARK", "source_table": "remarks", "pk_template": "L#{line}", "sk_template": "R#{id}",
             "attributes": [remark]},
        ],
    }  # fmt: skip


def matches() -> dict[str, Any]:
    """One item a match; the other patterns stay as they are, whether or not they join the same table."""
    join = joins("")["json-construction"]
    found = {"type": "lookup-table", "target_table": "remarks", "join_condition": join["join_condition"]}
    remark = {"name": "remark", "type": "N", "join": {**found, "select_column": Col(None, "id")}}
    text = {"name": "its text", "type": "S", "join": {**found, "select_column": Col("remarks", "text")}}
    attributes = [ID, remark, text, *alone()]
    return {
        "table": "Matches", "type": "single-entity", "source_table": "lines", "pk": "id", "sk": "remark",
        "attributes": attributes,
    }  # fmt: skip


def _goods_kind() -> Any:
    return joins("")["chain"]["joins"][1]["join_condition"]


def test_items_of_combined_patterns_are_those_that_plain_python_computes(ferry: Ferry, database: Database) -> None:
    """Four tables, one run: whatever stands beside it, an attribute has its own value."""
    fill(database)
    contracts = [everything(), keyed(), entities(), matches()]
    path = ferry.contract(*document(*contracts)["tables"])
    result = ferry.result("run", path, code=3, TABLEFERRY_REJECTS="keep")
    validated = {v["table"]: v for v in result["validation"]}
    for contract in contracts:
        expected = outcomes(contract, TABLES)
        found = [{n: normal(v) for n, v in item.items()} for item in ferry.items(contract["table"])]
        wanted = [o.item for o in expected if o.item is not None]
        assert wanted, contract["table"]
        assert unmatched(found, wanted) == [], contract["table"]
        assert len(found) == len(wanted), contract["table"]
        reasons = Counter(next(iter(o.rejects))[1] for o in expected if o.item is None)
        assert validated[contract["table"]]["rejects_by_reason"] == dict(reasons)


def unmatched(found: list[dict[str, Any]], wanted: list[Any]) -> list[dict[str, Any]]:
    """The items that nobody wants: JSON text counts as equal whatever its spacing, so that they have no order."""
    return [item for item in found if item not in wanted]


def fill(database: Database) -> None:
    """Create the tables and their rows."""
    for table in TABLES:
        database.execute(table.create_sql(database.engine))
        insert = table.insert()
        assert insert is not None
        sql, values = insert
        database.execute(sql, *values)
    assert len(LINE.rows) == int(database.query("SELECT COUNT(*) FROM `lines`")[0][0])
