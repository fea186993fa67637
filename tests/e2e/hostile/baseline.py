"""A sound contract that uses every part of the form once, its source, and how to change one part of it."""

from __future__ import annotations

import copy
import json
from typing import Any

SCHEMA = """
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50), region VARCHAR(9));
CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, payer_id INT, region VARCHAR(9), total DECIMAL(10,2),
  note VARCHAR(200), made DATETIME, doc JSON);
CREATE TABLE order_lines (id INT PRIMARY KEY, order_id INT, sku VARCHAR(20), amount DECIMAL(8,2), KEY (order_id));
CREATE TABLE regions (code VARCHAR(9) PRIMARY KEY, title VARCHAR(20));
CREATE TABLE secrets (id INT PRIMARY KEY, word VARCHAR(20));
INSERT INTO customers VALUES (1, 'Ann', 'eu');
INSERT INTO orders VALUES (1, 1, NULL, 'eu', 10.50, 'first', '2024-02-29 13:05:09', '{"a": 1}');
INSERT INTO order_lines VALUES (1, 1, 'A-1', 2.50), (2, 1, 'B-2', 8.00);
INSERT INTO regions VALUES ('eu', 'Europe');
INSERT INTO secrets VALUES (1, 'not for contracts');
"""

ON_CUSTOMER = {"target_table": "customers", "join_condition": "customers.id = orders.customer_id"}
ON_LINES = {"target_table": "order_lines", "join_condition": "order_lines.order_id = orders.id"}


def _attribute(name: str, type_: str, **parts: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **parts}


ORDERS: dict[str, Any] = {
    "table": "Orders",
    "type": "single-entity",
    "source_table": "orders",
    "pk": "id",
    "sk": "region#note",
    "gsis": [
        {
            "index_name": "ByDay",
            "pk": "day",
            "sk": "id",
            "projection": "INCLUDE",
            "projected_attributes": ["note"],
        }
    ],
    "attributes": [
        _attribute("id", "N", source_column="id", source_table="orders"),
        _attribute("note", "S", source_column="note", denormalized=True, justification="read often"),
        _attribute("customer", "S", join={"type": "foreign-key", "select_column": "name", **ON_CUSTOMER}),
        _attribute(
            "payer",
            "S",
            join={
                "type": "self-join",
                "join_alias": "p",
                "join_condition": "p.id = orders.payer_id",
                "select_column": "p.note",
                "null_value": "-",
            },
        ),
        _attribute(
            "home",
            "S",
            source_column=["customer_id", "region"],
            join={
                "type": "multi-column",
                "target_table": "customers",
                "join_conditions": ["customers.id = orders.customer_id", "customers.region = orders.region"],
                "select_column": "name",
            },
        ),
        _attribute(
            "rich",
            "S",
            join={
                "type": "conditional",
                "condition": "total > 5",
                "select_column": "name",
                "else_value": "n.a.",
                **ON_CUSTOMER,
            },
        ),
        _attribute(
            "path",
            "S",
            join={
                "type": "chain",
                "joins": [
                    {"select_column": "name", **ON_CUSTOMER},
                    {
                        "target_table": "regions",
                        "join_condition": "regions.code = customers.region",
                        "select_column": "title",
                    },
                ],
                "chain_separator": " > ",
            },
        ),
        _attribute("skus", "SS", join={"type": "lookup-table", "select_column": "sku", **ON_LINES}),
        _attribute(
            "lines",
            "L",
            join={
                "type": "json-construction",
                "construction": {
                    "type": "array",
                    "select_columns": {"sku": "sku", "amount": "amount"},
                    "order_by": ["amount DESC", "id"],
                    "limit": 5,
                },
                **ON_LINES,
            },
        ),
        _attribute(
            "sum", "N", calculation={"type": "aggregate", "operation": "SUM", "select_column": "amount"} | ON_LINES
        ),
        _attribute(
            "level",
            "S",
            calculation={"type": "case", "cases": [{"when": "total > 100", "then": "'dear'"}], "else": "'cheap'"},
        ),
        _attribute("joined", "S", calculation={"type": "concat", "columns": ["id", "note"], "separator": "-"}),
        _attribute("due", "S", calculation={"type": "date-math", "expression": "DATE_ADD(made, INTERVAL 1 DAY)"}),
        _attribute("day", "S", source_column="made", transformation={"type": "date-format", "format": "YYYY-MM-DD"}),
        _attribute("line", "S", transformation={"type": "string-format", "format": "{note} of {customer}"}),
        _attribute("price", "S", source_column="total", transformation={"type": "number-format", "format": "#,##0.00"}),
        _attribute("parsed", "M", source_column="doc", transformation={"type": "json-parse"}),
    ],
    "satisfies": ["AP1"],
    "estimated_item_size_bytes": 800,
}
BOTH: dict[str, Any] = {
    "table": "Both",
    "type": "multi-entity",
    "pk": "PK",
    "sk": "SK",
    "entities": [
        {
            "entity_type": "ORDER",
            "source_table": "orders",
            "pk_template": "C#{customer_id}",
            "sk_template": "O#{id}",
            "attributes": [_attribute("note", "S", source_column="note")],
        },
        {
            "entity_type": "CUSTOMER",
            "source_table": "customers",
            "pk_template": "C#{id}",
            "sk_template": "PROFILE",
            "attributes": [_attribute("name", "S", source_column="name")],
        },
    ],
}
CONTRACT = {"tables": [ORDERS, BOTH]}
GONE = object()


def changed(path: str, value: Any = GONE) -> bytes:
    """The contract with one part of it changed or, without a value, removed.

    A path is like `Orders.attributes.due.calculation.expression`; parts of a list go by their names, or by number.
    """
    whole = copy.deepcopy(CONTRACT)
    at: Any = whole["tables"]
    *steps, last = path.split(".")
    for step in steps:
        at = at[_key(at, step)]
    if value is GONE:
        del at[_key(at, last)]
    elif isinstance(at, list) and last == "+":
        at.append(value)
    else:
        at[_key(at, last)] = value
    return json.dumps(whole).encode()


def _key(at: Any, step: str) -> Any:
    if isinstance(at, dict):
        return step
    names = ("table", "name", "index_name", "entity_type")
    named = (n for n, part in enumerate(at) if isinstance(part, dict) and step in [part.get(k) for k in names])
    return int(step) if step.isdecimal() else next(named)
