"""What is wrong with a contract before any database is asked: names, keys, indexes, parts that exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.contract.model import Attribute, Contract, Entity, Gsi, Table
from core.contract.problems import Problem, nearest, plain, shown

# AWS "Quotas in Amazon DynamoDB": 20 GSIs a table by default; 100 projected attributes (INCLUDE) over all of them
MAX_GSIS = 20
MAX_PROJECTED = 100
MAX_KEY_NAME_BYTES = 255  # AWS, same page: names of key attributes, in UTF-8
KEY_TYPES = ("S", "N", "B")


def structural_problems(contract: Contract) -> list[Problem]:
    """Every problem that the document alone shows, in its order."""
    problems = list(_shared_names(contract))
    for number, table in enumerate(contract.tables):
        place = table_place(number, table)
        problems += _parts(place, table)
        problems += _indexes(place, table)
        if table.type == "single-entity" and table.attributes:
            problems += _attributes(place, table.attributes)
            problems += _keys(place, table)
        for entity in table.entities or []:
            problems += _attributes(entity_place(number, table, entity), entity.attributes)
    return problems


def table_place(number: int, table: Table) -> str:
    """How a table is named in a problem's place."""
    return f"tables[{number}] {table.table}"


def composed_parts(name: str) -> list[str]:
    """The parts of a composed key `a#b`; a name without '#' has one."""
    return name.split("#")


def _shared_names(contract: Contract) -> Iterator[Problem]:
    seen: dict[str, tuple[int, str]] = {}
    for number, table in enumerate(contract.tables):
        first, other = seen.setdefault(table.view_name, (number, table.table))
        if first != number and other == table.table:
            yield Problem(
                table_place(number, table), f"the table {other!r} stands here twice", "Remove or rename one of them."
            )
        elif other != table.table:
            yield Problem(
                table_place(number, table),
                f"would share the view {table.view_name} with table {other!r}: view names do not tell upper from "
                "lower case",
                "Rename one of them.",
            )
        if len(table.view_name) > 64:
            yield Problem(
                table_place(number, table),
                f"its view {table.view_name[:32]}... would have {len(table.view_name)} characters; MySQL allows 64",
                "Use a table name of at most 55 characters (TABLEFERRY_TABLE_PREFIX can add a prefix in DynamoDB).",
            )


def _parts(place: str, table: Table) -> Iterator[Problem]:
    if table.type == "single-entity":
        if table.source_table is None:
            yield Problem(place, "the key 'source_table' is missing: a single-entity table has one source")
        if not table.attributes:
            yield Problem(place, "the key 'attributes' is missing or empty: a single-entity table lists them")
        if table.entities is not None:
            yield Problem(f"{place}, entities", "belongs to a multi-entity table", "Set type to 'multi-entity'.")
    else:
        if not table.entities:
            yield Problem(place, "the key 'entities' is missing or empty: a multi-entity table lists them")
        if table.attributes is not None:
            yield Problem(f"{place}, attributes", "belong to the entities of a multi-entity table")
        yield from _duplicates(place, "entity", (e.entity_type for e in table.entities or []))


def _attributes(place: str, attributes: list[Attribute]) -> Iterator[Problem]:
    yield from _duplicates(place, "attribute", (a.name for a in attributes))
    for attribute in attributes:
        if attribute.calculation is not None and attribute.join is not None:
            yield Problem(attribute_place(place, attribute), "has a join and a calculation", "Keep one of them.")


def _indexes(place: str, table: Table) -> Iterator[Problem]:
    yield from _duplicates(place, "gsi", (g.index_name for g in table.gsis))
    if len(table.gsis) > MAX_GSIS:
        yield Problem(f"{place}, gsis", f"has {len(table.gsis)} indexes; DynamoDB allows {MAX_GSIS} a table")
    projected = sum(len(g.projected_attributes or []) for g in table.gsis)
    if projected > MAX_PROJECTED:
        yield Problem(f"{place}, gsis", f"project {projected} attributes; DynamoDB allows {MAX_PROJECTED} a table")
    for gsi in table.gsis:
        at = f"{place}, gsi {gsi.index_name}, projected_attributes"
        if gsi.projection == "INCLUDE" and not gsi.projected_attributes:
            yield Problem(at, "is missing or empty, but the projection is INCLUDE")
        if gsi.projection != "INCLUDE" and gsi.projected_attributes:
            yield Problem(at, f"has no meaning with the projection {gsi.projection}", "Use INCLUDE, or remove it.")
        yield from _duplicates(at, "attribute", gsi.projected_attributes or [])
        if table.attributes:
            yield from _projected(at, gsi, table)


def _projected(place: str, gsi: Gsi, table: Table) -> Iterator[Problem]:
    produced = {a.name for a in table.attributes or []} | set(_key_names(table))
    for name in gsi.projected_attributes or []:
        if name not in produced:
            yield Problem(place, f"no attribute produces {shown(name)}", nearest(name, produced))
        elif name in _key_names(table, gsi):
            yield Problem(place, f"{shown(name)} is a key and is always projected", "Remove it from the list.")


def _key_names(table: Table, gsi: Gsi | None = None) -> list[str]:
    if gsi is not None:
        return [k for k in (table.pk, table.sk, gsi.pk, gsi.sk) if k]
    return [k for k in (table.pk, table.sk, *(n for g in table.gsis for n in (g.pk, g.sk))) if k]


def _keys(place: str, table: Table) -> Iterator[Problem]:
    attributes = {a.name: a for a in table.attributes or []}
    for role, name in (("pk", table.pk), ("sk", table.sk)):
        if name is not None:
            yield from _key(f"{place}, {role}", name, attributes)
    if table.pk == table.sk:
        yield Problem(f"{place}, sk", "is the same attribute as pk")
    for gsi in table.gsis:
        for role, name in (("pk", gsi.pk), ("sk", gsi.sk)):
            if name is not None:
                yield from _key(f"{place}, gsi {gsi.index_name}, {role}", name, attributes)
        if gsi.pk == gsi.sk:
            yield Problem(f"{place}, gsi {gsi.index_name}, sk", "is the same attribute as pk")


def _key(place: str, name: str, attributes: dict[str, Attribute]) -> Iterator[Problem]:
    if len(name.encode()) > MAX_KEY_NAME_BYTES:
        yield Problem(place, f"has a name of {len(name.encode())} bytes; a key's has at most {MAX_KEY_NAME_BYTES}")
    attribute = attributes.get(name)
    if attribute is not None:
        if attribute.type not in KEY_TYPES:
            yield Problem(place, f"{shown(name)} has type {attribute.type}; a key is S, N or B")
    elif "#" in name:
        if "" in composed_parts(name):
            yield Problem(place, f"the composed key {shown(name)} has an empty part")
    else:
        yield Problem(place, f"no attribute produces {shown(name)}", nearest(name, attributes))


def _duplicates(place: str, word: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Problem(place, f"the {word} {shown(name)} stands here twice", "Remove or rename one of them.")
        seen.add(name)


def entity_place(number: int, table: Table, entity: Entity) -> str:
    """How an entity is named in a problem's place."""
    return f"{table_place(number, table)}, entity {plain(entity.entity_type)}"


def attribute_place(place: str, attribute: Attribute) -> str:
    """How an attribute of the table or entity at `place` is named in a problem's place."""
    return f"{place}, attribute {plain(attribute.name)}"
