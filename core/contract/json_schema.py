"""The contract's form as a JSON Schema, from which editors complete and underline."""

from __future__ import annotations

from typing import Any

from core.contract.model import Contract


def json_schema() -> dict[str, Any]:
    """The schema of a contract that is an object with `tables`; a bare list of tables can name no schema."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Contract.model_json_schema(by_alias=True)
