"""Expressions of a contract as small trees: each writes itself as SQL and computes itself in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.contract_evaluator.functions import FUNCTIONS, Interval
from tests.contract_evaluator.sql_values import EXACT, Value, number_of, text_of
from tests.contract_evaluator.tables import Row, Table, quoted


@dataclass(frozen=True)
class Record:
    """One row of a table, or the row of NULLs of an outer join without a match."""

    table: Table
    row: Row | None

    def column(self, name: str) -> str | None:
        """The column's name as the table has it: names do not tell upper from lower case."""
        return next((n for n in self.table.columns if n.lower() == name.lower()), None)

    def value(self, name: str) -> Value:
        """The cell."""
        return None if self.row is None else self.row[self.column(name) or name]


@dataclass(frozen=True)
class Scope:
    """The records that names stand for. `sides`: a table joined to itself without an alias (rule 10)."""

    records: Mapping[str, Record]
    default: str | None = None
    sides: tuple[Scope, Scope] | None = None

    def record(self, table: str | None, column: str) -> Record:
        """The record that a name belongs to; without a table, the default's, else the one that has the column."""
        if table is not None:
            return self.records[table]
        if self.default is not None:
            return self.records[self.default]
        (found,) = (r for r in self.records.values() if r.column(column) is not None)
        return found


class Expression:
    """A tree; `sql` is its text in a contract."""

    def sql(self) -> str:
        raise NotImplementedError

    def value(self, scope: Scope) -> Any:
        raise NotImplementedError

    def collation(self, scope: Scope) -> str | None:
        """The collation that this text brings to a comparison; None for a literal, which follows the other side."""
        return None


@dataclass(frozen=True)
class Col(Expression):
    """A column; `table` is the name or alias that it is written with."""

    table: str | None
    name: str

    def sql(self) -> str:
        return quoted(self.name) if self.table is None else f"{quoted(self.table)}.{quoted(self.name)}"

    def value(self, scope: Scope) -> Any:
        return scope.record(self.table, self.name).value(self.name)

    def collation(self, scope: Scope) -> str | None:
        record = scope.record(self.table, self.name)
        return record.table.columns[record.column(self.name) or self.name].collation


@dataclass(frozen=True)
class Lit(Expression):
    """A literal: NULL, int, Decimal or str."""

    of: int | Decimal | str | None

    def sql(self) -> str:
        if self.of is None:
            return "NULL"
        if isinstance(self.of, str):
            return "'" + self.of.replace("\\", "\\\\").replace("'", "''") + "'"
        return f"{self.of:f}" if isinstance(self.of, Decimal) else str(self.of)

    def value(self, scope: Scope) -> Any:
        return self.of


@dataclass(frozen=True)
class Arithmetic(Expression):
    """left + - * / % right, over integers and decimals: exact, with MySQL's scales."""

    operator: str
    left: Expression
    right: Expression

    def sql(self) -> str:
        return f"({self.left.sql()} {self.operator} {self.right.sql()})"

    def value(self, scope: Scope) -> Any:
        left, right = number_of(self.left.value(scope)), number_of(self.right.value(scope))
        if left is None or right is None or (self.operator in "/%" and not right):
            return None
        found = _COMPUTED[self.operator](left, right)
        exact = isinstance(found, Decimal) and found.as_tuple().exponent == 0 and self.operator != "/"
        return int(found) if exact else found


def _divided(left: Decimal, right: Decimal) -> Decimal:
    scale = -int(left.as_tuple().exponent) + 4  # MySQL manual: div_precision_increment
    return EXACT.divide(left, right).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, context=EXACT)


_COMPUTED: dict[str, Any] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": _divided,
    "%": EXACT.remainder,
}


@dataclass(frozen=True)
class Case(Expression):
    """CASE WHEN ... THEN ... [ELSE ...] END."""

    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None = None

    def sql(self) -> str:
        whens = " ".join(f"WHEN {when.sql()} THEN {then.sql()}" for when, then in self.branches)
        return f"CASE {whens}{f' ELSE {self.otherwise.sql()}' if self.otherwise else ''} END"

    def value(self, scope: Scope) -> Any:
        for when, then in self.branches:
            if truth(when, scope):
                return then.value(scope)
        return None if self.otherwise is None else self.otherwise.value(scope)


@dataclass(frozen=True)
class Call(Expression):
    """A function of `tests.contract_evaluator.functions`."""

    name: str
    arguments: Sequence[Expression | Interval] = field(default=())

    def sql(self) -> str:
        written = (a.sql() if isinstance(a, Expression) else f"INTERVAL {a.count} {a.unit}" for a in self.arguments)
        return f"{self.name}({', '.join(written)})"

    def value(self, scope: Scope) -> Any:
        return FUNCTIONS[self.name](*(a.value(scope) if isinstance(a, Expression) else a for a in self.arguments))

    def collation(self, scope: Scope) -> str | None:
        of = [a.collation(scope) for a in self.arguments if isinstance(a, Expression)]
        return next((c for c in of if c not in (None, "ci")), next((c for c in of if c is not None), None))


def truth(expression: Expression, scope: Scope) -> bool | None:
    """Whether a condition holds; a number holds when it is not 0."""
    found = expression.value(scope)
    if found is None or isinstance(found, bool):
        return found
    number = number_of(found)
    if number is None:
        raise TypeError(f"{text_of(found)!r} is no condition in any contract here")
    return bool(number)


def written(contract: Any) -> Any:
    """The contract with its expressions as SQL text: what is saved as JSON."""
    if isinstance(contract, Expression):
        return contract.sql()
    if isinstance(contract, dict):
        return {name: written(part) for name, part in contract.items()}
    return [written(part) for part in contract] if isinstance(contract, (list, tuple)) else contract
