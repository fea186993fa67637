"""Several joined rows as one attribute value: sets, lists, maps and JSON text (rules 13 and 14)."""

from __future__ import annotations

import json
from typing import Any

from tests.contract_evaluator.attribute_values import (
    JsonSpelling,
    attribute_value,
    exact_number,
    nested,
    read_json,
    shown,
)
from tests.contract_evaluator.joined import Built, Collected
from tests.contract_evaluator.sql_values import Document, Value, number_of, text_of


def collected_value(type_: str, made: Collected) -> dict[str, Any] | None:
    """The distinct values that are not NULL as a set, or all of them as a list; nothing is absent."""
    if type_ == "L":
        return {"L": [native(value, 2) for value in made.values]} if made.values else None
    values = [value for value in made.values if value is not None]
    if type_ == "NS":
        found: list[Any] = [(attribute_value("N", value) or {})["N"] for value in values]
    elif type_ == "SS":
        found = [shown(value) for value in values]
    else:
        found = [value if isinstance(value, bytes) else text_of(value).encode() for value in values]
    return {type_: frozenset(found)} if found else None


def built_value(type_: str, made: Built) -> dict[str, Any]:
    """A list of maps, one map, or the JSON text of either."""
    if type_ == "S":
        return {"S": JsonSpelling(read_json(built_text(made)))}
    level = 1 if made.one else 2
    maps = [{"M": {key: native(value, level + 1) for key, value in row}} for row in made.rows]
    return maps[0] if made.one else {"L": maps}


def built_text(made: Built) -> str:
    """The JSON text, with a blank after each comma and colon."""
    rows = [_object(row) for row in made.rows]
    return rows[0] if made.one else "[" + ", ".join(rows) + "]"


def native(value: Value, level: int) -> dict[str, Any]:
    """A joined value inside a list or map, at `level` of 32."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, Document):
        return nested(read_json(value.text), level)
    return {"N": exact_number(text_of(value))} if number_of(value) is not None else {"S": text_of(value)}


def _object(row: tuple[tuple[str, Value], ...]) -> str:
    return "{" + ", ".join(f"{_quoted(key)}: {_member(value)}" for key, value in row) + "}"


def _member(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bytes):
        raise TypeError("JSON text holds no bytes: such a contract is refused")
    if isinstance(value, Document):
        return value.text
    return text_of(value) if number_of(value) is not None else _quoted(text_of(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
