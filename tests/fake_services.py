"""The four services in memory: what happened to them is counted, and it outlives the driver that did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import ConflictError, NotFoundError
from core.items.plan import Cell
from core.ports import (
    ChunkBound,
    CreatedTable,
    FoundTable,
    Item,
    PermissionReport,
    QueryResult,
    ServiceStatus,
    ViewState,
)
from core.source_position import SourcePosition
from core.source_schema import SourceSchema, SourceTable

CHECKED_AT = "2026-01-02T03:04:05+00:00"


class ProcessKilled(BaseException):
    """The process ends here; nothing in it may catch this."""


@dataclass
class Effects:
    """Every change of the world, in order; `kill` ends the process right before or after one of them."""

    log: list[str] = field(default_factory=list)
    kill: tuple[str, str] | None = None

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        if self.kill == ("before", name):
            self.kill = None
            raise ProcessKilled(name)
        yield
        self.log.append(name)
        if self.kill == ("after", name):
            self.kill = None
            raise ProcessKilled(name)

    def count(self, name: str) -> int:
        return self.log.count(name)


def ready(server: str) -> tuple[ServiceStatus, PermissionReport]:
    return ServiceStatus(server, True, {}, CHECKED_AT), PermissionReport(server, True, (), CHECKED_AT)


@dataclass
class FakeSource:
    """A source with the rows that its one view shows; `collisions` and `problems` are what preflights are answered.

    Its position is `changes`, which grows before each look while it `moves`.
    """

    effects: Effects
    schema: SourceSchema
    rows: list[tuple[Cell, ...]]
    view_columns: tuple[str, ...]
    collisions: list[tuple[Cell, ...]] = field(default_factory=list)
    problems: list[tuple[Cell, ...]] = field(default_factory=list)
    multiplied: list[tuple[Cell, ...]] = field(default_factory=list)
    views: dict[str, str] = field(default_factory=dict)
    foreign_view: bool = False
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    described: list[list[str]] = field(default_factory=list)
    changes: int = 1
    moves: bool = False

    async def status(self) -> ServiceStatus:
        return ready("mysql")[0]

    async def permissions(self) -> PermissionReport:
        return ready("mysql")[1]

    async def describe_schema(self, tables: Sequence[str]) -> SourceSchema:
        self.described.append(list(tables))
        if set(tables) & set(self.views):
            return replace(self.schema, tables=(self._view(tables[0]),))
        return replace(
            self.schema, tables=tuple(t for t in self.schema.tables if not tables or self._named(t.name, tables))
        )

    def _view(self, name: str) -> SourceTable:
        """The view as the server describes it: of nearly every column it says that it may be NULL."""
        known = {c.name: c for table in self.schema.tables for c in table.columns}
        columns = tuple(replace(known[c], nullable=True) for c in self.view_columns if c in known)
        return SourceTable(name, columns, is_view=True)

    def _named(self, name: str, tables: Sequence[str]) -> bool:
        folds = self.schema.lower_case_table_names != 0
        return (name.lower() if folds else name) in {t.lower() if folds else t for t in tables}

    async def query(
        self, sql: str, parameters: Sequence[Cell] = (), *, max_rows: int = 100, timeout_seconds: float = 600
    ) -> QueryResult:
        assert 1 <= max_rows <= 10_000
        if sql.startswith("SELECT COUNT(*)"):
            return QueryResult(("COUNT(*)",), ((str(len(self.rows)),),), False)
        if "tableferry_digest" in sql:
            return QueryResult(("digest", "n", "keys", "rows"), tuple(self.collisions), False)
        if "tableferry_number" in sql:
            return QueryResult(("number", "n"), tuple(self.problems), False)
        if sql.startswith("SELECT 1 "):
            return QueryResult(("1",), tuple(self.multiplied[:max_rows]), False)
        return QueryResult(self.view_columns, tuple(self.rows[:max_rows]), len(self.rows) > max_rows)

    async def plan_chunks(
        self,
        table: str,
        key_columns: Sequence[str],
        rows_per_chunk: int,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[ChunkBound]:
        pages = [self.rows[n : n + rows_per_chunk] for n in range(0, len(self.rows), rows_per_chunk)]
        return [
            ChunkBound(tuple(page[-1][self.view_columns.index(k)] for k in key_columns), len(page)) for page in pages
        ]

    async def view_state(self, view: str, definition_hash: str) -> ViewState:
        made = self.views.get(view)
        exists = made is not None or self.foreign_view
        return ViewState(exists, made is not None, made == definition_hash, self.view_columns if exists else ())

    async def execute_ddl(self, sql: str) -> None:
        with self.effects.of("view"):
            name = sql.split("`")[1]
            if sql.startswith("DROP"):
                del self.views[name]
                return
            self.views[name] = sql.split("'tf:")[1].split("'", maxsplit=1)[0]

    async def position(self) -> SourcePosition:
        self.changes += self.moves
        return SourcePosition(CHECKED_AT, gtid=f"uuid:1-{self.changes}")

    async def publish_secret(self, name: str, tags: dict[str, str]) -> str:
        with self.effects.of("secret"):
            self.secrets[name] = tags
            return f"arn:aws:secretsmanager:us-east-1:1:secret:{name}"

    async def delete_secret(self, name: str, tags: dict[str, str]) -> bool:
        if self.secrets.get(name, tags) != tags:
            raise ConflictError(f"{name} is another's")
        return self.secrets.pop(name, None) is not None


@dataclass
class FakeTargets:
    """DynamoDB with tables that hold items by key."""

    effects: Effects
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, dict[str, Item]] = field(default_factory=dict)

    async def status(self) -> ServiceStatus:
        return ready("dynamodb")[0]

    async def permissions(self, tables: Sequence[str]) -> PermissionReport:
        return ready("dynamodb")[1]

    async def differences(self, definition: dict[str, Any]) -> list[dict[str, Any]]:
        existing = self.tables.get(definition["table_name"], definition)
        return [
            {"property": k, "expected": v, "actual": existing.get(k)}
            for k, v in definition.items()
            if k != "tags" and existing.get(k) != v
        ]

    async def create(self, definition: dict[str, Any]) -> CreatedTable:
        name = definition["table_name"]
        if found := await self.differences(definition):
            raise ConflictError(f"{name} differs", differences=found)
        created = name not in self.tables
        if created:
            with self.effects.of("table"):
                self.tables[name] = definition
                self.items[name] = {}
        return CreatedTable(f"arn:aws:dynamodb:us-east-1:1:table/{name}", f"id-{name}", created)

    async def is_empty(self, table: str) -> bool:
        return not self.items[table]

    async def count(self, table: str, on_progress: Callable[[int], None] | None = None) -> int:
        return len(self.items[table])

    async def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        return [item for key in keys if (item := self.items[table].get(repr(key))) is not None]

    async def find(self, table: str) -> FoundTable | None:
        if table not in self.tables:
            return None
        protected = bool(self.tables[table].get("deletion_protection"))
        return FoundTable(f"id-{table}", len(self.items[table]), protected)

    async def drop(self, table: str, table_id: str, *, unprotect: bool) -> bool:
        found = await self.find(table)
        if found is not None and (found.table_id != table_id or (found.protected and not unprotect)):
            raise ConflictError(f"{table} is protected or another")
        self.items.pop(table, None)
        return self.tables.pop(table, None) is not None

    def put(self, table: str, key_names: Sequence[str], item: Item) -> None:
        self.items[table][repr({n: item[n] for n in key_names})] = item


@dataclass
class FakeObjects:
    """A bucket."""

    bucket: str = "bucket"
    objects: dict[str, bytes] = field(default_factory=dict)

    async def status(self) -> ServiceStatus:
        return ready("s3")[0]

    async def permissions(self, prefix: str) -> PermissionReport:
        return ready("s3")[1]

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        self.objects[key] = body

    async def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFoundError(f"no object {key}")
        return self.objects[key]

    async def read(self, key: str, start: int, max_bytes: int) -> bytes:
        return (await self.get(key))[start : start + max_bytes]

    async def keys(self, prefix: str, after: str = "") -> list[str]:
        return sorted(k for k in self.objects if k.startswith(prefix) and k > after)

    async def first(self, prefix: str, after: str = "") -> str | None:
        return next(iter(await self.keys(prefix, after)), None)

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.objects.pop(key, None)
