"""One contract table + the live schema -> everything its migration needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from core.compile.attributes import Place, compile_attribute
from core.compile.collisions import collision_query
from core.compile.joins import JoinCheck
from core.compile.keys import compile_keys
from core.compile.view import View, ViewBuilder
from core.contract.checks import table_place
from core.contract.model import Contract, Table
from core.contract.problems import ContractError, Problem, nearest, shown
from core.items.plan import Attribute, ItemPlan
from core.source_schema import SourceColumn, SourceSchema, SourceTable
from core.target_table import Index, KeyAttribute, TargetOptions, TargetTable


@dataclass(frozen=True)
class CompiledTable:
    """A contract table, compiled.

    `chunk_columns` are the source's key columns that ranges can be cut by, `chunk_indexes` where they stand in the
    view; both are empty when the table can only be read whole. `collision_sql` counts rows that share a key, and is
    None where a unique index proves that there are none.
    """

    name: str
    source_table: str
    view: View
    target: TargetTable
    item: ItemPlan
    chunk_columns: tuple[str, ...]
    chunk_indexes: tuple[int, ...]
    join_checks: tuple[JoinCheck, ...]
    collision_sql: str | None


def compile_contract(contract: Contract, schema: SourceSchema, options: TargetOptions) -> list[CompiledTable]:
    """Compile every table. Raises ContractError with the problems of all of them."""
    problems: list[Problem] = []
    compiled = [_compile_table(n, t, schema, options, problems) for n, t in enumerate(contract.tables)]
    if problems:
        raise ContractError(problems)
    return [table for table in compiled if table is not None]


def _compile_table(
    number: int, table: Table, schema: SourceSchema, options: TargetOptions, problems: list[Problem]
) -> CompiledTable | None:
    checks: list[JoinCheck] = []
    place = Place(table_place(number, table), problems, checks)
    source = _source(table, schema, place)
    if source is None:
        return None
    view = ViewBuilder(table.view_name, source)
    columns = _attribute_columns(table, view, schema, place)
    keys = compile_keys(table, columns, view, place)
    key_columns = source.row_key()
    row_key = tuple(_key_column(view, c) for c in key_columns)
    if keys is None or len(columns) < len(table.attributes or []):
        return None
    item = ItemPlan(
        columns=tuple(view.columns),
        row_key=row_key,
        attributes=tuple(Attribute(a.name, a.type, columns[a.name]) for a in table.attributes or []),
        composed=keys.composed,
        keys=keys.keys,
        row_key_names=tuple(c.name for c in key_columns),
    )
    chunkable = bool(key_columns) and all(c.supports_ranges for c in key_columns)
    return CompiledTable(
        name=table.table,
        source_table=source.name,
        view=view.build(),
        target=_target(table, keys.types, options),
        item=item,
        chunk_columns=tuple(c.name for c in key_columns) if chunkable else (),
        chunk_indexes=row_key if chunkable else (),
        join_checks=tuple(checks),
        collision_sql=collision_query(table.view_name, item, _unique_columns(source, view)),
    )


def _source(table: Table, schema: SourceSchema, place: Place) -> SourceTable | None:
    if table.type == "multi-entity":
        place.problem("type", "'multi-entity' is not supported by this version of tableferry")
        return None
    name = table.source_table or ""
    source = schema.table(name)
    if source is None:
        known = [t.name for t in schema.tables]
        place.problem("source_table", f"there is no table {shown(name)} in {schema.database}", nearest(name, known))
    return source


def _attribute_columns(table: Table, view: ViewBuilder, schema: SourceSchema, place: Place) -> dict[str, int]:
    found: dict[str, int] = {}
    for attribute in table.attributes or []:
        index = compile_attribute(attribute, view, schema, place.inside(f"attribute {attribute.name}"))
        if index is not None:
            found[attribute.name] = index
    return found


def _key_column(view: ViewBuilder, column: SourceColumn) -> int:
    expression = exp.column(column.name, table=view.relation.alias, quoted=True)
    return view.add_column(expression, column.kind or "binary", column.name)


def _unique_columns(source: SourceTable, view: ViewBuilder) -> list[frozenset[int]]:
    """The source's unique keys without NULLs, as the indexes of view columns that hold them."""
    found: list[frozenset[int]] = []
    for names in [source.primary_key, *(k.columns for k in source.unique_keys if not k.nullable)]:
        indexes = [view.index_of(exp.column(n, table=view.relation.alias, quoted=True)) for n in names]
        if names and None not in indexes:
            found.append(frozenset(i for i in indexes if i is not None))
    return found


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
