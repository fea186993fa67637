"""Items and cells as JSON: binary as base64, in DynamoDB's own form for items and in the load plan's for cells."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.items.plan import Cell

SHOWN_CHARACTERS = 200


def item_text(item: Mapping[str, Any]) -> str:
    """An item, a key or an attribute value as DynamoDB JSON."""
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"), default=_base64)


def shown(value: Mapping[str, Any] | None) -> str | None:
    """The beginning (at most 200 characters) of a value's JSON; None for what is absent."""
    if value is None:
        return None
    text = item_text(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def item_of(document: Any) -> Any:
    """The item, key or value that `item_text` was given, binary as bytes."""
    if not isinstance(document, dict):
        return [item_of(value) for value in document] if isinstance(document, list) else document
    if len(document) == 1:
        ((type_, content),) = document.items()
        if type_ == "B" and isinstance(content, str):
            return {"B": base64.b64decode(content)}
        if type_ == "BS" and isinstance(content, list):
            return {"BS": [base64.b64decode(member) for member in content]}
    return {name: item_of(value) for name, value in document.items()}


def cells_document(cells: Sequence[Cell]) -> list[Any]:
    """Cells as JSON values."""
    return [{"b64": _base64(cell)} if isinstance(cell, bytes) else cell for cell in cells]


def cells_of(document: Sequence[Any]) -> tuple[Cell, ...]:
    """The cells that `cells_document` was given."""
    return tuple(base64.b64decode(value["b64"]) if isinstance(value, dict) else value for value in document)


def _base64(content: Any) -> str:
    if isinstance(content, bytes):
        return base64.b64encode(content).decode("ascii")
    raise TypeError(f"{type(content).__name__} is no part of an item")
