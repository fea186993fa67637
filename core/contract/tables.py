"""The tables that a contract names, and the names that may be tables: what is looked up before it is compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.contract.model import Contract

# What stands before a dot. Bounded, as names are: a long text without dots must not be read again from each character.
_QUALIFIER = re.compile(r"(?:`((?:[^`]|``){1,64}+)`|(?<![\w$])([\w$]{1,64}+))\s*+\.")
_MAX_NAME = 64


def tables_named(contract: Contract) -> Iterator[str]:
    """The tables that must exist."""
    for table in contract.tables:
        if table.source_table is not None:
            yield table.source_table
        yield from (e.source_table for e in table.entities or [])
    for value in _values(contract):
        yield from (v for k, v in _members(value) if k == "target_table" and isinstance(v, str))


def qualifiers(contract: Contract) -> Iterator[str]:
    """The names before dots in the joins and calculations: tables, aliases, and what texts hold by chance."""
    for value in _values(contract):
        if isinstance(value, str):
            for found in _QUALIFIER.finditer(value):
                name = found[2] or found[1].replace("``", "`")
                if len(name) <= _MAX_NAME and not name.isdecimal():
                    yield name


def _values(contract: Contract) -> Iterator[Any]:
    """Every value within the joins and calculations."""
    for table in contract.tables:
        for attributes in (table.attributes, *(e.attributes for e in table.entities or [])):
            for attribute in attributes or []:
                waiting: list[Any] = [attribute.join, attribute.calculation]
                waiting = [part.model_dump() for part in waiting if part is not None]
                while waiting:
                    value = waiting.pop()
                    yield value
                    waiting += value if isinstance(value, list) else [v for _, v in _members(value)]


def _members(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
