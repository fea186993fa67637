"""What MySQL and MariaDB write differently: ordered and limited JSON arrays of a parent row's children.

Found by running both (MySQL 9.7, MariaDB 10.11): MySQL orders and limits inside a derived table, which must have a
LIMIT or loses its ORDER BY; MariaDB takes ORDER BY and LIMIT inside JSON_ARRAYAGG and knows no outer references in
derived tables. Each rejects the other's form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from core.compile.expressions import Relation
from core.compile.functions import NO_LONGER_NATIVE

_COMPONENTS_SINCE = (9, 6)
_NO_LIMIT = 18446744073709551615  # MySQL manual, SELECT: "to retrieve all rows ... use some large number"


@dataclass(frozen=True)
class ChildRows:
    """The children of a parent row: `element` for each row of `target` that fulfils `condition`, in order."""

    target: Relation
    condition: exp.Expr
    element: exp.Expr
    order: Sequence[exp.Expr]
    limit: int | None

    def ordered_select(self, selected: exp.Expr, limit: int | None) -> exp.Select:
        """A SELECT of the children with ORDER BY and LIMIT of its own."""
        select = exp.select(selected).from_(self.target.aliased()).where(self.condition.copy())
        if self.order:
            select = select.order_by(*(o.copy() for o in self.order))
        return select if limit is None else select.limit(limit)


class Dialect(Protocol):
    """How one engine writes what differs."""

    @property
    def lacks(self) -> frozenset[str]:
        """The functions of `core.compile.functions` that this server does not have of its own."""
        ...

    def array(self, rows: ChildRows) -> exp.Expr:
        """A scalar subquery: the JSON array of the elements, NULL when there are none."""
        ...


@dataclass(frozen=True)
class MySqlDialect:
    """MySQL 8.0.14 and later."""

    lacks: frozenset[str] = frozenset()

    def array(self, rows: ChildRows) -> exp.Expr:
        if not rows.order and rows.limit is None:
            return exp.Subquery(this=rows.ordered_select(_aggregated(rows.element), None))
        alias = exp.alias_(rows.element.copy(), "e", quoted=True)
        inner = rows.ordered_select(alias, rows.limit or _NO_LIMIT).subquery("d")
        return exp.Subquery(this=exp.select(_aggregated(exp.column("e", table="d", quoted=True))).from_(inner))


@dataclass(frozen=True)
class MariaDbDialect:
    """MariaDB 10.6 and later."""

    lacks: frozenset[str] = frozenset()

    def array(self, rows: ChildRows) -> exp.Expr:
        argument = rows.element.copy()
        if rows.order:
            argument = exp.Order(this=argument, expressions=[o.copy() for o in rows.order])
        if rows.limit is not None:
            argument = exp.Limit(this=argument, expression=exp.Literal.number(rows.limit))
        select = exp.select(_aggregated(argument)).from_(rows.target.aliased()).where(rows.condition.copy())
        return exp.Subquery(this=select)


def dialect_of(engine: str, version: str) -> Dialect:
    """The dialect of what the server calls itself; of a version that is none, the newest."""
    if engine == "mariadb":
        return MariaDbDialect()
    found = re.match(r"(\d+)\.(\d+)", version, re.ASCII)
    is_older = found is not None and (int(found[1]), int(found[2])) < _COMPONENTS_SINCE
    return MySqlDialect(frozenset() if is_older else NO_LONGER_NATIVE)


def _aggregated(element: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="JSON_ARRAYAGG", expressions=[element.copy()])
