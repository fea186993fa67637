"""One SELECT of a view: its columns and joins; a multi-entity view is several of them, one for each entity."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from core.compile.allowed import function_name
from core.compile.contract_sql import to_sql
from core.compile.expressions import Relation
from core.compile.moments import frozen
from core.compile.problem import ExpressionProblem
from core.compile.texts import as_number
from core.contract.problems import shown
from core.items.plan import Column, Kind
from core.source_schema import SourceSchema, SourceTable

DEFINITION_COLUMN = "tableferry_definition"
ENTITY_COLUMN = "tableferry_entity"
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_#.\-]{0,62}")
_SOURCE_ALIAS = "s"


@dataclass
class SelectBuilder:
    """Collects the columns and joins of one SELECT; the same expression or join is taken only once.

    `names` are the column names that the whole view has so far. `in_union`: it is one of several SELECTs, whose columns
    stand beside NULLs; all types keep their text there but ZEROFILL's zeros, sets and bit fields. `under_way`: the
    attributes that are being compiled, each for the one before it; `owners`: for which attribute each column was
    selected first, None for keys. `lacks`: functions that are refused, because the server has none of its own.
    """

    source: SourceTable
    schema: SourceSchema
    names: set[str]
    in_union: bool = False
    moment: datetime | None = None
    lacks: frozenset[str] = frozenset()
    columns: list[Column] = field(default_factory=list)
    selected: list[exp.Expr] = field(default_factory=list)
    joins: list[tuple[Relation, exp.Expr]] = field(default_factory=list)
    many: set[str] = field(default_factory=set)
    under_way: list[str] = field(default_factory=list)
    owners: list[str | None] = field(default_factory=list)
    _index_by_sql: dict[tuple[str, str], int] = field(default_factory=dict)
    _aliases: int = 0

    @property
    def relation(self) -> Relation:
        """The source table as it stands in the SELECT."""
        return Relation(self.source.name, _SOURCE_ALIAS, self.source, self.schema.namesakes(self.source.name))

    def next_relation(self, table: SourceTable, name: str, prefix: str = "j") -> Relation:
        """A relation under an alias that no other has; `prefix` is r for one inside a subquery."""
        self._aliases += 1
        return Relation(name, f"{prefix}{self._aliases}", table, self.schema.namesakes(name))

    def add_column(self, expression: exp.Expr, kind: str, preferred_name: str) -> int:
        """Select `expression` and return its index; the name is the preferred one if a view can carry it.

        Raises ExpressionProblem, as `add_join` does, when it calls what the server lacks.
        """
        self._refuse_lacking(expression)
        expression = frozen(expression, self.moment)
        key = (to_sql(expression), kind)
        if key in self._index_by_sql:
            return self._index_by_sql[key]
        index = len(self.columns)
        name = self._column_name(preferred_name)
        value = expression.copy()
        if self.in_union and kind == Kind.BIT:
            value, kind = as_number(value), Kind.INTEGER
        self.names.add(name.lower())
        self.columns.append(Column(name, kind, "" if name == preferred_name else preferred_name))
        self.selected.append(exp.alias_(value, name, quoted=True))
        self.owners.append(self.under_way[0] if self.under_way else None)
        self._index_by_sql[key] = index
        return index

    def index_of(self, expression: exp.Expr) -> int | None:
        """Where `expression` stands among the columns, or None."""
        sql = to_sql(expression)
        return next((i for (known, _), i in self._index_by_sql.items() if known == sql), None)

    def add_join(self, target: Relation, condition: exp.Expr) -> Relation:
        """Join `target` by `condition`; an equal join that is there already serves both attributes."""
        self._refuse_lacking(condition)
        condition = frozen(condition, self.moment)
        for joined, known in self.joins:
            if joined.table is target.table and known == condition.transform(_renamed(target.alias, joined.alias)):
                return joined
        self.joins.append((target, condition))
        return target

    def tree(self, columns: list[exp.Expr]) -> exp.Select:
        """The SELECT with these columns."""
        select = exp.select(*columns).from_(self.relation.aliased())
        for relation, condition in self.joins:
            select = select.join(relation.aliased(), on=condition.copy(), join_type="left")
        return select

    def _refuse_lacking(self, tree: exp.Expr) -> None:
        for call in tree.find_all(exp.Anonymous) if self.lacks else ():
            if (name := function_name(call)) in self.lacks:
                raise ExpressionProblem(
                    f"the function {shown(name)} is none of this server's own, so a stored function could be called",
                    "Use SHA2(text, 256).",
                )

    def _column_name(self, preferred: str) -> str:
        fits = _PLAIN_NAME.fullmatch(preferred) and not preferred.lower().startswith("tableferry_")
        if fits and preferred.lower() not in self.names:
            return preferred
        return f"tableferry_{len(self.names)}"


def _renamed(old: str, new: str) -> Callable[[exp.Expr], exp.Expr]:
    def rename(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == old:
            return exp.column(node.name, table=new, quoted=True)
        return node

    return rename
