"""Every function and operator that a contract may use: the view gives what the server gives to the text as written."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.mysql_source import MysqlSource
from adapters.servers import mysql
from core.compile import compile_contract
from core.compile.dialects import dialect_of
from core.compile.functions import FUNCTIONS
from core.compile.moments import MOMENTS
from core.items.item import ItemConverter
from core.items.plan import Cell
from core.target_table import TargetOptions
from tests.conftest import Database
from tests.ports.servers import through
from tests.unit.schemas import attribute, contract, contract_table, item_of

pytestmark = pytest.mark.server
T = TypeVar("T")
Source = Callable[[Callable[[MysqlSource], Awaitable[Any]]], Any]
MOMENT = datetime(2024, 2, 29, 23, 59, 58, 123456, tzinfo=UTC)
COLUMNS = """id INT PRIMARY KEY, a INT, b BIGINT, p DECIMAL(12,5), d DOUBLE, t VARCHAR(80), w CHAR(9), y DATE,
    m DATETIME(3), s TIMESTAMP NULL, c TIME, raw VARBINARY(9), flags BIT(5), doc JSON"""
ROWS = """INSERT INTO orders VALUES
    (1, 7, -3, -0.12345, -1234.5, 'a,b-c é\U0001f600', ' Ab ', '2024-02-29', '2024-02-29 23:59:58.120',
     '2020-01-02 03:04:05', '-01:02:03', x'00ff41', b'10110', '{"k": {"n": 5}, "l": [1, 2], "t": "x\\\\"y"}'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 0, 9007199254740993, 1234567.00000, 0.1, '', 'b', '1999-12-31', '1970-01-01 00:00:00', '1999-12-31 23:59:59',
     '838:59:59', x'', b'00000', '{"k": {"n": -1.50}, "t": "a"}'),
    (4, 255, 4294967296, 0.50000, 1e10, 'AB%_\\\\''"', 'AB', '2000-01-01', '2000-01-01 12:00:00.999',
     '2038-01-19 03:14:07', '12:00:00', x'61', b'11111', '[1]')"""

TEXTS = (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").splitlines()
OLD = ["MD5(t)", "SHA(t)", "SHA1(t)"]  # no longer native from MySQL 9.6 on, and refused there
# What one engine only has, and what both are told instead.
ARROWS = {
    "doc->'$.k.n'": "JSON_EXTRACT(doc, '$.k.n')",
    "doc->>'$.t'": "JSON_UNQUOTE(JSON_EXTRACT(doc, '$.t'))",
    "UPPER(orders.doc->>'$.t')": "UPPER(JSON_UNQUOTE(JSON_EXTRACT(doc, '$.t')))",
}
NOW = {
    "NOW()": "2024-02-29 23:59:58",
    "NOW(6)": "2024-02-29 23:59:58.123456",
    "CURRENT_TIMESTAMP": "2024-02-29 23:59:58",
    "CURRENT_TIMESTAMP(3)": "2024-02-29 23:59:58.123",
    "LOCALTIME": "2024-02-29 23:59:58",
    "LOCALTIMESTAMP(1)": "2024-02-29 23:59:58.1",
    "UTC_TIMESTAMP": "2024-02-29 23:59:58",
    "UTC_TIMESTAMP()": "2024-02-29 23:59:58",
    "CURDATE()": "2024-02-29",
    "CURRENT_DATE": "2024-02-29",
    "UTC_DATE": "2024-02-29",
    "CURTIME()": "23:59:58",
    "CURRENT_TIME(2)": "23:59:58.12",
    "UTC_TIME": "23:59:58",
    "UNIX_TIMESTAMP()": "1709251198",
    "TIMESTAMPDIFF(DAY, '2024-02-01', NOW())": "28",
    "DATE_FORMAT(CURRENT_DATE - INTERVAL 1 DAY, '%Y/%m/%d')": "2024/02/28",
}


@pytest.fixture
def source(database: Database, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    database.execute(f"CREATE TABLE orders ({COLUMNS}) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    database.execute("SET SESSION time_zone = '+00:00'; " + ROWS)
    return lambda use: through("mysql", mysql.build_server, lambda hub: use(MysqlSource(hub)))


def computed(name: str, text: str, type_: str) -> dict[str, Any]:
    return attribute(name, type_, calculation={"type": "date-math", "expression": text})


async def in_view(real: MysqlSource, texts: dict[str, str]) -> dict[str, list[Cell]]:
    """The expressions' values in a view of all of them; every value can become an item's, of the type given."""
    given = contract_table(
        attribute("id", "N", "id"), *(computed(f"x{n}", t, type_) for n, (t, type_) in enumerate(texts.items()))
    )
    schema = await real.describe_schema(["orders"])
    (made,) = compile_contract(contract(given), schema, TargetOptions(), moment=MOMENT)
    await real.execute_ddl(made.view.create_sql(replace=False))
    names = ", ".join(f"`{c.name}`" for c in item_of(made).columns)
    rows = (await real.query(f"SELECT {names} FROM `{made.view.name}` ORDER BY id")).rows
    converter = ItemConverter(item_of(made))
    for row in rows:
        converter.convert(row)
    sources = {a.name: a.source for a in item_of(made).attributes}
    return {t: [row[sources[f"x{n}"].column] for row in rows] for n, t in enumerate(texts)}  # type: ignore[union-attr]


async def old(real: MysqlSource) -> list[str]:
    schema = await real.describe_schema(["orders"])
    return [] if dialect_of(schema.engine, schema.version).lacks else OLD


def test_every_expression_is_what_the_server_makes_of_its_text(source: Source) -> None:
    async def use(real: MysqlSource) -> Any:
        texts = {**{t: t for t in await old(real)}, **{t: t for t in TEXTS}, **ARROWS}
        columns = ", ".join(f"{text} AS c{n}" for n, text in enumerate(texts.values()))
        rows = (await real.query(f"SELECT {columns} FROM orders ORDER BY id")).rows
        by_hand = {t: [row[n] for row in rows] for n, t in enumerate(texts)}
        types = {t: "B" if any(isinstance(c, bytes) for c in cells) else "S" for t, cells in by_hand.items()}
        return await in_view(real, types), by_hand

    found, by_hand = source(use)
    different = {t: (cells, by_hand[t]) for t, cells in found.items() if cells != by_hand[t]}
    assert not different


def test_the_current_moment_is_the_given_one_in_every_row(source: Source) -> None:
    async def use(real: MysqlSource) -> Any:
        return await in_view(real, dict.fromkeys(NOW, "S"))

    assert source(use) == {text: [value] * 4 for text, value in NOW.items()}


def test_a_text_that_is_no_json_counts_as_null_on_both_engines(source: Source) -> None:
    text = "IF(id = 1, '{\"k\": [1, 2]}', t)"
    expected = {
        f"JSON_LENGTH({text}, '$.k')": "2",
        f"JSON_TYPE({text})": "OBJECT",
        f"JSON_EXTRACT(JSON_EXTRACT({text}, '$.k'), '$[1]')": "2",
        f"JSON_CONTAINS('[{{\"k\": [1, 2]}}]', {text})": "1",
        f"JSON_UNQUOTE(JSON_EXTRACT(CAST({text} AS CHAR CHARACTER SET latin1), '$.k[0]'))": "1",
    }

    async def use(real: MysqlSource) -> Any:
        return await in_view(real, dict.fromkeys(expected, "S"))

    found = {text: [None if c is None else str(c) for c in cells] for text, cells in source(use).items()}
    assert found == {text: [value, None, None, None] for text, value in expected.items()}


def test_a_chain_visits_a_table_again(source: Source, database: Database) -> None:
    """Three levels of a tree, and there and back between two tables."""
    database.execute("CREATE TABLE tree (id INT PRIMARY KEY, up INT, leaf INT, name VARCHAR(9))")
    database.execute("CREATE TABLE leaves (id INT PRIMARY KEY, root INT)")
    database.execute("INSERT INTO tree VALUES (1, NULL, 7, 'a'), (2, 1, 8, 'b'), (3, 2, NULL, 'c'), (4, 3, 9, 'd')")
    database.execute("INSERT INTO leaves VALUES (7, 4), (8, 2), (9, NULL)")
    up = {"target_table": "tree", "join_condition": "tree.id = tree.up", "select_column": "name"}
    there = {"target_table": "leaves", "join_condition": "leaves.id = tree.leaf", "select_column": "id"}
    back = {"target_table": "tree", "join_condition": "tree.id = leaves.root", "select_column": "name"}
    given = contract_table(
        attribute("id", "N", "id"),
        attribute("path", "S", join={"type": "chain", "joins": [up, up, up], "chain_separator": "/"}),
        attribute("there", "S", join={"type": "chain", "joins": [there, back]}),
        source_table="tree",
    )

    async def use(real: MysqlSource) -> Any:
        (made,) = compile_contract(contract(given), await real.describe_schema([]), TargetOptions())
        await real.execute_ddl(made.view.create_sql(replace=False))
        names = ", ".join(f"`{c.name}`" for c in item_of(made).columns)
        rows = (await real.query(f"SELECT {names} FROM `{made.view.name}` ORDER BY id")).rows
        return [ItemConverter(item_of(made)).convert(row) for row in rows]

    texts = [{k: v["S"] for k, v in item.items() if k != "id"} for item in source(use)]
    assert texts == [{"there": "d"}, {"path": "a", "there": "b"}, {"path": "b/a"}, {"path": "c/b/a"}]


def test_every_function_is_tried() -> None:
    tried = {name.upper() for text in [*TEXTS, *OLD, *ARROWS, *NOW] for name in re.findall(r"[A-Za-z_0-9]+", text)}
    assert set(FUNCTIONS) | set(MOMENTS) <= tried
