"""Which rows a join finds for one source row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.contract_evaluator.expressions import Expression, Record, Scope, truth
from tests.contract_evaluator.tables import Row, Table

JoinKey = tuple[str, tuple[Expression, ...]]


class SeveralMatches(Exception):  # noqa: N818 - an outcome: such a contract is refused before anything is created
    """A row of a join that must match at most once matches several rows."""


@dataclass(frozen=True)
class Source:
    """One source row: the name of its table in the contract, and all tables.

    `bound`: the joined rows that the item's key chose where a looked-up key makes one item a match (rule 13).
    """

    name: str
    record: Record
    tables: Mapping[str, Table]
    stored: Mapping[str, Sequence[Row]]
    bound: Mapping[JoinKey, Record] = field(default_factory=dict)

    def scope(self) -> Scope:
        """The source row alone: `condition`, `when`, `then`, templates."""
        return Scope({self.name: self.record}, self.name)

    def matches(self, target: str, conditions: Sequence[Expression], alias: str | None = None) -> list[Record]:
        """The target's rows that fulfil all conditions."""
        table = self.tables[target]
        records = [Record(table, row) for row in self.stored[target]]
        return [r for r in records if all(truth(c, self.joined(alias or target, r)) for c in conditions)]

    def match(self, target: str, conditions: Sequence[Expression], alias: str | None = None) -> Record:
        """The one match, or the row of NULLs. Raises SeveralMatches."""
        key = (target, tuple(conditions))
        if key in self.bound:
            return self.bound[key]
        return only(self.matches(target, conditions, alias), self.tables[target])

    def joined(self, name: str, target: Record) -> Scope:
        """Source and target side by side, for a join's condition."""
        if name == self.name:
            return Scope({}, sides=(Scope({name: target}, name), self.scope()))
        return Scope({self.name: self.record, name: target})

    def selecting(self, name: str, target: Record) -> Scope:
        """The same for a selected value, where names without a table are the target's."""
        records = {name: target} if name == self.name else {self.name: self.record, name: target}
        return Scope(records, name)


def only(found: Sequence[Record], table: Table) -> Record:
    """The one record found, or the row of NULLs. Raises SeveralMatches."""
    if len(found) > 1:
        raise SeveralMatches
    return found[0] if found else Record(table, None)
