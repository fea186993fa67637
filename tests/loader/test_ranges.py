"""A chunk's condition, asked of a real server: successive chunks hold every row once."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.loader.credentials import Source
from adapters.loader.rows import RowReader
from core.items.plan import Cell, Chunk, Column, ItemPlan, Kind, LoadPlan
from core.items.ranges import condition, item_condition, rows_condition
from tests.conftest import Database

KEYS = [
    pytest.param("a BIGINT UNSIGNED", [Kind.INTEGER], ["0", "9007199254740993", "9007199254740994", str(2**64 - 1)]),
    pytest.param("a DECIMAL(38,2)", [Kind.DECIMAL], ["-1.50", "0.00", "99999999999999999.98", "99999999999999999.99"]),
    pytest.param("a VARCHAR(20)", [Kind.TEXT], ["", "%s", "a'b", "back\\slash", "z \U0001f600"]),
    pytest.param("a VARBINARY(20)", [Kind.BINARY], [b"", b"\x00", b"'\\", b"\x80\xff"]),
    pytest.param("a BIT(9)", [Kind.BIT], [b"\x00\x00", b"\x00\x05", b"\x01\x00", b"\x01\xff"]),
    pytest.param("a DATETIME(3)", [Kind.DATETIME], ["1999-01-01 00:00:00.000", "2024-01-01 00:00:00.001"]),
    pytest.param("a TIMESTAMP", [Kind.DATETIME], ["2024-01-01 00:00:00", "2024-01-01 05:30:00"]),
    pytest.param("a DATE", [Kind.DATE], ["1999-12-31", "2000-01-01"]),
    pytest.param("a TIME(1)", [Kind.TIME], ["-10:00:00.5", "-01:00:00.0", "00:00:00.0", "100:00:00.0"]),
]  # fmt: skip


def read(database: Database, plan: LoadPlan, chunk: Chunk) -> list[tuple[Cell, ...]]:
    source = Source(database.host, database.port, database.user, database.password)
    with closing(RowReader(source, plan)) as reader:
        return [row for group in reader.read(chunk) for row in group]


def read_rows(database: Database, plan: LoadPlan, keys: list[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    source = Source(database.host, database.port, database.user, database.password)
    with closing(RowReader(source, plan)) as reader:
        return [row for group in reader.read_rows(Chunk(0, None, None, 0), keys) for row in group]


def plan_of(database: Database, names: list[str], kinds: list[str]) -> LoadPlan:
    columns = tuple(map(Column, names, kinds))
    return LoadPlan(
        migration="m",
        table="t",
        target_table="t",
        database=database.name,
        view="t",
        view_hash="h",
        items=(ItemPlan(columns, (0,), ("a",), (), (), tuple(range(len(names)))),),
        entity_column=None,
        chunks=(),
        prefix="",
    )


def successive(bounds: list[tuple[Cell, ...]]) -> list[Chunk]:
    edges = [None, *bounds, None]
    return [Chunk(number, edges[number], edges[number + 1], 1) for number in range(len(bounds) + 1)]


@pytest.mark.server
@pytest.mark.parametrize(("definition", "kinds", "keys"), KEYS)
def test_each_row_is_in_exactly_one_chunk_whatever_the_keys_type(
    database: Database, definition: str, kinds: list[str], keys: list[Cell]
) -> None:
    database.execute(f"CREATE TABLE t ({definition} PRIMARY KEY) COLLATE utf8mb4_bin")
    placeholder = "CAST(CONV(HEX(%s), 16, 10) AS UNSIGNED)" if "BIT" in definition else "%s"
    for key in keys:
        with_zone = f"CONVERT_TZ({placeholder}, '+00:00', @@time_zone)" if "STAMP" in definition else placeholder
        database.execute(f"INSERT INTO t VALUES ({with_zone})", key)
    plan = plan_of(database, ["a"], kinds)
    everything = sorted(read(database, plan, Chunk(0, None, None, 0)), key=lambda row: keys.index(row[0]))
    assert everything == [(key,) for key in keys]
    chunks = successive(everything)
    assert [read(database, plan, chunk) for chunk in chunks] == [*([row] for row in everything), []]
    asked = -(-60 * len(everything) // 100)  # a hundred keys are one statement, in which asking twice is asking once
    assert [read_rows(database, plan, [row]) for row in everything] == [[row] for row in everything]
    assert sorted(map(str, read_rows(database, plan, everything * 60))) == sorted(map(str, everything * asked))


@pytest.mark.server
def test_composite_keys_are_read_in_lexicographic_ranges(database: Database) -> None:
    database.execute("CREATE TABLE t (a INT, b VARCHAR(5), c INT, PRIMARY KEY (a, b, c)) COLLATE utf8mb4_bin")
    rows = [(str(a), b, str(c)) for a in range(3) for b in ("", "x", "y") for c in range(3)]
    database.execute("INSERT INTO t VALUES " + ", ".join(f"({a}, '{b}', {c})" for a, b, c in rows))
    plan = plan_of(database, ["a", "b", "c"], [Kind.INTEGER, Kind.TEXT, Kind.INTEGER])
    for step in (1, 2, 4, 5, 13):
        bounds: list[tuple[Cell, ...]] = list(rows[step - 1 :: step])
        found = [sorted(read(database, plan, chunk)) for chunk in successive(bounds)]
        assert found == [rows[at : at + step] for at in range(0, len(rows), step)] + [[]] * (len(rows) % step == 0)


@pytest.mark.server
def test_bounds_that_no_row_has_split_all_the_same(database: Database) -> None:
    database.execute("CREATE TABLE t (a INT, b INT, PRIMARY KEY (a, b))")
    database.execute("INSERT INTO t VALUES (1, 5), (2, 0), (2, 9), (3, 1)")
    plan = plan_of(database, ["a", "b"], [Kind.INTEGER, Kind.INTEGER])
    found = [read(database, plan, chunk) for chunk in successive([("1", "9"), ("2", "5"), ("4", "0")])]
    assert found == [[("1", "5")], [("2", "0")], [("2", "9"), ("3", "1")], []]


@pytest.mark.server
def test_the_range_of_a_composite_key_is_read_from_the_index(database: Database) -> None:
    database.execute("CREATE TABLE t (a INT, b INT, filler CHAR(50), PRIMARY KEY (a, b))")
    database.execute(
        "INSERT INTO t SELECT x.n * 100 + y.n, z.n, '' FROM"
        " (WITH RECURSIVE n AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 49) SELECT n FROM n) x,"
        " (WITH RECURSIVE n AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 49) SELECT n FROM n) y,"
        " (SELECT 1 AS n UNION SELECT 2) z"
    )
    database.query("ANALYZE TABLE t")
    columns = [Column("a", Kind.INTEGER), Column("b", Kind.INTEGER)]
    where, _ = condition(columns, Chunk(0, ("100", "1"), ("104", "1"), 0))
    mysql = database.engine == "mysql"
    (explained, *_) = database.query(f"EXPLAIN {'FORMAT=TRADITIONAL' if mysql else ''} SELECT * FROM t WHERE {where}")
    assert int(explained[9 if mysql else 8]) < 100


@pytest.mark.parametrize(
    "chunk",
    [
        Chunk(0, ("1",), None, 0),
        Chunk(0, None, ("1", None), 0),
        Chunk(0, ("1 OR 1=1", "x"), None, 0),
        Chunk(0, ("1; DROP TABLE t", "x"), None, 0),
    ],
)
def test_bounds_that_do_not_fit_the_key_are_refused(chunk: Chunk) -> None:
    with pytest.raises(ValueError, match="key column"):
        condition([Column("a", Kind.INTEGER), Column("b", Kind.TEXT)], chunk)


@pytest.mark.server
def test_an_entitys_chunk_reads_its_rows_alone_and_from_the_index(database: Database) -> None:
    entities = ("User", "user", "User ", "Üser", "it's %s")
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 900) SELECT n FROM n"
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))")
    database.execute(f"INSERT INTO t SELECT n, CONCAT('row ', n) FROM ({numbers}) numbers")
    branches = " UNION ALL ".join("SELECT %s AS `kind %%`, id AS k, v FROM t" for _ in entities)
    database.execute(f"CREATE VIEW v AS {branches}", *entities)
    database.query("ANALYZE TABLE t")
    columns = (Column("kind %", Kind.TEXT), Column("k", Kind.INTEGER))
    items = tuple(ItemPlan(columns, (1,), ("id",), (), (), (1,), entity) for entity in entities)
    plan = LoadPlan("m", "t", "t", database.name, "v", "h", items, "kind %", (), "")
    for at, entity in enumerate(entities):
        assert read(database, plan, Chunk(0, ("5",), ("7",), 2, item=at)) == [(entity, "6"), (entity, "7")]
        assert len(read(database, plan, Chunk(0, None, None, 2, item=at))) == 900
    where, texts = item_condition(items[0], Chunk(0, ("5",), ("7",), 2), plan.entity_column)
    explain = "EXPLAIN FORMAT=TRADITIONAL" if database.engine == "mysql" else "EXPLAIN"
    plans = str(database.query(f"{explain} SELECT * FROM v WHERE {where}", *texts))
    assert (plans.count("'range'"), plans.count("Impossible WHERE")) == (1, len(entities) - 1)


def test_an_entity_without_a_column_to_find_it_by_is_refused() -> None:
    item = ItemPlan((Column("k", Kind.INTEGER),), (0,), ("k",), (), (), (0,), "USER")
    with pytest.raises(ValueError, match="USER"):
        item_condition(item, Chunk(0, None, None, 0), None)


@pytest.mark.parametrize("key", [("1",), ("1", None), ("1 OR 1=1", "x")])
def test_rows_keys_that_do_not_fit_are_refused(key: tuple[Cell, ...]) -> None:
    item = ItemPlan((Column("a", Kind.INTEGER), Column("b", Kind.TEXT)), (0, 1), ("a", "b"), (), (), (0, 1))
    with pytest.raises(ValueError, match="key column"):
        rows_condition(item, [key], None)
