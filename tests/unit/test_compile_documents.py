"""JSON in expressions: an argument, a value, a test for NULL; never compared, cast to a number or decided by."""

from __future__ import annotations

import pytest

from core.contract import ContractError
from tests.unit.schemas import attribute, column, compiled, schema, table

DOCS = schema(
    table("docs", column("id", "int"), column("doc", "json"), column("n", "int")), table("others", column("id", "int"))
)
USED = [
    *("doc->'$.n' = 12", "12 <> doc->'$.n'", "doc = '[]'", "doc LIKE '%x%'", "doc->'$.s' IN ('x', 'y')"),
    *("doc->'$.n' BETWEEN 1 AND 2", "doc->'$.n' <=> n", "NOT doc->'$.b'", "doc->'$.b' AND n", "doc->'$.b' IS TRUE"),
    *("IF(doc->'$.b', 1, 2)", "CASE WHEN doc->'$.b' THEN 1 END", "CASE doc->'$.n' WHEN 12 THEN 1 END"),
    *("NULLIF(doc->'$.n', 12)", "NULLIF(12, doc->'$.n')", "GREATEST(doc, doc)"),
    *("CAST(doc->'$.n' AS SIGNED)", "CAST((doc->'$.n') AS DECIMAL(9,2))"),
]
FINE = [
    *("doc->>'$.n' = '12'", "CAST(doc->>'$.n' AS DECIMAL(9,2)) > 11", "doc->'$.n' IS NULL", "doc->'$.n' IS NOT NULL"),
    *("doc->'$.n'", "CAST(doc->'$.n' AS CHAR)", "JSON_LENGTH(doc) > 1", "IF(n, doc->'$.a', doc->'$.b')"),
    "CASE WHEN n = 1 THEN doc->'$.a' END",
]


def of(text: str) -> None:
    calculation = {"type": "date-math", "expression": text}
    made = attribute("x", "S", calculation=calculation)
    compiled(attribute("id", "N", "id"), made, source=DOCS, source_table="docs")


@pytest.mark.parametrize("text", USED)
def test_json_is_no_value_to_compare_or_to_decide_by(text: str) -> None:
    with pytest.raises(ContractError, match=r"attribute x, calculation, expression: .* is JSON, .* Use ->>"):
        of(text)


@pytest.mark.parametrize("text", FINE)
def test_json_is_an_argument_and_a_value(text: str) -> None:
    of(text)


@pytest.mark.parametrize("text", ["docs.doc", "(docs.doc->'$.a')", "IF(docs.n, docs.doc, NULL)", "COALESCE(docs.doc)"])
def test_json_alone_is_no_condition(text: str) -> None:
    case = {"type": "case", "cases": [{"when": text, "then": "1"}]}
    join = {"type": "conditional", "target_table": "docs", "join_condition": "docs.id = docs.n",
            "condition": text, "select_column": "n", "else_value": "x"}  # fmt: skip
    both = {"type": "multi-column", "target_table": "others", "join_conditions": ["others.id = docs.id", text],
            "select_column": "id"}  # fmt: skip
    counted = {"type": "aggregate", "operation": "COUNT", "target_table": "others", "join_condition": text,
               "select_column": "*"}  # fmt: skip
    for made in ({"calculation": case}, {"join": join}, {"join": both}, {"calculation": counted}):
        with pytest.raises(ContractError, match=r"is JSON, .* Use ->>"):
            compiled(attribute("id", "N", "id"), attribute("x", "S", **made), source=DOCS, source_table="docs")
