"""A contract of trees as the JSON document that the product is given."""

from __future__ import annotations

from typing import Any

from tests.contract_evaluator.expressions import written


def document(*tables: dict[str, Any]) -> dict[str, Any]:
    """The tables with their expressions as SQL text, and `order_by` as a list of texts or as one text."""
    found: dict[str, Any] = written({"tables": [_table(table) for table in tables]})
    return found


def _table(table: dict[str, Any]) -> dict[str, Any]:
    whole = {**table, **_ordered(table)}
    if "entities" in table:
        whole["entities"] = [{**entity, **_ordered(entity)} for entity in table["entities"]]
    return whole


def _ordered(entity: dict[str, Any]) -> dict[str, Any]:
    attributes = []
    for made in entity.get("attributes", []):
        construction = made.get("join", {}).get("construction", {})
        if "order_by" in construction:
            keys = [f"{key.sql()} {direction}" for key, direction in construction["order_by"]]
            order: Any = ", ".join(keys) if len(made["name"]) % 2 else keys
            join = {**made["join"], "construction": {**construction, "order_by": order}}
            made = {**made, "join": join}  # noqa: PLW2901 - the same attribute, written
        attributes.append(made)
    return {"attributes": attributes} if "attributes" in entity else {}
