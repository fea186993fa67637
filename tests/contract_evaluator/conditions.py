"""Conditions of a contract as small trees: true, false or None (unknown), as in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.contract_evaluator.expressions import Expression, Lit, Scope, truth
from tests.contract_evaluator.sql_values import compared, weights


@dataclass(frozen=True)
class Compare(Expression):
    """left operator right, with = <> < <= > >= and <=>."""

    operator: str
    left: Expression
    right: Expression

    def sql(self) -> str:
        return f"{self.left.sql()} {self.operator} {self.right.sql()}"

    def value(self, scope: Scope) -> bool | None:
        mine, other = scope.sides or (scope, scope)
        left, right = self.left.value(mine), self.right.value(other)
        if self.operator == "<=>" and (left is None or right is None):
            return left is None and right is None
        collation = _stronger(self.left.collation(mine), self.right.collation(other))
        order = compared(left, right, collation)
        return None if order is None else _ORDERS[self.operator](order)


_ORDERS: dict[str, Any] = {
    "=": lambda order: order == 0,
    "<=>": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _stronger(left: str | None, right: str | None) -> str | None:
    """MySQL manual, 12.8.4: of two columns' collations the one that ends in _bin is used."""
    found = {left, right} - {None}
    return next((c for c in found if c != "ci"), "ci" if found else None)


@dataclass(frozen=True)
class IsNull(Expression):
    """x IS [NOT] NULL."""

    of: Expression
    negated: bool = False

    def sql(self) -> str:
        return f"{self.of.sql()} IS {'NOT ' if self.negated else ''}NULL"

    def value(self, scope: Scope) -> bool:
        return (self.of.value(scope) is None) != self.negated


@dataclass(frozen=True)
class Both(Expression):
    """left AND right."""

    left: Expression
    right: Expression

    def sql(self) -> str:
        return f"({self.left.sql()}) AND ({self.right.sql()})"

    def value(self, scope: Scope) -> bool | None:
        found = truth(self.left, scope), truth(self.right, scope)
        return False if False in found else (None if None in found else True)


@dataclass(frozen=True)
class Either(Expression):
    """left OR right."""

    left: Expression
    right: Expression

    def sql(self) -> str:
        return f"({self.left.sql()}) OR ({self.right.sql()})"

    def value(self, scope: Scope) -> bool | None:
        found = truth(self.left, scope), truth(self.right, scope)
        return True if True in found else (None if None in found else False)


@dataclass(frozen=True)
class Negated(Expression):
    """NOT (x)."""

    of: Expression

    def sql(self) -> str:
        return f"NOT ({self.of.sql()})"

    def value(self, scope: Scope) -> bool | None:
        found = truth(self.of, scope)
        return None if found is None else not found


@dataclass(frozen=True)
class OneOf(Expression):
    """x IN (...), or NOT IN."""

    of: Expression
    members: tuple[Expression, ...]
    negated: bool = False

    def sql(self) -> str:
        return f"{self.of.sql()} {'NOT ' if self.negated else ''}IN ({', '.join(m.sql() for m in self.members)})"

    def value(self, scope: Scope) -> bool | None:
        found = [Compare("=", self.of, member).value(scope) for member in self.members]
        held = True if True in found else (None if None in found else False)
        return held if not self.negated or held is None else not held


@dataclass(frozen=True)
class Between(Expression):
    """x BETWEEN low AND high."""

    of: Expression
    low: Expression
    high: Expression

    def sql(self) -> str:
        return f"{self.of.sql()} BETWEEN {self.low.sql()} AND {self.high.sql()}"

    def value(self, scope: Scope) -> bool | None:
        return Both(Compare(">=", self.of, self.low), Compare("<=", self.of, self.high)).value(scope)


@dataclass(frozen=True)
class StartsWith(Expression):
    """x LIKE 'prefix%'; the prefix has no wildcard."""

    of: Expression
    prefix: str

    def sql(self) -> str:
        return f"{self.of.sql()} LIKE {Lit(self.prefix + '%').sql()}"

    def value(self, scope: Scope) -> bool | None:
        text = self.of.value(scope)
        if text is None:
            return None
        collation = self.of.collation(scope)
        start = weights(text[: len(self.prefix)] or "\0", collation)
        return len(text) >= len(self.prefix) and start == weights(self.prefix or "\0", collation)
