"""Joined rows as a view hands them over, from real servers: ordered, limited, and not one digit or character lost."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from adapters.loader.credentials import Source
from adapters.loader.rows import RowReader
from core.items.item import ItemConverter
from core.items.plan import Attribute, Chunk, Column, ItemPlan, Kind, LoadPlan
from core.items.sources import Field, FromColumn, Rows, Shape
from tests.conftest import Database

pytestmark = pytest.mark.server

NO_LIMIT = 18_446_744_073_709_551_615
TEXT = "\x00\x01\x1f\x7f\n\t\"'\\/%s  \u2028é\U0001f600"

# name: (MySQL type, kind, text of the value as SQL reads it, what comes out, in a map)
EXTREMES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "int_": ("INT", Kind.INTEGER, "-2147483648", {"N": "-2147483648"}),
    "big": ("BIGINT UNSIGNED", Kind.INTEGER, "18446744073709551615", {"N": "18446744073709551615"}),
    "filled": ("INT(8) ZEROFILL", Kind.INTEGER, "42", {"N": "42"}),
    "exact": ("DECIMAL(38,18)", Kind.DECIMAL, "-12345678901234567890.123456789012345671",
              {"N": "-12345678901234567890.123456789012345671"}),
    "part": ("DECIMAL(5,5)", Kind.DECIMAL, "-0.12345", {"N": "-0.12345"}),
    "f": ("FLOAT", Kind.FLOAT, "3.4028e38", {"N": "34028" + "0" * 34}),
    "f72": ("FLOAT(7,2)", Kind.FLOAT, "-12345.67", {"N": "-12345.67"}),
    "d": ("DOUBLE", Kind.DOUBLE, "-2.2250738585072013e-100", {"N": "-0." + "0" * 99 + "22250738585072013"}),
    "day": ("DATE", Kind.DATE, "'2024-02-29'", {"S": "2024-02-29"}),
    "at": ("DATETIME(3)", Kind.DATETIME, "'2024-02-29 01:02:03.120'", {"S": "2024-02-29 01:02:03.120"}),
    "since": ("TIME(2)", Kind.TIME, "'-838:59:58.99'", {"S": "-838:59:58.99"}),
    "year_": ("YEAR", Kind.INTEGER, "2155", {"N": "2155"}),
    "e": ("ENUM('b', 'é')", Kind.TEXT, "'é'", {"S": "é"}),
    "s": ("SET('x', 'y z')", Kind.SET, "'x,y z'", {"S": "x,y z"}),
    "old": ("VARCHAR(20) CHARACTER SET latin1", Kind.TEXT, "'é€ÿ'", {"S": "é€ÿ"}),
    "wide": ("VARCHAR(20) CHARACTER SET utf16", Kind.TEXT, "'é\U0001f600'", {"S": "é\U0001f600"}),
    "bits": ("BIT(64)", Kind.BIT, "~CAST(0 AS UNSIGNED)", {"N": "18446744073709551615"}),
    "raw": ("LONGBLOB", Kind.BINARY, "x'fffe0027225c'", {"B": b"\xff\xfe\x00'\"\\"}),
    "doc": ("JSON", Kind.JSON, "'{\"i\": 9007199254740993}'", {"M": {"i": {"N": "9007199254740993"}}}),
}  # fmt: skip


def exact_text(name: str, kind: str) -> str:
    """Numbers with a length: without one, a materialised number is cut to the width that its type declares."""
    if kind == Kind.BINARY:
        return f"HEX(r.{name})"
    column = f"r.{name} + 0" if kind == Kind.BIT else f"r.{name}"
    number = kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.BIT)
    return f"CAST({column} AS CHAR{'(255)' if number else ''} CHARSET utf8mb4)"


def rows_sql(engine: str, element: str, order: str, limit: int | None = None) -> str:
    where = "FROM r WHERE r.pid = p.id"
    if engine == "mysql":
        inner = f"SELECT {element} AS v {where} ORDER BY {order} LIMIT {NO_LIMIT if limit is None else limit}"
        return f"(SELECT JSON_ARRAYAGG(d.v) FROM ({inner}) d)"
    cut = "" if limit is None else f" LIMIT {limit}"
    return f"(SELECT JSON_ARRAYAGG({element} ORDER BY {order}{cut}) {where})"


def items(database: Database, *rows: tuple[Rows, str]) -> list[dict[str, Any]]:
    """The items of the view `v`, whose columns are `id` and `c1`, `c2`, ... for the rows."""
    plan = ItemPlan(
        columns=(Column("id", Kind.INTEGER), *(Column(f"c{at}", Kind.JSON) for at in range(1, len(rows) + 1))),
        row_key=(0,),
        row_key_names=("id",),
        attributes=(
            Attribute("id", "N", FromColumn(0)),
            *(Attribute(f"a{source.column}", type_, source) for source, type_ in rows),
        ),
        keys=(),
        chunk_columns=(0,),
    )
    chunk = Chunk(0, None, None, 0)
    load = LoadPlan("m", "t", "t", database.name, "v", "h", (plan,), None, (chunk,), "")
    source = Source(database.host, database.port, database.user, database.password)
    converter = ItemConverter(plan)
    with closing(RowReader(source, load)) as reader:
        found = [converter.convert(row) for group in reader.read(chunk) for row in group]
    return sorted(found, key=lambda item: int(item["id"]["N"]))


def test_every_type_at_its_extremes(database: Database) -> None:
    names = list(EXTREMES)
    definitions = ", ".join(f"{name} {EXTREMES[name][0]}" for name in names)
    database.execute("CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1), (2)")
    database.execute(f"CREATE TABLE r (n INT PRIMARY KEY, pid INT, text_ LONGTEXT, {definitions}) CHARSET utf8mb4")
    values = ", ".join(EXTREMES[name][2] for name in names)
    database.execute(f"INSERT INTO r VALUES (1, 1, %s, {values.replace('%', '%%')})", TEXT)
    database.execute("INSERT INTO r (n, pid) VALUES (2, 1)")
    fields = (*(Field(name, EXTREMES[name][1]) for name in names), Field("text", Kind.TEXT))
    texts = [*(exact_text(name, EXTREMES[name][1]) for name in names), exact_text("text_", Kind.TEXT)]
    element = f"JSON_ARRAY({', '.join(texts)})"
    array = rows_sql(database.engine, element, "r.n DESC")
    one = f"(SELECT {element} FROM r WHERE r.pid = p.id ORDER BY r.n LIMIT 1)"
    database.execute(f"CREATE VIEW v AS SELECT p.id, {array} AS c1, {one} AS c2 FROM p")
    full = {**{name: EXTREMES[name][3] for name in names}, "text": {"S": TEXT}}
    assert items(database, (Rows(1, fields, Shape.ARRAY), "L"), (Rows(2, fields, Shape.OBJECT), "M")) == [
        {
            "id": {"N": "1"},
            "a1": {"L": [{"M": {name: {"NULL": True} for name in full}}, {"M": full}]},
            "a2": {"M": full},
        },
        {"id": {"N": "2"}, "a1": {"L": []}},
    ]


def test_order_and_limit_apply_to_each_parent(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE p (id INT PRIMARY KEY);
        CREATE TABLE r (n INT PRIMARY KEY AUTO_INCREMENT, pid INT, a INT, t VARCHAR(9), KEY (pid));
        INSERT INTO p VALUES (1), (2), (3);
        INSERT INTO r (pid, a, t) VALUES
          (1, 1, 'x'), (2, 5, 'only'), (1, 2, 'b'), (1, 2, 'a'), (1, NULL, 'n'), (1, 1, NULL);
        """
    )
    texts = rows_sql(database.engine, exact_text("t", Kind.TEXT), "r.a DESC, r.t")
    two = rows_sql(database.engine, exact_text("t", Kind.TEXT), "r.a DESC, r.t", limit=2)
    numbers = rows_sql(database.engine, exact_text("a", Kind.INTEGER), "r.n")
    database.execute(f"CREATE VIEW v AS SELECT p.id, {texts} AS c1, {two} AS c2, {numbers} AS c3, {texts} AS c4 FROM p")
    text, number = (Field("t", Kind.TEXT),), (Field("a", Kind.INTEGER),)
    found = items(
        database,
        (Rows(1, text, Shape.VALUES), "L"),
        (Rows(2, text, Shape.VALUES), "L"),
        (Rows(3, number, Shape.VALUES), "NS"),
        (Rows(4, text, Shape.VALUES), "SS"),
    )
    ordered = [{"S": "a"}, {"S": "b"}, {"NULL": True}, {"S": "x"}, {"S": "n"}]
    assert found == [
        {
            "id": {"N": "1"},
            "a1": {"L": ordered},
            "a2": {"L": ordered[:2]},
            "a3": {"NS": ["1", "2"]},
            "a4": {"SS": ["a", "b", "x", "n"]},
        },
        {
            "id": {"N": "2"},
            "a1": {"L": [{"S": "only"}]},
            "a2": {"L": [{"S": "only"}]},
            "a3": {"NS": ["5"]},
            "a4": {"SS": ["only"]},
        },
        {"id": {"N": "3"}},
    ]


def test_rows_are_never_cut_short(database: Database) -> None:
    database.execute("CREATE TABLE p (id INT PRIMARY KEY); INSERT INTO p VALUES (1)")
    database.execute("CREATE TABLE r (n INT PRIMARY KEY, pid INT, t LONGTEXT)")
    database.execute("INSERT INTO r VALUES (1, 1, REPEAT('é', 70000)), (2, 1, REPEAT('y', 1500000))")
    texts = rows_sql(database.engine, exact_text("t", Kind.TEXT), "r.n DESC")
    database.execute(f"CREATE VIEW v AS SELECT p.id, {texts} AS c1 FROM p")
    column = Column("c1", Kind.JSON)
    plan = ItemPlan((column,), (0,), ("c1",), (), ())
    load = LoadPlan("m", "t", "t", database.name, "v", "h", (plan,), None, (), "")
    source = Source(database.host, database.port, database.user, database.password)
    with closing(RowReader(source, load)) as reader:
        ((row,),) = reader.read(Chunk(0, None, None, 0))
    assert row == (row[0],)
    assert (str(row[0]).count("y"), str(row[0]).count("é")) == (1_500_000, 70_000)
