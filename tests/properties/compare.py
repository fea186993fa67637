"""Whether the product made of each row what the evaluator says, and a readable account of where it did not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.contract_evaluator.documents import document
from tests.contract_evaluator.items import Outcome
from tests.contract_evaluator.tables import Table
from tests.properties.product import Made


def normal(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute value by value: numbers as Decimals, sets as frozensets."""
    ((type_, content),) = value.items()
    if type_ == "N":
        return {"N": Decimal(content)}
    if type_ in {"SS", "NS", "BS"}:
        assert len(set(content)) == len(content), "a set holds each member once"
        return {type_: frozenset(map(Decimal, content) if type_ == "NS" else content)}
    if type_ == "L":
        return {"L": [normal(member) for member in content]}
    return {"M": {name: normal(member) for name, member in content.items()}} if type_ == "M" else value


def differences(expected: Sequence[Outcome], made: Sequence[Made]) -> list[str]:
    """Every row whose item or reject is not the expected one; [] when all are."""
    left = list(expected)
    found: list[str] = []
    for one in made:
        match = next((o for o in left if agree(o, one)), None)
        if match is None:
            nearest = [o for o in left if o.row == one.row]
            found.append(f"row {dict(one.row)}\n  product   {_told(one)}\n  evaluator {_wanted(nearest, one)}")
        else:
            left.remove(match)
    if len(left) != len(found):
        found.append(f"{len(expected)} rows expected, {len(made)} made")
    return found


def agree(expected: Outcome, made: Made) -> bool:
    """Whether both say the same of a row; of several possible rejects any may be told."""
    if expected.row != made.row:
        return False
    if made.item is None:
        return made.reject in expected.rejects
    return expected.item is not None and _by_value(made.item) == expected.item


def _by_value(item: dict[str, Any]) -> dict[str, Any]:
    return {name: normal(value) for name, value in item.items()}


def _told(made: Made) -> str:
    return f"reject {made.reject}" if made.item is None else str(made.item)


def _wanted(nearest: Sequence[Outcome], made: Made) -> str:
    if not nearest:
        return "knows no such row"
    return " or ".join(_differing(o, made) for o in nearest)


def _differing(expected: Outcome, made: Made) -> str:
    if expected.item is None:
        return f"reject {sorted(expected.rejects)}"
    if made.item is None:
        return f"item {expected.item}"
    mine = _by_value(made.item)
    names = [n for n in {**mine, **expected.item} if mine.get(n) != expected.item.get(n)]
    return f"differs in { ({n: expected.item.get(n) for n in names}) }"


def account(contract: dict[str, Any], tables: Sequence[Table], engine: str, view: str, problems: Sequence[str]) -> str:
    """What a developer needs to see of a failing contract, and nothing else."""
    shown = json.dumps(document(contract), ensure_ascii=False, indent=1)
    parts = [f"on {engine}:", *problems, "contract:", shown, "view:", view, "source:"]
    named = shown.replace('\\"', '"').replace("\\\\", "\\")
    for table in tables:
        if table.name in named:
            parts += _described(table, named, engine)
    return "\n".join(parts)


def _described(table: Table, named: str, engine: str) -> list[str]:
    """The columns that the contract speaks of."""
    columns = [n for n in table.columns if n in table.key or n in named]
    types = ", ".join(f"{n!r} {table.columns[n].declared(engine)}" for n in columns)
    return [
        f"{table.name!r} ({types}), key {table.key}",
        *(str({n: row.get(n) for n in columns}) for row in table.rows),
    ]
