"""A quotient inside an expression is the one that MySQL rounds, on both engines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.contract_evaluator import tables as t
from tests.contract_evaluator.tables import Table
from tests.properties.conftest import ProductOver

pytestmark = pytest.mark.server

COLUMNS = {
    "id": t.integer(),
    "i": t.integer(),
    "u": t.integer("BIGINT UNSIGNED"),
    "p": t.decimal(9, 2),
    "fine": t.decimal(20, 5),
    "x": t.double(),
}
PARTS = Table("parts", COLUMNS, ("id",)).with_rows(
    [
        {"id": 1, "i": 5, "u": 2**64 - 1, "p": Decimal("1.00"), "fine": Decimal("1.00003"), "x": 0.5},
        {"id": 2, "i": -5, "u": 2, "p": Decimal("-2.50"), "fine": Decimal("2.00001"), "x": 3.0},
    ]
)
TEXTS = {
    "i / 3": ["1.6667", "-1.6667"],
    "p / 3": ["0.333333", "-0.833333"],
    "fine / 7": ["0.142861428", "0.285715714"],  # nine decimals are cut, on both engines
    "i / 3 * 3": ["5.0001", "-5.0001"],
    "i / 3 / 3": ["0.55556667", "-0.55556667"],
    "(i / 3) * (i / 3)": ["2.77788889", "2.77788889"],
    "CAST(i / 3 AS DECIMAL(20,6))": ["1.666700", "-1.666700"],
    "FLOOR(i / 3 * 3)": ["5", "-6"],
    "IF(i / 3 * 3 = i, 'y', 'n')": ["n", "n"],
    "CASE WHEN i / 3 > 1.66668 THEN 'more' ELSE 'less' END": ["more", "less"],
    "ROUND(i / 3, 2)": ["1.67", "-1.67"],
    "(i + 0.5) / 3 * 3": ["5.49999", "-4.50000"],
    "p * i / 7 * 7": ["5.000002", "12.499998"],
    "fine / 7 * 7": ["1.000029996", "2.000009998"],
    "i % 4 / 3 * 3": ["0.9999", "-0.9999"],
    "i DIV 2 / 3 * 3": ["2.0001", "-2.0001"],
    "FLOOR(p) / 3 * 3": ["0.9999", "-3.0000"],
    "ABS(i) / NULLIF(3, 0) * 3": ["5.0001", "5.0001"],
    "ROUND(p, 1) / 3 * 3": ["0.99999", "-2.49999"],
    "LENGTH('abcde') / 3 * 3": ["5.0001", "5.0001"],
    "(u - 3) / 7 + 0": ["2635249153387078801.7143", "-0.1429"],
    "u / 0.0000000001 + 0": ["184467440737095516150000000000.0000", "20000000000.0000"],
    "i / x * 3": ["30", "-5"],
    "i / 0 * 3": ["", ""],
}
AVERAGES = {"i / 3": "0.00000000", "p / 7": "-0.1071430000", "fine / 7": "0.2142885710000"}


@pytest.mark.parametrize("several", [False, True], ids=["alone", "in a union"])
def test_a_quotient_has_four_decimals_more_than_its_dividend(product_over: ProductOver, *, several: bool) -> None:
    """MariaDB computed on with more: 5 / 3 * 3 was 5.0000 there, and its FLOOR 4, where MySQL has 5.0001 and 5."""
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    for text in TEXTS:
        attributes.append({"name": text, "type": "S", "calculation": {"type": "date-math", "expression": text}})
    for text in AVERAGES:
        average = {"type": "aggregate", "operation": "AVG", "target_table": "parts", "select_column": text}
        average["join_condition"] = "parts.id >= parts.id OR parts.id <= parts.id"
        attributes.append({"name": f"AVG({text})", "type": "S", "calculation": average})
    entity = {"source_table": "parts", "attributes": attributes}
    table = {"table": "Parts", "type": "single-entity", "pk": "id", **entity}
    if several:
        entities = [{"entity_type": name, **entity} for name in ("A", "B")]
        table = {"table": "Parts", "type": "multi-entity", "pk": "id", "entities": entities}
    found = product_over([PARTS]).items([PARTS], table)
    assert len(found) == (4 if several else 2)
    for item in found:
        number = int(item["id"]["N"])
        shown = {text: item[text]["S"] if text in item else "" for text in TEXTS}
        assert shown == {text: texts[number - 1] for text, texts in TEXTS.items()}
        assert {text: item[f"AVG({text})"]["S"] for text in AVERAGES} == AVERAGES
