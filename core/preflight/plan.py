"""How the rows of one table are looked at before anything is written: what is proved, what is asked, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.items.keys import MAX_BYTES
from core.items.plan import Attribute, ItemPlan, Key
from core.items.rejects import Reason
from core.items.size import MAX_ITEM_BYTES
from core.items.sources import FromColumn
from core.preflight.columns import ColumnFacts
from core.preflight.doubts import Doubt, doubts_of
from core.preflight.extents import extent_of
from core.preflight.key_sql import length_sql, value_sql

_SHORT = 4_096  # a value of at most this many bytes counts with them all; a longer one is measured
_NUMBER_BYTES = 21


class Tier(StrEnum):
    """How the rows are looked at: not at all, by the database, or by a run of the loader."""

    SCHEMA = "schema"
    SQL = "sql"
    RUN = "run"


@dataclass(frozen=True)
class EntityRows:
    """One entity's plan, what is known of its columns, and whether a unique index keeps its keys apart."""

    item: ItemPlan
    columns: tuple[ColumnFacts, ...]


@dataclass(frozen=True)
class KeyQuestion:
    """A way in which a key can be wrong; `condition` is SQL that is true (never NULL) for the rows where it is."""

    reason: str
    attribute: str
    message: str
    condition: str


@dataclass(frozen=True)
class EntityQuestions:
    """What the database is asked about one entity: `keys` in the loader's order, so that the first that is true counts.

    `suspects` are conditions for rows that only the loader can judge. `key_values` are the table key's bytes.
    """

    item: ItemPlan
    suspects: tuple[str, ...]
    keys: tuple[KeyQuestion, ...]
    key_values: tuple[str, ...]


@dataclass(frozen=True)
class PreflightPlan:
    """`because` says what kept the cheaper tiers from being enough."""

    tier: Tier
    because: tuple[str, ...]
    distinct_keys: bool
    entities: tuple[EntityQuestions, ...]


def plan_preflight(entities: Sequence[EntityRows], *, distinct_keys: bool) -> PreflightPlan:
    """Choose the cheapest tier that is exact. `distinct_keys`: the schema proves that no two rows share a key."""
    parts = [_Entity(rows, asks_keys=not distinct_keys) for rows in entities]
    doubts = [doubt for part in parts for doubt in part.doubts]
    unsayable = [doubt.why for doubt in doubts if doubt.suspects is None]
    asked = [doubt.why for doubt in doubts] + [f"{q.attribute}: {q.reason}" for part in parts for q in part.questions]
    if not distinct_keys:
        asked.append("no unique index keeps the keys apart")
    tier = Tier.RUN if unsayable else Tier.SQL if asked else Tier.SCHEMA
    because = unsayable if unsayable else asked
    return PreflightPlan(tier, tuple(dict.fromkeys(because)), distinct_keys, tuple(part.asked() for part in parts))


class _Entity:
    def __init__(self, rows: EntityRows, *, asks_keys: bool) -> None:
        self._rows = rows
        self._sources = {attribute.name: attribute.source for attribute in rows.item.attributes}
        self.questions: list[KeyQuestion] = []
        self.doubts = [d for attribute in rows.item.attributes for d in doubts_of(attribute, rows.columns)]
        for key in rows.item.keys:
            self._ask(key)
        if (size := self._size()) is not None:
            self.doubts.append(size)
        self._key_values = [self._value(key) for key in rows.item.keys if key.index is None]
        if asks_keys and None in self._key_values:
            self.doubts.append(Doubt("a key that only the loader can compute may not be unique"))

    def asked(self) -> EntityQuestions:
        return EntityQuestions(
            item=self._rows.item,
            suspects=tuple(d.suspects for d in self.doubts if d.suspects is not None),
            keys=tuple(self.questions),
            key_values=tuple(value for value in self._key_values if value is not None),
        )

    def _value(self, key: Key) -> str | None:
        return value_sql(self._sources[key.name], key.type, self._rows.columns)

    def _ask(self, key: Key) -> None:
        """In the order of `core.items.keys.key_check`: NULL, empty, too long."""
        extent = extent_of(self._sources[key.name], self._rows.columns)
        limit = MAX_BYTES[key.role]
        null = key.index is None and extent.nullable
        empty = key.type != "N" and extent.may_be_empty
        long = key.type != "N" and (extent.most is None or extent.most > limit)
        if not (null or empty or long):
            return
        measured = length_sql(self._sources[key.name], key.type, self._rows.columns)
        if measured is None:
            self.doubts.append(Doubt(f"the key {key.name} is known only when the loader makes it"))
            return
        whose = "the table's key" if key.index is None else f"the key of index {key.index}"
        if null:
            self._note(Reason.KEY_NULL, key, f"{whose} is NULL", f"{measured} IS NULL")
        length = f"COALESCE({measured}, 1)"
        if empty:
            reason = Reason.KEY_EMPTY if key.index is None else Reason.INDEX_KEY_EMPTY
            self._note(reason, key, f"{whose} is empty", f"{length} = 0")
        if long:
            reason = Reason.KEY_TOO_LONG if key.index is None else Reason.INDEX_KEY_TOO_LONG
            whose = f"the table's {key.role}" if key.index is None else f"the {key.role} of index {key.index}"
            self._note(reason, key, f"{whose} has over {limit:,} bytes", f"{length} > {limit}")

    def _note(self, reason: str, key: Key, message: str, condition: str) -> None:
        self.questions.append(KeyQuestion(reason, key.name, message, condition))

    def _size(self) -> Doubt | None:
        """Whether an item could pass 400 KB: counted from what the schema bounds, measured for what is long."""
        known, measured = 0, []
        for attribute in self._rows.item.attributes:
            most = self._most(attribute)
            known += len(attribute.name.encode())
            if most is not None and most <= _SHORT:
                known += most
                continue
            length = length_sql(attribute.source, attribute.type, self._rows.columns)
            if length is None or attribute.type not in {"S", "B"}:
                return Doubt(f"attribute {attribute.name} may be near 400 KB")
            measured.append((length, most))
        if known > MAX_ITEM_BYTES:
            return Doubt("the item may be near 400 KB")
        if all(most is not None for _, most in measured) and known + sum(m or 0 for _, m in measured) <= MAX_ITEM_BYTES:
            return None
        total = " + ".join(f"COALESCE({length}, 0)" for length, _ in measured)
        return Doubt("an item may pass 400 KB", f"{total} > {MAX_ITEM_BYTES - known}")

    def _most(self, attribute: Attribute) -> int | None:
        if attribute.type in {"BOOL", "NULL"}:
            return 1
        if attribute.type == "N":
            return _NUMBER_BYTES
        extent = extent_of(attribute.source, self._rows.columns)
        if attribute.type == "SS" and isinstance(attribute.source, FromColumn) and extent.most is not None:
            return 3 + 64 + extent.most  # a SET has at most 64 members
        return extent.most if attribute.type in {"S", "B"} else None
