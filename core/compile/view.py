"""The view of one target table: its columns, its joins, and the statement that creates it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from core.compile.expressions import Relation
from core.items.plan import Column
from core.source_schema import SourceTable

DEFINITION_COLUMN = "tableferry_definition"
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_#.\-]{0,62}")
_SOURCE_ALIAS = "s"


@dataclass(frozen=True)
class View:
    """A compiled view; `definition_hash` is over its SELECT and also stands in its constant last column."""

    name: str
    select_sql: str
    definition_hash: str

    def create_sql(self, *, replace: bool) -> str:
        """The statement that creates the view, or replaces one of ours.

        SQL SECURITY INVOKER: the view works for whoever may read the tables, also after its creator is dropped.
        """
        create = "CREATE OR REPLACE" if replace else "CREATE"
        name = exp.to_identifier(self.name, quoted=True).sql("mysql")
        return f"{create} SQL SECURITY INVOKER VIEW {name} AS {self.select_sql}"


@dataclass
class ViewBuilder:
    """Collects the columns and joins of one view; the same expression or join is taken only once."""

    name: str
    source: SourceTable
    columns: list[Column] = field(default_factory=list)
    _selected: list[exp.Expr] = field(default_factory=list)
    _index_by_sql: dict[str, int] = field(default_factory=dict)
    _joins: dict[str, tuple[Relation, exp.Expr]] = field(default_factory=dict)

    @property
    def relation(self) -> Relation:
        """The source table as it stands in the view."""
        return Relation(self.source.name, _SOURCE_ALIAS, self.source)

    def add_column(self, expression: exp.Expr, kind: str, preferred_name: str) -> int:
        """Select `expression` and return its index; the name is the preferred one if a view can carry it."""
        sql = expression.sql("mysql")
        if sql in self._index_by_sql:
            return self._index_by_sql[sql]
        index = len(self.columns)
        name = self._column_name(preferred_name, index)
        self.columns.append(Column(name, kind))
        self._selected.append(exp.alias_(expression.copy(), name, quoted=True))
        self._index_by_sql[sql] = index
        return index

    def index_of(self, expression: exp.Expr) -> int | None:
        """Where `expression` stands among the columns, or None."""
        return self._index_by_sql.get(expression.sql("mysql"))

    def next_relation(self, table: SourceTable, name: str) -> Relation:
        """The relation that a join about to be compiled would have."""
        return Relation(name, f"j{len(self._joins) + 1}", table)

    def add_join(self, target: Relation, condition: exp.Expr) -> Relation:
        """Join `target` by `condition`; an equal join that is there already serves both attributes."""
        placeholder = condition.transform(_renamed(target.alias, "\0"))
        key = f"{target.table.name}\0{placeholder.sql('mysql')}"
        return self._joins.setdefault(key, (target, condition))[0]

    def build(self) -> View:
        """The finished view."""
        unmarked = self._select(())
        digest = hashlib.sha256(f"{self.name}\n{unmarked}".encode()).hexdigest()
        marker = exp.alias_(exp.Literal.string(f"tf:{digest}"), DEFINITION_COLUMN, quoted=True)
        return View(self.name, self._select((marker,)), digest)

    def _select(self, extra: tuple[exp.Expr, ...]) -> str:
        select = exp.select(*self._selected, *extra).from_(self.relation.aliased())
        for relation, condition in self._joins.values():
            select = select.join(relation.aliased(), on=condition.copy(), join_type="left")
        return select.sql("mysql")

    def _column_name(self, preferred: str, index: int) -> str:
        taken = {c.name.lower() for c in self.columns} | {DEFINITION_COLUMN}
        fits = _PLAIN_NAME.fullmatch(preferred) and not preferred.lower().startswith("tableferry_")
        if fits and preferred.lower() not in taken:
            return preferred
        return f"tableferry_{index}"


def _renamed(old: str, new: str) -> Callable[[exp.Expr], exp.Expr]:
    def rename(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == old:
            return exp.column(node.name, table=new, quoted=True)
        return node

    return rename
