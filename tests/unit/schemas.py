"""Source schemas and contracts that tests of the compiler and of the driver share."""

from __future__ import annotations

import json
from typing import Any

from core.compile import CompiledTable, compile_contract
from core.contract import Contract, parse_contract
from core.items.plan import ItemPlan
from core.source_schema import SourceColumn, SourceSchema, SourceTable, UniqueKey
from core.target_table import TargetOptions

COLLATION = "utf8mb4_0900_ai_ci"


def column(
    name: str, column_type: str = "int", *, nullable: bool = False, collation: str | None = None
) -> SourceColumn:
    data_type = column_type.split("(", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    if collation is None and data_type in {"char", "varchar", "text", "enum"}:
        collation = COLLATION
    return SourceColumn(name, data_type, column_type, nullable, collation, is_json=data_type == "json")


def table(
    name: str, *columns: SourceColumn, key: tuple[str, ...] = ("id",), unique: tuple[UniqueKey, ...] = ()
) -> SourceTable:
    return SourceTable(name, columns, key, unique)


def schema(*tables: SourceTable, lower_case_table_names: int = 0) -> SourceSchema:
    return SourceSchema("mysql", "8.4.0", "shop", tables, lower_case_table_names)


CUSTOMERS = table(
    "customers", column("id"), column("name", "varchar(50)"), column("region", "varchar(9)"), column("boss_id")
)
ORDERS = table(
    "orders",
    column("id"),
    column("customer_id"),
    column("payer_id", nullable=True),
    column("total", "decimal(10,2)"),
    column("note", "varchar(200)", nullable=True),
)
SHOP = schema(ORDERS, CUSTOMERS)


def attribute(name: str, type_: str = "S", source_column: str | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "type": type_}
    return found | ({"source_column": source_column} if source_column else {}) | more


def foreign_key(target: str, condition: str, select: str) -> dict[str, Any]:
    return {"type": "foreign-key", "target_table": target, "join_condition": condition, "select_column": select}


def contract_table(*attributes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "table": "Orders",
        "type": "single-entity",
        "source_table": "orders",
        "pk": "id",
        "attributes": list(attributes) or [attribute("id", "N", "id")],
    }
    return whole | changes


def contract(*tables: dict[str, Any]) -> Contract:
    return parse_contract(json.dumps({"tables": list(tables)}))


def compiled(
    *attributes: dict[str, Any], source: SourceSchema = SHOP, options: TargetOptions | None = None, **changes: Any
) -> CompiledTable:
    """The one table that these attributes make."""
    given = contract(contract_table(*attributes, **changes))
    return compile_contract(given, source, options or TargetOptions())[0]


def item_of(made: CompiledTable) -> ItemPlan:
    """The item plan of a table that has one entity."""
    (entity,) = made.entities
    return entity.item
