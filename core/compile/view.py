"""The view of one target table: one SELECT, or one for each entity joined by UNION ALL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from core.compile.absent import absent_column
from core.compile.contract_sql import to_sql
from core.compile.select import DEFINITION_COLUMN, ENTITY_COLUMN, SelectBuilder
from core.contract.problems import plain

__all__ = ["DEFINITION_COLUMN", "View", "ViewPart", "build_view"]


@dataclass(frozen=True)
class ViewPart:
    """One column of a view, or its joins, as a query of its own, which says whether the server takes that part.

    `place` is that of the attribute whose column it is, else of the table or entity. `expression` is the column alone
    and `source` all that follows it in the SELECT.
    """

    place: str
    expression: str
    source: str
    is_joins: bool = False

    @property
    def sql(self) -> str:
        """The part with everything it needs."""
        return f"SELECT {self.expression}{self.source}"


@dataclass(frozen=True)
class View:
    """A compiled view; `definition_hash` is over its SELECT and also stands in its constant last column."""

    name: str
    select_sql: str
    definition_hash: str
    columns: tuple[str, ...]

    def create_sql(self, *, replace: bool) -> str:
        """The statement that creates the view, or replaces one of ours.

        SQL SECURITY INVOKER: the view works for whoever may read the tables, also after its creator is dropped.
        """
        create = "CREATE OR REPLACE" if replace else "CREATE"
        name = exp.to_identifier(self.name, quoted=True).sql("mysql")
        return f"{create} SQL SECURITY INVOKER VIEW {name} AS {self.select_sql}"


def view_parts(place: str, select: SelectBuilder) -> list[ViewPart]:
    """One SELECT of a view in parts: its joins, then its columns."""
    source = to_sql(select.tree([exp.Literal.number(1)])).removeprefix("SELECT 1")
    columns = zip(select.owners, select.selected, strict=True)
    return [
        ViewPart(place, "1", source, is_joins=True),
        *(
            ViewPart(place if owner is None else f"{place}, attribute {plain(owner)}", to_sql(column.this), source)
            for owner, column in columns
        ),
    ]


def build_view(name: str, selects: Sequence[SelectBuilder]) -> View:
    """The view over the selects; with several, a column tells which of them (0, 1, ...) a row is from."""
    unmarked = _sql(selects, ())
    digest = hashlib.sha256(f"{name}\n{unmarked}".encode()).hexdigest()
    marker = exp.alias_(exp.Literal.string(f"tf:{digest}"), DEFINITION_COLUMN, quoted=True)
    columns = [c.name for select in selects for c in select.columns]
    if len(selects) > 1:
        columns.insert(0, ENTITY_COLUMN)
    return View(name, _sql(selects, (marker,)), digest, tuple(columns))


def _sql(selects: Sequence[SelectBuilder], extra: tuple[exp.Expr, ...]) -> str:
    if len(selects) == 1:
        return to_sql(selects[0].tree([*selects[0].selected, *extra]))
    return " UNION ALL ".join(to_sql(_branch(selects, n, extra)) for n in range(len(selects)))


def _branch(selects: Sequence[SelectBuilder], number: int, extra: tuple[exp.Expr, ...]) -> exp.Select:
    """One entity's rows: its own columns filled, the others' NULL, so that no column has to fit two types."""
    entity = exp.alias_(exp.Literal.string(str(number)), ENTITY_COLUMN, quoted=True)
    columns: list[exp.Expr] = [entity]
    for other, select in enumerate(selects):
        if other == number:
            columns += select.selected
        else:
            columns += [absent_column(select, index) for index in range(len(select.columns))]
    return selects[number].tree([*columns, *(e.copy() for e in extra)])
