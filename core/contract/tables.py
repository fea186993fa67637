"""The tables that a contract names, and whether its expressions may mean others: what is looked up at first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from core.contract.model import Attribute, Contract, SelfJoin

# What stands before a dot. Bounded, as names are: a long text without dots must not be read again from each character.
_QUALIFIER = re.compile(r"(?:`((?:[^`]|``){1,64}+)`|(?<![\w$])([\w$]{1,64}+))\s*+\.")


def tables_named(contract: Contract) -> Iterator[str]:
    """The tables that must exist."""
    for table in contract.tables:
        if table.source_table is not None:
            yield table.source_table
        yield from (e.source_table for e in table.entities or [])
    for attribute in _attributes(contract):
        yield from (value for key, value in _texts(attribute) if key == "target_table")


def may_mean_others(contract: Contract, named: Iterable[str], *, folds: bool) -> bool:
    """Whether a qualifier may be a table that is not `named`: one in another case, or one that a self-join follows.

    `folds`: the server does not tell upper from lower case in tables' names.
    """
    joins = [a.join for a in _attributes(contract) if isinstance(a.join, SelfJoin)]
    exact = {*named, *(join.join_alias for join in joins)}
    lower = {name.lower() for name in exact}
    if any(q.lower() not in lower for join in joins for q in qualifiers(join.join_condition)):
        return True
    written = (q for a in _attributes(contract) for _, text in _texts(a) for q in qualifiers(text))
    return not folds and any(q not in exact and q.lower() in lower for q in written)


def qualifiers(text: str) -> list[str]:
    """The names before dots in an expression: tables, aliases, and what its literals hold by chance."""
    names = [found[2] or found[1].replace("``", "`") for found in _QUALIFIER.finditer(text)]
    return [name for name in names if not name.isdecimal()]


def _attributes(contract: Contract) -> Iterator[Attribute]:
    for table in contract.tables:
        yield from table.attributes or []
        for entity in table.entities or []:
            yield from entity.attributes


def _texts(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """The texts in the attribute's join and calculation, each with its key."""
    parts = [part.model_dump() for part in (attribute.join, attribute.calculation) if part is not None]
    waiting: list[tuple[str, Any]] = [("", part) for part in parts]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(key, member) for member in value]
