"""The items of one table of a contract, computed from the source's rows in plain Python.

Expressions in the contract are trees (`expressions`), `order_by` is a list of (expression, "ASC" or "DESC"), and
`select_column` of COUNT may be "*". An item's size is not looked at: generated items are small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

from tests.contract_evaluator.attribute_values import RejectedValue, attribute_value, shown
from tests.contract_evaluator.expressions import Record
from tests.contract_evaluator.joined import Built, Collected, calculated, joined
from tests.contract_evaluator.matching import JoinKey, Source
from tests.contract_evaluator.several import built_text, built_value, collected_value
from tests.contract_evaluator.sql_values import text_of
from tests.contract_evaluator.tables import Table
from tests.contract_evaluator.transformed import filled, named, transformed

_LONGEST_KEY = {"pk": 2_048, "sk": 1_024}


@dataclass(frozen=True)
class Outcome:
    """What became of one row: an item, or rejects as (attribute, reason), any of which may be the one that is told."""

    row: tuple[tuple[str, str | None], ...]
    item: dict[str, Any] | None
    rejects: frozenset[tuple[str, str]] = frozenset()


def outcomes(contract: dict[str, Any], tables: Sequence[Table]) -> list[Outcome]:
    """All rows of one table of a contract. Raises SeveralMatches where the contract must be refused; Unspecified."""
    known = {t.name: t for t in tables}
    stored = {t.name: t.stored() for t in tables}
    found: list[Outcome] = []
    for entity in contract.get("entities") or [contract]:
        name = entity["source_table"]
        for row in stored[name]:
            source = Source(name, Record(known[name], row), known, stored)
            found += [_Row(contract, entity, s).outcome() for s in _bound(contract, entity, source)]
    return found


def _bound(contract: dict[str, Any], entity: dict[str, Any], source: Source) -> Iterator[Source]:
    """One source for each combination of the rows that looked-up keys match (rule 13)."""
    keys = _key_parts(contract, entity, source)
    joins: dict[JoinKey, list[Record]] = {}
    for attribute in entity["attributes"]:
        join = attribute.get("join", {})
        if attribute["name"] in keys and join.get("type") in {"foreign-key", "lookup-table"}:
            target, conditions = join["target_table"], (join["join_condition"],)
            found = source.matches(target, conditions)
            joins[target, conditions] = found or [Record(source.tables[target], None)]
    for chosen in product(*joins.values()):
        yield replace(source, bound=dict(zip(joins, chosen, strict=True)))


def _key_parts(contract: dict[str, Any], entity: dict[str, Any], source: Source) -> set[str]:
    """The attributes that the key is made of, by whatever way."""
    formats = {a["name"]: a.get("transformation", {}).get("format", "") for a in entity["attributes"]}
    found: set[str] = set()
    new = {
        name
        for role in ("pk", "sk")
        for name in _made_of(contract.get(role), entity.get(f"{role}_template"), formats, source)
    }
    while new:
        found |= new
        new = {n for name in new for n in named(formats[name], source) if n in formats} - found
    return found


def _made_of(key: str | None, template: str | None, formats: Mapping[str, str], source: Source) -> list[str]:
    if key is None or key in formats:
        return [] if key is None else [key]
    parts = key.split("#") if template is None else named(template, source)
    return [part for part in parts if part in formats]


class _Row:
    """One row under way."""

    def __init__(self, contract: dict[str, Any], entity: dict[str, Any], source: Source) -> None:
        self.contract, self.entity, self.source = contract, entity, source
        self.attributes: Mapping[str, dict[str, Any]] = {a["name"]: a for a in entity["attributes"]}
        self.rejects: set[tuple[str, str]] = set()
        self.item: dict[str, Any] = {}

    def outcome(self) -> Outcome:
        for name, attribute in self.attributes.items():
            self._add(name, partial(self._value, attribute))
        for name, text in self._keys():
            self._add(name, text)
        if "entity_type" in self.entity:
            self.item["entity_type"] = {"S": self.entity["entity_type"]}
        if not self.rejects:
            self._check_keys()
        record = self.source.record
        row = tuple((name, _shown(record.value(name))) for name in record.table.key)
        return Outcome(row, None if self.rejects else self.item, frozenset(self.rejects))

    def _add(self, name: str, value: Any) -> None:
        try:
            found = value()
        except RejectedValue as reject:
            self.rejects.add((name, reject.reason))
        else:
            if found is not None:
                self.item[name] = found

    def _value(self, attribute: dict[str, Any]) -> dict[str, Any] | None:
        made = self._made(attribute)
        if isinstance(made, Collected):
            return collected_value(attribute["type"], made)
        if isinstance(made, Built):
            return built_value(attribute["type"], made)
        return attribute_value(attribute["type"], made)

    def _made(self, attribute: dict[str, Any]) -> Any:
        transformation = attribute.get("transformation")
        if transformation is not None and transformation["type"] == "string-format":
            own = attribute["name"] if {"join", "calculation"} & attribute.keys() else None
            return filled(transformation["format"], self.source, lambda name: self._text(name, attribute), own)
        value = self._given(attribute)
        if transformation is None or value is None:
            return value
        return transformed(transformation, built_text(value) if isinstance(value, Built) else value)

    def _given(self, attribute: dict[str, Any]) -> Any:
        """Before any transformation."""
        if "join" in attribute:
            return joined(attribute, attribute["join"], self.source)
        if "calculation" in attribute:
            return calculated(attribute["calculation"], self.source)
        return self.source.record.value(attribute["source_column"])

    def _text(self, name: str, asking: dict[str, Any] | None = None) -> str | None:
        """An attribute's text; for a string-format that names its own attribute, what was joined."""
        attribute = self.attributes[name]
        value = self._given(attribute) if attribute is asking else self._made(attribute)
        return built_text(value) if isinstance(value, Built) else shown(value)

    def _keys(self) -> Iterator[tuple[str, Any]]:
        """The keys that no attribute gives: templates and composed keys."""
        roles = [("pk", self.contract["pk"]), ("sk", self.contract.get("sk"))]
        roles += [("", gsi.get(role)) for gsi in self.contract.get("gsis", []) for role in ("pk", "sk")]
        for role, name in roles:
            if name is None or name in self.attributes or name in self.item:
                continue
            template = self.entity.get(f"{role}_template") if role else None
            if template is not None:
                yield name, lambda t=template: _string(filled(t, self.source, self._text))
            elif "#" in name and all(map(self._is_known, name.split("#"))):
                yield name, lambda n=name: _string(self._composed(n.split("#")))

    def _is_known(self, part: str) -> bool:
        return part in self.attributes or self.source.record.column(part) is not None

    def _composed(self, parts: list[str]) -> str | None:
        texts = [self._text(p) if p in self.attributes else shown(self.source.record.value(p)) for p in parts]
        return None if None in texts else "#".join(t for t in texts if t is not None)

    def _check_keys(self) -> None:
        for role in ("pk", "sk"):
            if (name := self.contract.get(role)) is not None:
                self._check_key(name, role, "key", must=True)
        for gsi in self.contract.get("gsis", []):
            for role in ("pk", "sk"):
                if gsi.get(role) is not None:
                    self._check_key(gsi[role], role, "index_key", must=False)

    def _check_key(self, name: str, role: str, word: str, *, must: bool) -> None:
        value = self.item.get(name)
        if value is None:
            self.rejects |= {(name, f"{word}_null")} if must else set()
            return
        ((_, content),) = value.items()
        if not isinstance(content, (str, bytes)):  # a number, or JSON text, which is neither empty nor long here
            return
        size = len(content.encode() if isinstance(content, str) else content)
        if not size or size > _LONGEST_KEY[role]:
            self.rejects.add((name, f"{word}_{'too_long' if size else 'empty'}"))


def _string(text: str | None) -> dict[str, Any] | None:
    return None if text is None else {"S": text}


def _shown(value: Any) -> str | None:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return None if value is None else text_of(value)
