"""`SourceDatabase` on the real adapter, the real server and a real engine; compiled SQL is run here, not only read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from adapters.mysql_source import MysqlSource
from adapters.servers import mysql
from core.compile import CompiledTable, compile_contract
from core.errors import InvalidRequestError, TableferryError
from core.items.plan import Cell
from core.target_table import TargetOptions
from tests.conftest import Database
from tests.ports.servers import through
from tests.unit.schemas import attribute, contract, contract_table, foreign_key, item_of

pytestmark = pytest.mark.server
T = TypeVar("T")


@pytest.fixture
def source(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[MysqlSource], Awaitable[T]]], T]:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    return lambda use: through("mysql", mysql.build_server, lambda hub: use(MysqlSource(hub)))


Source = Callable[[Callable[[MysqlSource], Awaitable[Any]]], Any]


async def compiled(real: MysqlSource, *attributes: dict[str, Any], **changes: Any) -> CompiledTable:
    schema = await real.describe_schema([])
    return compile_contract(contract(contract_table(*attributes, **changes)), schema, TargetOptions())[0]


async def rows_of(real: MysqlSource, made: CompiledTable) -> list[tuple[Cell, ...]]:
    """Create the view as the migration does, and read what it shows, ordered by its first column."""
    await real.execute_ddl(made.view.create_sql(replace=False))
    state = await real.view_state(made.view.name, made.view.definition_hash)
    columns = tuple(c.name for c in item_of(made).columns)
    assert (state.exists, state.ours, state.matches, state.columns[: len(columns)]) == (True, True, True, columns)
    names = ", ".join(f"`{c}`" for c in columns)
    return list((await real.query(f"SELECT {names} FROM `{made.view.name}` ORDER BY 1", max_rows=1_000)).rows)


def test_status_and_permissions(source: Source) -> None:
    async def use(real: MysqlSource) -> Any:
        return await real.status(), await real.permissions()

    status, permissions = source(use)
    assert status.operational
    assert permissions.server == "mysql"
    assert "password" not in repr(status).lower()


def test_only_the_named_tables_or_all(source: Source, database: Database) -> None:
    database.execute("CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT)")

    async def use(real: MysqlSource) -> Any:
        return [(await real.describe_schema(names)).tables for names in (["a", "nowhere"], [])]

    named, everything = source(use)
    assert [t.name for t in named] == ["a"]
    assert [t.name for t in everything] == ["a", "b"]
    assert (named[0].primary_key, named[0].columns[0].kind) == (("id",), "integer")


def test_cells_travel_both_ways(source: Source) -> None:
    async def use(real: MysqlSource) -> Any:
        cells = ("it's \\ %s \n", b"\x00\xff", None, "é\U0001f600")
        return await real.query("SELECT %s AS a, %s AS b, %s AS c, %s AS d", cells)

    found = source(use)
    assert found.columns == ("a", "b", "c", "d")
    assert found.rows[0] == ("it's \\ %s \n", b"\x00\xff", None, "é\U0001f600")


def test_a_query_says_when_there_was_more(source: Source) -> None:
    async def use(real: MysqlSource) -> Any:
        return [await real.query("SELECT 1 UNION ALL SELECT 2", max_rows=n) for n in (1, 2)]

    assert [(len(r.rows), r.truncated) for r in source(use)] == [(1, True), (2, False)]


@pytest.mark.parametrize("sql", ["DROP TABLE t", "SELECT SLEEP(1)", "SELECT 1; SELECT 2", "CREATE VIEW v AS SELECT 1"])
def test_what_is_no_query_and_no_view_of_ours_is_refused(source: Source, sql: str) -> None:
    with pytest.raises(InvalidRequestError):
        source(lambda real: real.query(sql))
    with pytest.raises(InvalidRequestError):
        source(lambda real: real.execute_ddl(sql))


def test_key_ranges_cover_every_row_once_in_key_order(source: Source, database: Database) -> None:
    database.execute("CREATE TABLE t (a INT, b VARCHAR(9), PRIMARY KEY (a, b))")
    database.execute("INSERT INTO t VALUES " + ", ".join(f"({n // 3}, 'k{n % 3}')" for n in range(100)))
    seen: list[int] = []
    bounds = source(lambda real: real.plan_chunks("t", ["a", "b"], 30, seen.append))
    assert sum(b.rows for b in bounds) == 100
    assert all(b.rows <= 30 for b in bounds)
    assert [b.upper for b in bounds] == sorted((b.upper for b in bounds), key=lambda u: (int(u[0]), u[1]))
    assert seen[-1] == 100


def test_an_empty_table_has_no_ranges(source: Source, database: Database) -> None:
    database.execute("CREATE TABLE t (a INT PRIMARY KEY)")
    assert source(lambda real: real.plan_chunks("t", ["a"], 30)) == []


ODD = [
    *("a b", "a`b", "a'b", 'a"b', "a%sb%", "a.b", "a--b", "a/*b*/", "a;b", "a#b", "a\\b"),
    *("select", "日本語", "1a", "x" * 64),
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_reach_the_engine_as_names(source: Source, database: Database, name: str) -> None:
    quoted = "`" + name.replace("`", "``") + "`"
    database.execute(f"CREATE TABLE src (id INT PRIMARY KEY, {quoted} VARCHAR(9), ref INT)")
    database.execute(f"CREATE TABLE {quoted} (id INT PRIMARY KEY, {quoted} VARCHAR(9))")
    database.execute("INSERT INTO src VALUES (1, 'one', 7), (2, NULL, NULL)")
    database.execute(f"INSERT INTO {quoted} VALUES (7, 'one')")

    async def use(real: MysqlSource) -> Any:
        made = await compiled(
            real,
            attribute("id", "N", "id"),
            attribute(name, "S", name),
            attribute("joined", "S", join=foreign_key(name, f"src.ref = {quoted}.id", name)),
            attribute("other", "N", join=foreign_key(name, f"src.{quoted} = {quoted}.{quoted}", "id")),
            source_table="src",
        )
        for check in made.join_checks:
            assert not (await real.query(check.sql, max_rows=1)).rows
        return await rows_of(real, made)

    assert source(use) == [("1", "one", "one", "7"), ("2", None, None, None)]


def test_joins_keep_one_row_a_source_row(source: Source, database: Database) -> None:
    database.execute(
        "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(9), boss_id INT);"
        "CREATE TABLE orders (id INT PRIMARY KEY, buyer INT, payer INT);"
        "INSERT INTO people VALUES (1, 'Ann', NULL), (2, 'Bob', 1), (3, 'Cid', 1);"
        "INSERT INTO orders VALUES (10, 2, 3), (11, 3, 3), (12, 99, NULL)"
    )

    async def use(real: MysqlSource) -> Any:
        orders = await compiled(
            real,
            attribute("id", "N", "id"),
            attribute("buyer", "S", join=foreign_key("people", "orders.buyer = people.id", "name")),
            attribute("payer", "S", join=foreign_key("people", "people.id = orders.payer", "people.name")),
        )
        bosses = await compiled(
            real,
            attribute("id", "N", "id"),
            attribute("boss", "S", join=foreign_key("people", "people.id = people.boss_id", "name")),
            source_table="people",
            table="People",
        )
        return await rows_of(real, orders), await rows_of(real, bosses)

    orders, bosses = source(use)
    assert orders == [("10", "Bob", "Cid"), ("11", "Cid", "Cid"), ("12", None, None)]
    assert bosses == [("1", None), ("2", "Ann"), ("3", "Ann")]


@pytest.mark.parametrize("key", ["PRIMARY KEY (id)", "KEY (id)"])
def test_the_question_about_several_matches_is_answered_rightly(source: Source, database: Database, key: str) -> None:
    database.execute(
        f"CREATE TABLE orders (id INT NOT NULL, code VARCHAR(9), {key}); CREATE TABLE t (code VARCHAR(9), v INT);"
        "INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, NULL); INSERT INTO t VALUES ('a', 1), (NULL, 2), (NULL, 3)"
    )

    async def use(real: MysqlSource) -> list[int]:
        joined = attribute("v", "N", join=foreign_key("t", "orders.code = t.code", "v"))
        (check,) = (await compiled(real, attribute("id", "N", "id"), joined)).join_checks
        before = await real.query(check.sql, max_rows=1)
        await asyncio.to_thread(database.execute, "INSERT INTO t VALUES ('A', 9)")
        return [len(before.rows), len((await real.query(check.sql, max_rows=1)).rows)]

    assert source(use) == [0, 1]


def test_a_view_of_another_hash_is_replaced_and_dropped(source: Source, database: Database) -> None:
    database.execute("CREATE TABLE orders (id INT PRIMARY KEY, note TEXT)")

    async def use(real: MysqlSource) -> Any:
        one = await compiled(real, attribute("id", "N", "id"))
        two = await compiled(real, attribute("id", "N", "id"), attribute("note", "S", "note"))
        await real.execute_ddl(one.view.create_sql(replace=False))
        with pytest.raises(TableferryError):
            await real.execute_ddl(two.view.create_sql(replace=False))
        old = await real.view_state(two.view.name, two.view.definition_hash)
        await real.execute_ddl(two.view.create_sql(replace=True))
        new = await real.view_state(two.view.name, two.view.definition_hash)
        await real.execute_ddl(f"DROP VIEW `{two.view.name}`")
        return old, new, await real.view_state(two.view.name, two.view.definition_hash)

    old, new, gone = source(use)
    assert (old.ours, old.matches, new.matches, gone.exists) == (True, False, True, False)


def test_a_view_that_somebody_else_made_is_told_apart(source: Source, database: Database) -> None:
    database.execute("CREATE VIEW ddb_orders_view AS SELECT 1 AS id")
    state = source(lambda real: real.view_state("ddb_orders_view", "0" * 64))
    assert (state.exists, state.ours, state.matches) == (True, False, False)
