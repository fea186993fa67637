"""Every MySQL type at its extremes, from a real server through the reader into items written down by hand."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest
from pymysql.cursors import SSCursor

from adapters.loader.credentials import Source
from adapters.loader.errors import SourceCutError, SourceTextError
from adapters.loader.rows import Row, RowReader
from core.items.item import ItemConverter
from core.items.plan import Attribute, Chunk, Column, ItemPlan, Kind, LoadPlan
from core.items.rejects import RejectedRow
from core.items.sources import FromColumn
from tests.conftest import Database

pytestmark = pytest.mark.server


def plan_of(database: Database, view: str, columns: dict[str, tuple[str, str]], chunk: Chunk) -> LoadPlan:
    """`columns`: name to (kind, DynamoDB type)."""
    return LoadPlan(
        migration="m",
        table="t",
        target_table="t",
        database=database.name,
        view=view,
        view_hash="h",
        items=(
            ItemPlan(
                columns=tuple(Column(name, kind) for name, (kind, _) in columns.items()),
                row_key=(0,),
                row_key_names=("id",),
                attributes=tuple(
                    Attribute(name, type_, FromColumn(at)) for at, (name, (_, type_)) in enumerate(columns.items())
                ),
                keys=(),
                chunk_columns=(0,),
            ),
        ),
        entity_column=None,
        chunks=(chunk,),
        prefix="",
    )


def rows_of(database: Database, plan: LoadPlan) -> list[Row]:
    source = Source(database.host, database.port, database.user, database.password)
    with closing(RowReader(source, plan)) as reader:
        return [row for group in reader.read(plan.chunks[0]) for row in group]


def converted(database: Database, columns: dict[str, tuple[str, str]], view: str = "v") -> list[dict[str, Any]]:
    plan = plan_of(database, view, columns, Chunk(0, None, None, 0))
    converter = ItemConverter(plan.item)
    return [converter.convert(row) for row in sorted(rows_of(database, plan), key=lambda row: int(str(row[0])))]


def test_integers_at_both_ends(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE t (id INT PRIMARY KEY, tiny TINYINT, small SMALLINT, medium MEDIUMINT, big BIGINT,
          unsigned_big BIGINT UNSIGNED, filled INT(8) ZEROFILL, year_ YEAR, yes TINYINT(1));
        INSERT INTO t VALUES (1, -128, -32768, -8388608, -9223372036854775808, 18446744073709551615, 42, 1901, 2),
          (2, 127, 32767, 8388607, 9223372036854775807, 0, 0, 2155, 0),
          (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE VIEW v AS SELECT * FROM t;
        """
    )
    columns = dict.fromkeys(
        ["id", "tiny", "small", "medium", "big", "unsigned_big", "filled", "year_"], (Kind.INTEGER, "N")
    )
    assert converted(database, {**columns, "yes": (Kind.INTEGER, "BOOL")}) == [
        {
            "id": {"N": "1"},
            "tiny": {"N": "-128"},
            "small": {"N": "-32768"},
            "medium": {"N": "-8388608"},
            "big": {"N": "-9223372036854775808"},
            "unsigned_big": {"N": "18446744073709551615"},
            "filled": {"N": "42"},
            "year_": {"N": "1901"},
            "yes": {"BOOL": True},
        },
        {
            "id": {"N": "2"},
            "tiny": {"N": "127"},
            "small": {"N": "32767"},
            "medium": {"N": "8388607"},
            "big": {"N": "9223372036854775807"},
            "unsigned_big": {"N": "0"},
            "filled": {"N": "0"},
            "year_": {"N": "2155"},
            "yes": {"BOOL": False},
        },
        {"id": {"N": "3"}},
    ]


def test_decimals_and_floats_keep_their_value(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE t (id INT PRIMARY KEY, price DECIMAL(10,2), exact_ DECIMAL(38,18), f FLOAT, d DOUBLE);
        INSERT INTO t VALUES (1, 10.50, 12345678901234567890.123456789012345678, 3.40282e38, 0.1),
          (2, -0.00, -0.000000000000000001, 1.5, 1.7976931348623157e125),
          (3, 99999999.99, 99999999999999999999.999999999999999999, -1.17549e-38, 2.2250738585072014e-129);
        CREATE VIEW v AS SELECT id, price, price AS shown, exact_, f, d FROM t;
        """
    )
    found = converted(
        database,
        {
            "id": (Kind.INTEGER, "N"),
            "price": (Kind.DECIMAL, "N"),
            "shown": (Kind.DECIMAL, "S"),
            "exact_": (Kind.DECIMAL, "N"),
            "f": (Kind.FLOAT, "N"),
            "d": (Kind.DOUBLE, "N"),
        },
    )
    assert [(item["price"], item["shown"]) for item in found] == [
        ({"N": "10.5"}, {"S": "10.50"}),
        ({"N": "0"}, {"S": "0.00"}),
        ({"N": "99999999.99"}, {"S": "99999999.99"}),
    ]
    assert [item["exact_"]["N"] for item in found] == [
        "12345678901234567890.123456789012345678",
        "-0.000000000000000001",
        "99999999999999999999.999999999999999999",
    ]
    assert [item["f"]["N"] for item in found] == ["340282" + "0" * 33, "1.5", "-0." + "0" * 37 + "117549"]
    assert [float(item["d"]["N"]) for item in found] == [0.1, 1.7976931348623157e125, 2.2250738585072014e-129]


@pytest.mark.parametrize(
    ("definition", "value", "kind", "reason"),
    [
        ("DECIMAL(65,0)", "1" * 65, Kind.DECIMAL, "number_too_precise"),
        ("DECIMAL(65,30)", "1" * 35 + "." + "1" * 30, Kind.DECIMAL, "number_too_precise"),
        ("DOUBLE", "1.7976931348623157e308", Kind.DOUBLE, "number_out_of_range"),
        ("DOUBLE", "2.2250738585072014e-308", Kind.DOUBLE, "number_out_of_range"),
    ],
)
def test_numbers_dynamodb_cannot_hold_are_rejects(
    database: Database, definition: str, value: str, kind: str, reason: str
) -> None:
    database.execute(f"CREATE TABLE v (id INT PRIMARY KEY, n {definition}); INSERT INTO v VALUES (1, {value})")
    with pytest.raises(RejectedRow) as rejected:
        converted(database, {"id": (Kind.INTEGER, "N"), "n": (kind, "N")})
    assert (rejected.value.reason, rejected.value.attribute) == (reason, "n")


def test_moments_keep_their_own_fraction_digits_and_timestamps_are_utc(database: Database) -> None:
    database.execute(
        """
        SET time_zone = '+05:30', sql_mode = '';
        CREATE TABLE t
          (id INT PRIMARY KEY, d DATE, dt DATETIME, dt3 DATETIME(3), ts TIMESTAMP(6) NULL, t0 TIME, t6 TIME(6));
        INSERT INTO t VALUES
          (1, '1000-01-01', '1000-01-01 00:00:00', '9999-12-31 23:59:59.120', '2024-03-01 05:30:00.000001',
           '-838:59:59', '838:59:59'),
          (2, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00', '2038-01-19 08:44:07', '00:00:00', '-00:00:00.5'),
          (3, '2024-02-29', '2024-00-00 12:00:00', '2024-02-29 12:00:00', NULL, '100:00:01', '1:02:03.000001');
        CREATE VIEW v AS SELECT * FROM t;
        """
    )
    found = converted(
        database,
        {
            "id": (Kind.INTEGER, "N"),
            "d": (Kind.DATE, "S"),
            "dt": (Kind.DATETIME, "S"),
            "dt3": (Kind.DATETIME, "S"),
            "ts": (Kind.DATETIME, "S"),
            "t0": (Kind.TIME, "S"),
            "t6": (Kind.TIME, "S"),
        },
    )
    assert [[value["S"] for name, value in item.items() if name != "id"] for item in found] == [
        [
            "1000-01-01",
            "1000-01-01 00:00:00",
            "9999-12-31 23:59:59.120",
            "2024-03-01 00:00:00.000001",
            "-838:59:59",
            "838:59:59.000000",
        ],
        [
            "0000-00-00",
            "0000-00-00 00:00:00",
            "0000-00-00 00:00:00.000",
            "2038-01-19 03:14:07.000000",
            "00:00:00",
            "-00:00:00.500000",
        ],
        ["2024-02-29", "2024-00-00 12:00:00", "2024-02-29 12:00:00.000", "100:00:01", "01:02:03.000001"],
    ]


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf8mb4", "caf\u00e9 \U0001f600 \x00\x01\x1f\x7f\u2028\ufeff"),
        ("utf8mb3", "caf\u00e9 \uffee"),
        ("latin1", "caf\u00e9 \u20ac"),
        ("cp1251", "\u043f\u0440\u0438\u0432\u0435\u0442"),
        ("utf16", "caf\u00e9 \U0001f600"),
        ("sjis", "\u8868\u793a\uff71"),
        ("gbk", "\u4e2d\u6587"),
        ("big5", "\u4e2d\u6587"),
        ("koi8r", "\u043f\u0440\u0438"),
    ],
)
def test_text_of_every_character_set_has_the_same_characters(database: Database, charset: str, text: str) -> None:
    of_charset = f"CHARACTER SET {charset}"
    database.execute(f"CREATE TABLE v (id INT PRIMARY KEY, c VARCHAR(50) {of_charset}, l LONGTEXT {of_charset})")
    database.execute("INSERT INTO v VALUES (1, %s, %s)", text, text)
    found = converted(database, {"id": (Kind.INTEGER, "N"), "c": (Kind.TEXT, "S"), "l": (Kind.TEXT, "B")})
    assert found == [{"id": {"N": "1"}, "c": {"S": text}, "l": {"B": text.encode("utf-8")}}]


def test_blanks_empty_texts_and_words_for_null_are_text(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE v (id INT PRIMARY KEY, fixed CHAR(5), varied VARCHAR(10), e ENUM('', 'a b'), s SET('x', 'y z'));
        INSERT INTO v VALUES (1, 'a  ', 'a  ', 'a b', 'x,y z'), (2, '', '', '', ''), (3, 'null', 'None', NULL, NULL);
        """
    )
    columns = {
        "id": (Kind.INTEGER, "N"),
        "fixed": (Kind.TEXT, "S"),
        "varied": (Kind.TEXT, "S"),
        "e": (Kind.TEXT, "S"),
        "s": (Kind.SET, "SS"),
    }
    assert converted(database, columns) == [
        {"id": {"N": "1"}, "fixed": {"S": "a"}, "varied": {"S": "a  "}, "e": {"S": "a b"}, "s": {"SS": ["x", "y z"]}},
        {"id": {"N": "2"}, "fixed": {"S": ""}, "varied": {"S": ""}, "e": {"S": ""}},
        {"id": {"N": "3"}, "fixed": {"S": "null"}, "varied": {"S": "None"}},
    ]


def test_bytes_and_bits_are_the_bytes(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE v (id INT PRIMARY KEY, fixed BINARY(3), varied VARBINARY(300), large LONGBLOB,
          flag BIT(1), bits BIT(64), g GEOMETRY);
        INSERT INTO v VALUES
          (1, x'00ff', x'', x'fffe0041', b'1', ~CAST(0 AS UNSIGNED), ST_GeomFromText('POINT(1 2)')),
          (2, 'abc', NULL, '', b'0', b'101', NULL);
        CREATE VIEW w AS SELECT id, fixed, varied, large, flag, bits, bits AS raw_bits,
          ST_AsText(g) AS wkt, ST_AsBinary(g) AS wkb FROM v;
        """
    )
    found = converted(
        database,
        {
            "id": (Kind.INTEGER, "N"),
            "fixed": (Kind.BINARY, "B"),
            "varied": (Kind.BINARY, "B"),
            "large": (Kind.BINARY, "B"),
            "flag": (Kind.BIT, "BOOL"),
            "bits": (Kind.BIT, "N"),
            "raw_bits": (Kind.BIT, "B"),
            "wkt": (Kind.TEXT, "S"),
            "wkb": (Kind.BINARY, "B"),
        },
        view="w",
    )
    point = b"\x01\x01\x00\x00\x00" + b"\x00" * 6 + b"\xf0\x3f" + b"\x00" * 7 + b"\x40"
    assert found == [
        {
            "id": {"N": "1"},
            "fixed": {"B": b"\x00\xff\x00"},
            "varied": {"B": b""},
            "large": {"B": b"\xff\xfe\x00A"},
            "flag": {"BOOL": True},
            "bits": {"N": "18446744073709551615"},
            "raw_bits": {"B": b"\xff" * 8},
            "wkt": {"S": "POINT(1 2)"},
            "wkb": {"B": point},
        },
        {
            "id": {"N": "2"},
            "fixed": {"B": b"abc"},
            "large": {"B": b""},
            "flag": {"BOOL": False},
            "bits": {"N": "5"},
            "raw_bits": {"B": b"\x00" * 7 + b"\x05"},
        },
    ]


def test_json_columns_and_json_made_by_the_server_are_native(database: Database) -> None:
    text = '\x01\x1f\n"\\\u2028\U0001f600'
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, j JSON, a JSON, s VARCHAR(50))")
    database.execute(
        "INSERT INTO t VALUES (1, %s, %s, %s)",
        '{"b": true, "i": 9007199254740993, "t": "1.0", "none": null, "deep": {"l": [1, [2.5]]}}',
        '["x", "y", "x"]',
        text,
    )
    database.execute("CREATE VIEW v AS SELECT id, j, a, JSON_OBJECT('s', s, 'n', id) AS made FROM t")
    found = converted(
        database,
        {"id": (Kind.INTEGER, "N"), "j": (Kind.JSON, "M"), "a": (Kind.JSON, "SS"), "made": (Kind.JSON, "M")},
    )
    assert found == [
        {
            "id": {"N": "1"},
            "j": {
                "M": {
                    "b": {"BOOL": True},
                    "i": {"N": "9007199254740993"},
                    "t": {"S": "1.0"},
                    "none": {"NULL": True},
                    "deep": {"M": {"l": {"L": [{"N": "1"}, {"L": [{"N": "2.5"}]}]}}},
                }
            },
            "a": {"SS": ["x", "y"]},
            "made": {"M": {"s": {"S": text}, "n": {"N": "1"}}},
        }
    ]


def test_an_aggregate_is_never_cut_short(database: Database) -> None:
    """The server's default stops GROUP_CONCAT at 1,024 bytes, MariaDB's JSON_ARRAYAGG at 1 MB."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(2000))")
    database.execute("INSERT INTO t VALUES " + ", ".join(f"({n}, REPEAT('x', 2000))" for n in range(600)))
    database.execute("CREATE VIEW v AS SELECT 1 AS id, GROUP_CONCAT(s SEPARATOR '') AS g, JSON_ARRAYAGG(s) AS j FROM t")
    plan = plan_of(
        database,
        "v",
        {"id": (Kind.INTEGER, "N"), "g": (Kind.TEXT, "S"), "j": (Kind.JSON, "S")},
        Chunk(0, None, None, 0),
    )
    ((_, joined, array),) = rows_of(database, plan)
    assert len(str(joined)) == 1_200_000
    assert str(array).count("x") == 1_200_000


def test_names_of_columns_and_views_may_hold_anything(database: Database) -> None:
    name = "select `%s` % \" ' \\ é"
    quoted = "`" + name.replace("`", "``") + "`"
    database.execute(f"CREATE TABLE {quoted} ({quoted} INT PRIMARY KEY)")
    database.execute(f"INSERT INTO {quoted} VALUES (1), (2)")
    plan = plan_of(database, name, {name: (Kind.INTEGER, "N")}, Chunk(0, ("1",), ("2",), 1))
    assert rows_of(database, plan) == [("2",)]


def test_text_that_is_no_utf8_stops_the_chunk(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of ours sends any, so the driver is made to fail as it does then."""
    database.execute("CREATE TABLE v (id INT PRIMARY KEY)")
    monkeypatch.setattr(SSCursor, "fetchone", lambda _: b"\xff".decode())
    with pytest.raises(SourceTextError, match="chunk 0 of view v"):
        converted(database, {"id": (Kind.INTEGER, "N")})


@pytest.mark.parametrize(
    "long",
    [
        "CONCAT(REPEAT('a', 60000000), REPEAT('b', 60000000))",  # the servers' own limits are 16 and 64 MB
        "(SELECT JSON_ARRAYAGG(REPEAT('x', 3000000)) FROM many)",
    ],
)
def test_values_that_the_server_cuts_are_not_read_as_if_they_were_whole(database: Database, long: str) -> None:
    numbers = ", ".join(f"({n})" for n in range(30))
    database.execute(f"CREATE TABLE many (n INT); INSERT INTO many VALUES {numbers}")
    database.execute(f"CREATE VIEW v AS SELECT 1 AS id, {long} AS t")
    with pytest.raises(SourceCutError, match=r"chunk 0 of view v .*raise max_allowed_packet"):
        converted(database, {"id": (Kind.INTEGER, "N"), "t": (Kind.TEXT, "S")})


def test_bytes_inside_json_are_an_error_where_the_server_does_not_encode_them(database: Database) -> None:
    """MySQL writes base64 into the JSON, MariaDB makes the whole JSON binary."""
    database.execute("CREATE VIEW v AS SELECT 1 AS id, JSON_OBJECT('b', x'ff00') AS j")
    columns = {"id": (Kind.INTEGER, "N"), "j": (Kind.JSON, "M")}
    if database.engine == "mysql":
        assert converted(database, columns) == [{"id": {"N": "1"}, "j": {"M": {"b": {"S": "base64:type15:/wA="}}}}]
    else:
        with pytest.raises(TypeError, match="attribute j"):
            converted(database, columns)


def test_every_read_sees_the_rows_of_its_own_moment(database: Database) -> None:
    database.execute("CREATE TABLE v (id INT PRIMARY KEY); INSERT INTO v VALUES (1)")
    plan = plan_of(database, "v", {"id": (Kind.INTEGER, "N")}, Chunk(0, None, None, 0))
    source = Source(database.host, database.port, database.user, database.password)
    with closing(RowReader(source, plan)) as reader:
        assert [list(group) for group in reader.read(plan.chunks[0])] == [[("1",)]]
        database.execute("INSERT INTO v VALUES (2)")
        # Without autocommit the second read would still see the first one's snapshot.
        assert [sorted(group) for group in reader.read(plan.chunks[0])] == [[("1",), ("2",)]]


def test_the_session_cannot_write(database: Database, server_url: str) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    # Only an administrator may create a function on a server that keeps a binary log.
    server = urlsplit(server_url)
    root = pymysql.connect(
        host=database.host,
        port=database.port,
        user=server.username or "root",
        password=server.password or "",
        database=database.name,
    )
    with root, root.cursor() as cursor:
        cursor.execute("CREATE FUNCTION f() RETURNS INT NO SQL BEGIN INSERT INTO t VALUES (2); RETURN 1; END")
    database.execute("CREATE VIEW v AS SELECT id, f() AS written FROM t")
    columns = {"id": (Kind.INTEGER, "N"), "written": (Kind.INTEGER, "N")}
    with pytest.raises(pymysql.MySQLError, match="READ ONLY"):
        converted(database, columns)
    assert database.query("SELECT id FROM t") == [(1,)]
