"""The product's own way from a contract to items: its compiler, its view on a real server, its reader and converter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql

from adapters.loader.credentials import Source
from adapters.loader.rows import RowReader
from core.compile import ENTITY_COLUMN, CompiledTable, compile_contract
from core.contract import parse_contract
from core.items.item import ItemConverter
from core.items.plan import Chunk, LoadPlan
from core.items.rejects import RejectedRow
from core.source_schema import SourceSchema
from core.target_table import TargetOptions
from tests.conftest import Database
from tests.contract_evaluator.tables import Table

Row = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Made:
    """What the product makes of one row of its view: an item, or a reject as (attribute, reason)."""

    row: Row
    item: dict[str, Any] | None
    reject: tuple[str, str] | None


class Product:
    """The product over one database whose tables have been described once, as planning does."""

    def __init__(self, database: Database, schema: SourceSchema, connection: pymysql.Connection[Any]) -> None:
        self.database, self.schema, self.connection = database, schema, connection

    def fill(self, tables: Sequence[Table]) -> None:
        """Replace all rows of the tables."""
        with self.connection.cursor() as cursor:
            for table in tables:
                name = table.name.replace("`", "``")
                cursor.execute(f"DELETE FROM `{name}`")
                if (insert := table.insert()) is not None:
                    cursor.execute(*insert)
        self.connection.commit()

    def compiled(self, document: dict[str, Any]) -> CompiledTable:
        """The one table of the contract. Raises ContractError."""
        contract = parse_contract(json.dumps(document, ensure_ascii=False))
        (table,) = compile_contract(contract, self.schema, TargetOptions())
        return table

    def items(self, tables: Sequence[Table], contract: dict[str, Any]) -> list[Any]:
        """The items of one contract table over these tables, in no order; empty for a row that is a reject."""
        self.fill(tables)
        table = self.compiled({"tables": [contract]})
        self.create_view(table)
        return [made.item or {} for made in self.outcomes(table)]

    def is_refused(self, table: CompiledTable) -> bool:
        """Whether planning would find a join with several matches."""
        return any(self._rows(check.sql) for check in table.join_checks)

    def create_view(self, table: CompiledTable) -> None:
        """The view, in place of the one before."""
        with self.connection.cursor() as cursor:
            cursor.execute(table.view.create_sql(replace=True))

    def outcomes(self, table: CompiledTable) -> Iterator[Made]:
        """Every row of the view, read and converted as the loader does."""
        items = tuple(entity.item for entity in table.entities)
        chunks = tuple(Chunk(n, None, None, 0, n) for n in range(len(items)))
        entity_column = ENTITY_COLUMN if len(items) > 1 else None
        plan = LoadPlan(
            "m-1", table.name, table.name, self.database.name, table.view.name, "", items, entity_column, chunks, ""
        )
        plan = LoadPlan.from_json(plan.to_json())
        source = Source(self.database.host, self.database.port, self.database.user, self.database.password)
        reader = RowReader(source, plan)
        try:
            for chunk in plan.chunks:
                converter = ItemConverter(plan.item_of(chunk))
                for group in reader.read(chunk):
                    yield from (_made(converter, row) for row in group)
        finally:
            reader.close()

    def _rows(self, sql: str) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


def _made(converter: ItemConverter, row: Sequence[Any]) -> Made:
    key = tuple(converter.row_key(row).items())
    try:
        return Made(key, converter.convert(row), None)
    except RejectedRow as reject:
        return Made(key, None, (reject.attribute, reject.reason))
