"""Contracts of every pattern over a shop with items and a tree, on both engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.compile import CompiledTable
from core.items.sources import Source
from tests.unit.schemas import SHOP, attribute, column, compiled, foreign_key, item_of, schema, table

ITEMS = table(
    "items",
    *(column("id"), column("order_id"), column("sku", "varchar(9)"), column("price", "decimal(9,2)")),
    *(column("raw", "varbinary(4)"), column("doc", "json"), column("flags", "bit(3)")),
)
NODES = table("nodes", column("id"), column("parent_id"), column("name", "varchar(9)"))
MYSQL = schema(*SHOP.tables, ITEMS, NODES)
ENGINES = {"mysql": MYSQL, "mariadb": replace(MYSQL, engine="mariadb", version="10.11.0")}
ID = attribute("id", "N", "id")
OF_ORDER = "items.order_id = orders.id"
TO_CUSTOMER = foreign_key("customers", "orders.customer_id = customers.id", "name")


def made(*attributes: dict[str, Any], engine: str = "mysql", **changes: Any) -> CompiledTable:
    return compiled(ID, *attributes, source=ENGINES[engine], **changes)


def view(*attributes: dict[str, Any], engine: str = "mysql", **changes: Any) -> str:
    """What the view selects, without the id before it and the marker after it."""
    found = made(*attributes, engine=engine, **changes).view
    whole = found.select_sql.replace(f", 'tf:{found.definition_hash}' AS `tableferry_definition`", "")
    return whole.removeprefix("SELECT `s`.`id` AS `id`, ")


def source_of(name: str, *attributes: dict[str, Any], **changes: Any) -> Source:
    return next(a.source for a in item_of(made(*attributes, **changes)).attributes if a.name == name)


def construction(**parts: Any) -> dict[str, Any]:
    given = {"type": "array", "select_columns": {"s": "sku", "p": "price", "r": "items.raw"}} | parts
    return {
        "type": "json-construction",
        "target_table": "items",
        "join_condition": OF_ORDER,
        "construction": given,
    }


def aggregate(operation: str, select: str) -> dict[str, Any]:
    return foreign_key("items", OF_ORDER, select) | {"type": "aggregate", "operation": operation}


def case(*branches: tuple[str, str], **more: str) -> dict[str, Any]:
    return {"type": "case", "cases": [{"when": w, "then": t} for w, t in branches], **more}


def text(format_: str) -> dict[str, Any]:
    return {"type": "string-format", "format": format_}
