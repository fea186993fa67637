"""The WHERE of a chunk: rows of a key range, lower bound excluded and upper included, in a form that uses the index."""

from __future__ import annotations

from collections.abc import Sequence

from core.items.plan import Cell


def quoted(name: str) -> str:
    """A MySQL identifier in backticks; `%` is doubled, because the statement goes through `%s` substitution."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


def range_predicate(
    columns: Sequence[str], lower: Sequence[Cell] | None, upper: Sequence[Cell] | None
) -> tuple[str, list[Cell]]:
    """SQL over `columns` (names, in key order) with `%s`, and its parameters; "1=1" when both ends are open.

    For several columns the lexicographic comparison is spelled out, beside plain bounds on the first column:
    MySQL builds index ranges from those, but not from row comparisons (MySQL manual, "Range Optimization of Row
    Constructor Expressions").
    """
    names = [quoted(c) for c in columns]
    conditions: list[str] = []
    parameters: list[Cell] = []
    for bound, operator, last in ((lower, ">", ">"), (upper, "<", "<=")):
        if bound is None:
            continue
        if len(names) > 1:
            conditions.append(f"{names[0]} {operator}= %s")
            parameters.append(bound[0])
        sql, values = _lexicographic(names, bound, operator, last)
        conditions.append(sql)
        parameters.extend(values)
    return " AND ".join(conditions) or "1=1", parameters


def _lexicographic(names: Sequence[str], bound: Sequence[Cell], operator: str, last: str) -> tuple[str, list[Cell]]:
    branches: list[str] = []
    parameters: list[Cell] = []
    for depth, name in enumerate(names):
        final = depth == len(names) - 1
        equal = "".join(f"{n} = %s AND " for n in names[:depth])
        branches.append(f"({equal}{name} {last if final else operator} %s)")
        parameters.extend(bound[: depth + 1])
    return "(" + " OR ".join(branches) + ")", parameters
