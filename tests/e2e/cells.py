"""A column of some type with its values: what is inserted, and the text or bytes that the server shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Shown = Any  # str or bytes; (WKT, WKB) of geometry


@dataclass(frozen=True)
class Source:
    """A column: `kind` as the evaluator calls it, or geometry; each value is (inserted, shown)."""

    name: str
    definition: str
    kind: str
    values: tuple[tuple[Any, Shown], ...]
    placeholder: str = "%s"


def same(values: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((str(v), str(v)) for v in values)


@dataclass(frozen=True)
class CellRow:
    """A source row that holds a value in one column (and in those generated from it), NULL in all others."""

    id: int
    source: Source | None
    inserted: Any
    shown: dict[str, tuple[str, Shown]]


def rows_of(found: list[Source], longest: int) -> list[CellRow]:
    """One row for each value that is not too long, and a last one that is NULL throughout."""
    rows: list[CellRow] = []
    for source in found:
        for inserted, shown in (v for v in source.values if len(v[1]) <= longest):
            cells = {source.name: (source.kind, shown)}
            if source.name == "varchar_":
                cells |= {"made": ("text", f"{shown}!"), "kept": ("integer", str(len(shown)))}
            rows.append(CellRow(len(rows) + 1, source, inserted, cells))
    return [*rows, CellRow(len(rows) + 1, None, None, {})]
