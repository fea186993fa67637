"""Whole tables of a contract: a random mix of attributes, keys, indexes, entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.contract_evaluator.tables import Table
from tests.properties.attributes import attribute, is_scalar
from tests.properties.linked import linked
from tests.properties.rows import all_rows
from tests.properties.shops import LINKS, Shop

_ROLES = ("goods", "goods", "goods", "kind", "note")
_NAMES = ("a", "größe", "two words", "x.y", "back`tick", "😀", "Order", "tableferry_1", "it's")


@dataclass(frozen=True, repr=False)
class Example:
    """A table of a contract as trees, and the source's tables with rows."""

    shop: Shop
    contract: dict[str, Any]
    tables: list[Table]

    def __repr__(self) -> str:
        return f"a contract over {self.shop}"


def examples(shops: Sequence[Shop]) -> st.SearchStrategy[Example]:
    """A shop with rows and a contract over it."""
    rows = [all_rows(shop) for shop in shops]

    @st.composite
    def example(draw: st.DrawFn) -> Example:
        shop = draw(st.sampled_from(shops))
        contract = _entities(draw, shop) if not draw(st.integers(0, 3)) else _single(draw, shop)
        return Example(shop, contract, list(draw(rows[shop.number]).values()))

    return example()


def _single(draw: st.DrawFn, shop: Shop) -> dict[str, Any]:
    role = draw(st.sampled_from(_ROLES))
    attributes = [_plain(shop, role, "id", draw(st.sampled_from("NS"))), *_some(draw, shop, role)]
    contract: dict[str, Any] = {
        "table": "T-1",
        "type": "single-entity",
        "source_table": shop.tables[role].name,
        "pk": "the id",
        "attributes": attributes,
    }
    contract |= _keys(draw, shop, role, attributes)
    contract["gsis"] = _indexes(draw, shop, role, attributes)
    return contract


def _plain(shop: Shop, role: str, column: str, type_: str) -> dict[str, Any]:
    return {"name": f"the {column}", "type": type_, "source_column": shop.names[role, column]}


def _some(draw: st.DrawFn, shop: Shop, role: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        scalars = [a["name"] for a in found if is_scalar(a)]
        found.append(attribute(draw, shop, role, f"{_NAMES[number]}{number}", scalars))
    return found


def _keys(draw: st.DrawFn, shop: Shop, role: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """The id alone; with a sort key; composed; of a looked-up attribute, which makes one item a match."""
    scalars = [a["name"] for a in attributes[1:] if a["type"] in {"S", "N", "B"} and "'" not in a["name"]]
    texts = [a["name"] for a in attributes if is_scalar(a)]
    column = shop.names[role, "name"]
    shape = draw(st.integers(0, 9))
    if shape == 0 and scalars:
        return {"sk": draw(st.sampled_from(scalars))}
    if shape == 1 and scalars:
        return {"pk": draw(st.sampled_from(scalars))}
    if shape == 2:
        return {"pk": f"{draw(st.sampled_from((*texts, column)))}#the id"}
    if shape == 3:
        return {"sk": f"the id#{draw(st.sampled_from((*texts, column)))}"}
    if shape == 4:
        attributes += _looked_up(draw, shop, role)
        return {"sk": "match"}
    return {}


def _looked_up(draw: st.DrawFn, shop: Shop, role: str) -> list[dict[str, Any]]:
    """A key attribute of a join with several matches, and perhaps one that follows it."""
    link = draw(st.sampled_from([li for li in LINKS if li.source == role and li.target in {"note", "goods"}]))
    join = {
        "type": "lookup-table",
        "target_table": shop.tables[link.target].name,
        "join_condition": linked(draw, shop, link),
        "select_column": shop.col(link.target, "id"),
    }
    found = [{"name": "match", "type": "N", "join": join}]
    if draw(st.booleans()):
        other = {**join, "select_column": shop.col(link.target, "name")}
        found.append({"name": "its name", "type": "S", "join": other})
    return found


def _indexes(draw: st.DrawFn, shop: Shop, role: str, attributes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = [a["name"] for a in attributes if a["type"] in {"S", "N", "B"}]
    texts = [a["name"] for a in attributes if is_scalar(a)]
    found: list[dict[str, Any]] = []
    for number in range(draw(st.sampled_from((0, 0, 1, 2)))):
        pk, sk = draw(st.sampled_from((*keys, "the id#" + draw(st.sampled_from(texts))))), None
        if draw(st.booleans()):
            sk = draw(st.sampled_from((*keys, shop.names[role, "name"] + "#the id")))
        found.append({"index_name": f"By-{number}", "pk": pk, "sk": None if sk == pk else sk})
    return found


def _entities(draw: st.DrawFn, shop: Shop) -> dict[str, Any]:
    """Several kinds of items in one table: templates, or attributes of the keys' names."""
    entities = []
    for number in range(draw(st.integers(1, 3))):
        role = draw(st.sampled_from(_ROLES))
        attributes = _some(draw, shop, role)
        scalars = [a["name"] for a in attributes if is_scalar(a)]
        identity, name = shop.names[role, "id"], shop.names[role, "name"]
        entity: dict[str, Any] = {
            "entity_type": f"{role.upper()} {number}",
            "source_table": shop.tables[role].name,
            "pk_template": draw(st.sampled_from((f"{role}#{{{identity}}}", f"{{{name}}}", f"P{{{identity}}}'\\"))),
            "sk_template": draw(st.sampled_from((f"E{number}", f"{number}#{{{identity}}}#{{{name}}}", *_of(scalars)))),
            "attributes": attributes,
        }
        if not draw(st.integers(0, 3)):
            attributes.append({**_plain(shop, role, "name", "S"), "name": "PK"})
            entity["pk_template"] = "{unknown}" if draw(st.booleans()) else None
        entities.append(entity)
    contract: dict[str, Any] = {"table": "T-1", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": entities}
    shared = {a["name"] for e in entities for a in e["attributes"] if a["type"] == "S"}
    odd = {a["name"] for e in entities for a in e["attributes"] if a["type"] != "S"}
    if draw(st.booleans()) and shared - odd - {"PK"}:
        contract["gsis"] = [
            {"index_name": "By-0", "pk": draw(st.sampled_from(sorted(shared - odd - {"PK"}))), "sk": "PK"}
        ]
    return contract


def _of(scalars: list[str]) -> list[str]:
    return [f"{{{name}}}" for name in scalars[:1]]
