"""One contract table + the live schema -> everything its migration needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from core.compile.attributes import compile_attributes
from core.compile.collisions import KeyedRows, keys_are_distinct
from core.compile.dialects import dialect_of
from core.compile.entity import EntityScope
from core.compile.joins import JoinCheck
from core.compile.keys import EntityKeys, compile_keys, key_names, unused_templates
from core.compile.place import Place
from core.compile.select import DEFINITION_COLUMN, ENTITY_COLUMN, SelectBuilder
from core.compile.view import View, ViewPart, build_view, view_parts
from core.contract.checks import table_place
from core.contract.model import Attribute as ContractAttribute
from core.contract.model import Contract, Entity, Table
from core.contract.problems import ContractError, Problem, nearest, shown
from core.items.plan import ENTITY_TYPE, Attribute, ItemPlan
from core.items.sources import Template
from core.source_schema import SourceColumn, SourceSchema, SourceTable
from core.target_table import Index, KeyAttribute, TargetOptions, TargetTable


@dataclass(frozen=True)
class CompiledEntity:
    """One kind of item: the table its rows come from, and how they become items.

    `chunk_columns` are the source's key columns that ranges can be cut by (the plan's `chunk_columns` are where they
    stand); both are empty when the source can only be read whole. `never_null` are the view columns that are the
    source's own NOT NULL columns (of a view, the server says of nearly every column that it may be NULL).
    """

    source_table: str
    item: ItemPlan
    chunk_columns: tuple[str, ...]
    never_null: frozenset[int] = frozenset()


@dataclass(frozen=True)
class CompiledTable:
    """A contract table, compiled; one entity for a single-entity table.

    `parts` are what its view is made of. `distinct_keys`: a unique index proves that no two rows have one key.
    """

    name: str
    view: View
    target: TargetTable
    entities: tuple[CompiledEntity, ...]
    join_checks: tuple[JoinCheck, ...]
    distinct_keys: bool
    warnings: tuple[str, ...] = ()
    parts: tuple[ViewPart, ...] = ()


@dataclass(frozen=True)
class _World:
    """What every table of the contract is compiled against."""

    schema: SourceSchema
    options: TargetOptions
    moment: datetime | None


@dataclass(frozen=True)
class _Entity:
    """An entity under way."""

    scope: EntityScope
    keys: EntityKeys
    item: ItemPlan
    chunkable: bool


def compile_contract(
    contract: Contract, schema: SourceSchema, options: TargetOptions, *, moment: datetime | None = None
) -> list[CompiledTable]:
    """Compile every table. Raises ContractError with the problems of all of them.

    `moment` is what NOW() and its like mean; without one, each statement that reads a view has its own.
    """
    problems: list[Problem] = []
    world = _World(schema, options, moment)
    compiled = [_compile_table(n, t, world, problems) for n, t in enumerate(contract.tables)]
    if problems:
        raise ContractError(problems)
    return [table for table in compiled if table is not None]


def _compile_table(number: int, table: Table, world: _World, problems: list[Problem]) -> CompiledTable | None:
    place = Place(table_place(number, table), problems, [])
    before = len(problems)
    names: set[str] = {DEFINITION_COLUMN, ENTITY_COLUMN}
    several = len(table.entities or []) > 1
    parts: list[Entity | None] = list(table.entities) if table.entities else [None]
    found = [_compile_entity(table, e, n if several else None, names, world, place) for n, e in enumerate(parts)]
    entities = [e for e in found if e is not None]
    types = _key_types(table, [e.keys for e in entities], place)
    if len(problems) > before:
        return None
    view = build_view(table.view_name, [e.scope.select for e in entities])
    return CompiledTable(
        name=table.table,
        view=view,
        target=_target(table, types, world.options),
        entities=tuple(_compiled(e) for e in entities),
        join_checks=tuple(place.checks),
        distinct_keys=keys_are_distinct([KeyedRows(e.item, _unique_columns(e.scope)) for e in entities]),
        warnings=tuple(
            w
            for entity, e in zip(parts, entities, strict=True)
            if entity is not None
            for w in unused_templates(table, entity, e.scope)
        ),
        parts=tuple(part for e in entities for part in view_parts(e.scope.place.name, e.scope.select)),
    )


def _compile_entity(
    table: Table, entity: Entity | None, number: int | None, names: set[str], world: _World, place: Place
) -> _Entity | None:
    at = place if entity is None else place.inside(f"entity {entity.entity_type}")
    source = _source(entity.source_table if entity else table.source_table or "", world.schema, at)
    if source is None:
        return None
    given: Sequence[ContractAttribute] = (entity.attributes if entity else table.attributes) or []
    by_name = {a.name: a for a in given}
    dialect = dialect_of(world.schema.engine, world.schema.version)
    scope = EntityScope(
        select=SelectBuilder(source, world.schema, names, number is not None, world.moment, dialect.lacks),
        schema=world.schema,
        dialect=dialect,
        attributes=by_name,
        key_names=key_names(table, entity, by_name, source),
        place=at,
    )
    if entity is not None and ENTITY_TYPE in scope.attributes:
        at.problem(f"attribute {ENTITY_TYPE}", "is the name of the attribute that tells entities apart", "Rename it.")
    sources = compile_attributes(scope)
    keys = compile_keys(table, entity, scope, place if entity is None else at)
    attributes = [Attribute(a.name, a.type, sources[a.name]) for a in given if a.name in sources]
    attributes += keys.added
    if entity is not None:
        attributes.append(Attribute(ENTITY_TYPE, "S", Template((entity.entity_type,))))
    key_columns = source.row_key()
    row_key = tuple(_key_column(scope.select, c) for c in key_columns)
    chunkable = bool(key_columns) and all(c.supports_ranges for c in key_columns)
    item = ItemPlan(
        columns=tuple(scope.select.columns),
        row_key=row_key,
        row_key_names=tuple(c.name for c in key_columns),
        attributes=tuple(attributes),
        keys=keys.keys,
        chunk_columns=row_key if chunkable else (),
        entity=None if number is None else str(number),
        several_items=bool(scope.select.many),
    )
    return _Entity(scope, keys, item, chunkable)


def _source(name: str, schema: SourceSchema, place: Place) -> SourceTable | None:
    source = schema.table(name)
    if source is None:
        known = [t.name for t in schema.tables]
        place.problem("source_table", f"there is no table {shown(name)} in {schema.database}", nearest(name, known))
    return source


def _key_types(table: Table, entities: Sequence[EntityKeys], place: Place) -> list[tuple[str, str]]:
    """The type of each key attribute, the same in every entity (rule 19)."""
    types: dict[str, str] = {}
    for keys in entities:
        for key in keys.keys:
            if types.setdefault(key.name, key.type) != key.type:
                place.problem(
                    key.role, f"{shown(key.name)} is {types[key.name]} in one entity and {key.type} in another"
                )
    for gsi in table.gsis:
        for role, name in (("pk", gsi.pk), ("sk", gsi.sk)):
            if name is not None and entities and name not in types and not place.problems:
                place.problem(f"gsi {gsi.index_name}, {role}", f"no attribute of any entity produces {shown(name)}")
    odd = [(name, type_) for name, type_ in types.items() if type_ not in {"S", "N", "B"}]
    for name, type_ in odd:
        place.problem("", f"the key {shown(name)} has type {type_}; a key is S, N or B")
    return list(types.items())


def _key_column(select: SelectBuilder, column: SourceColumn) -> int:
    tree = exp.column(column.name, table=select.relation.alias, quoted=True)
    return select.add_column(tree, column.kind or "binary", column.name)


def _unique_columns(scope: EntityScope) -> list[frozenset[int]]:
    """The source's unique keys without NULLs, as view columns; none when a key join gives several items a row."""
    select, source = scope.select, scope.select.source
    if select.many:
        return []
    found: list[frozenset[int]] = []
    for names in [source.primary_key, *(k.columns for k in source.unique_keys if not k.nullable)]:
        if any(c is not None and c.shares_texts for c in map(source.column, names)):
            continue
        indexes = [select.index_of(exp.column(n, table=select.relation.alias, quoted=True)) for n in names]
        if names and None not in indexes:
            found.append(frozenset(i for i in indexes if i is not None))
    return found


def _compiled(entity: _Entity) -> CompiledEntity:
    source = entity.scope.select.source
    columns = tuple(c.name for c in source.row_key()) if entity.chunkable else ()
    return CompiledEntity(source.name, entity.item, columns, _never_null(entity.scope))


def _never_null(scope: EntityScope) -> frozenset[int]:
    select = scope.select
    columns = [
        exp.column(c.name, table=select.relation.alias, quoted=True) for c in select.source.columns if not c.nullable
    ]
    return frozenset(i for i in map(select.index_of, columns) if i is not None)


def _target(table: Table, types: Sequence[tuple[str, str]], options: TargetOptions) -> TargetTable:
    return TargetTable(
        table_name=options.table_prefix + table.table,
        attributes=tuple(KeyAttribute(name, type_) for name, type_ in types),
        partition_key=table.pk,
        sort_key=table.sk,
        indexes=tuple(
            Index(g.index_name, g.pk, g.sk, g.projection, tuple(g.projected_attributes or ())) for g in table.gsis
        ),
        options=options,
    )
