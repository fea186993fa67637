"""Texts, bytes, members, JSON, geometry and addresses at their extremes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.e2e.cells import Source, same


def texts(engine: str) -> list[Source]:
    """The columns of these types that the engine has."""
    return [*_texts(), *_binaries(), *_members(), *_json(engine), *_geometry(engine), *_addresses(engine)]


WORDS = [
    *("", " ", "ab  ", " ab", "null", "None", "NULL", "true", "0", "-1.50", "1e3", "+5", ".5", "5.", "00012", " 1"),
    *("1 ", "0x10", "1_0", "NaN", "Infinity", "\u0661", "1" * 38, "1" * 39, "1e126", "1e-131", "1e400", "1E-130"),
    *("[1, 2.50, 2.5, 1e0]", '["a", "b", "a"]', "[]", "{}", '{"a": 1, "b": [true, null, "x"]}', '{"a": 1, "a": 2}'),
    *('["a", 1]', '{"": 1}', '"\\ud83d\\ude00"', '["\\ud800"]', '["\\u0000"]', "[NaN]", "[01]", "[1,]", "\ufeff[]"),
    *("[98765432109876543210]", "[1e400]", f"[{'1' * 39}]", '{"x": 0.10}', "[" * 31 + "1" + "]" * 31),
    *("[" * 32 + "]" * 32, "[" * 32 + "1" + "]" * 32, "[" * 33 + "]" * 33, "[" * 20_000, '{"a":' * 31 + "0" + "}" * 31),
    *("\x00", "a\x00b\x01\x1f\x7f", "'\"\\%_;--#/*", "caf\u00e9 e\u0301", "\U0001f600\U0010ffff", "\u202eabc\u2066"),
    *("\ufffe\uffff\ufdd0", "\u2028\u2029\r\n\t", "\u0000\u0000", "A" * 3000),
]  # fmt: skip


def _texts() -> Iterator[Source]:
    """CHAR loses its trailing blanks, all others keep them."""
    chars = [("ab   ", "ab"), ("", ""), ("  a", "  a"), ("\U0001f600" * 5,) * 2, ("a\x00", "a\x00"), ("1.50", "1.50")]
    yield Source("char5", "CHAR(5)", "text", tuple(chars))
    yield Source("char0", "CHAR(0)", "text", same([""]))
    yield Source("char255", "CHAR(255)", "text", same(["\U0001f600" * 255, "x"]))
    yield Source("varchar_", "VARCHAR(5)", "text", same(["ab   ", "\U0001f600" * 5, ""]))
    yield Source("tiny", "TINYTEXT", "text", same(["", "\u00e9" * 127, "x" * 255]))
    yield Source("text_", "TEXT", "text", same([*WORDS, "x" * 65_535]))
    yield Source("medium", "MEDIUMTEXT", "text", same(["y" * 65_536, "  "]))
    yield Source("long_", "LONGTEXT", "text", same(["z" * 400_000, '{"long": "' + "z" * 300_000 + '"}']))
    yield Source("made", "VARCHAR(9) GENERATED ALWAYS AS (CONCAT(varchar_, '!')) VIRTUAL", "text", ())
    yield Source("kept", "INT GENERATED ALWAYS AS (CHAR_LENGTH(varchar_)) STORED", "integer", ())
    yield Source("hidden", "INT INVISIBLE", "integer", same([5, 0]))


ALL_BYTES = bytes(range(256))


def _binaries() -> Iterator[Source]:
    yield Source(
        "binary3", "BINARY(3)", "binary", ((b"a", b"a\0\0"), (b"\xff" * 3,) * 2, (b"", b"\0\0\0"), (b"1.5",) * 2)
    )
    yield Source("binary255", "BINARY(255)", "binary", ((ALL_BYTES[1:],) * 2, (b"", b"\0" * 255)))
    various = [
        b"",
        ALL_BYTES,
        b"  ",
        "caf\u00e9 \U0001f600".encode(),
        b"\xc3\x28",
        b"12",
        b"1e126",
        b"[1]",
        b"\xed\xa0\x80",
    ]
    yield Source("varbinary_", "VARBINARY(300)", "binary", tuple((v, v) for v in various))
    for name, size in (("TINYBLOB", 255), ("BLOB", 65_535), ("MEDIUMBLOB", 65_536), ("LONGBLOB", 400_000)):
        values = (b"", b"\x80", b"\0" * size)
        yield Source(f"{name.lower()}_", name, "binary", tuple((v, v) for v in values))


def _members() -> Iterator[Source]:
    enum = ["", "a b", "\u00e9", "1", "[]", "it's"]
    literals = ", ".join("'" + e.replace("'", "''") + "'" for e in enum)
    yield Source("enum_", f"ENUM({literals})", "text", same(enum))
    yield Source(
        "set_", "SET('x','y z','\u00e9','1','2.50')", "set", same(["", "x", "x,y z,\u00e9,1,2.50", "1,2.50", "1"])
    )
    many = [f"m{n}" for n in range(64)]
    yield Source("set64", f"SET({', '.join(repr(m) for m in many)})", "set", same([",".join(many), "m63", "m0,m63"]))


def _json(engine: str) -> Iterator[Source]:
    """MySQL makes its own document (last of equal names, numbers over 64 bits as doubles); MariaDB keeps the text."""
    both = [
        *(
            "{}",
            "[]",
            "null",
            "true",
            "false",
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            '""',
            '"text"',
        ),
        *("[1, 2, 1]", '["a", "b", "a"]', '["a", 1]', "[true, null]", '{"a": {"b": [1, "x", null, false]}}', '{"": 1}'),
        *(
            '{"\u00e9\U0001f600": "\u00e9\U0001f600"}',
            "[12345678901234567890]",
            "[9007199254740993]",
            "1.5",
            "[1, 2.5]",
        ),
        *("[" * n + "1" + "]" * n for n in (30, 31)),
    ]
    rewritten = {
        '{"a": 1, "a": 2}': '{"a": 2}',
        '["\\u0041\\ud83d\\ude00\\u0000\\u2028"]': '["A\U0001f600\\u0000\u2028"]',
        "98765432109876543210": "9.876543210987654e19",
        '{"long name": 1,"b":[1.10]}': '{"b": [1.1], "long name": 1}',
        "1e-140": "1e-140",
        "[1e125, 1e126]": "[1e125, 1e126]",
        "12345678901234567890.5": "1.2345678901234567e19",
    }
    values = same(both)
    if engine == "mysql":
        values += tuple(rewritten.items())
        values += same(["[" * n + "1" + "]" * n for n in (32, 60)])
    else:
        exact = [f"[{'1' * 38}, 0.{'1' * 38}]", f"[{'1' * 39}]", "1e400", "[1e-200]", '{"n": 1.10}', "0.1000", "9e125"]
        values += same([*rewritten, *exact])
    yield Source("json_", "JSON", "json", values)


def _wkb(kind: int, body: bytes) -> bytes:
    return b"\x01" + struct.pack("<I", kind) + body


def _counted(parts: list[bytes]) -> bytes:
    return struct.pack("<I", len(parts)) + b"".join(parts)


def _pair(x: float, y: float) -> bytes:
    return struct.pack("<dd", x, y)


def _geometry(engine: str) -> Iterator[Source]:
    """Well-known binary is laid out by hand, as the OGC's "Simple feature access" says."""
    ring = [_pair(*p) for p in ((0, 0), (0, 2), (2, 2), (0, 0))]
    points = [_wkb(1, _pair(1, 1)), _wkb(1, _pair(2, 2))]
    line, polygon = _wkb(2, _counted(ring[:2])), _wkb(3, _counted([_counted(ring)]))
    multi = "MULTIPOINT(1 1,2 2)" if engine == "mariadb" else "MULTIPOINT((1 1),(2 2))"
    shapes = {
        "point": [
            ("POINT(1 2)", _wkb(1, _pair(1, 2))),
            ("POINT(-180.25 89.123456789012)", _wkb(1, _pair(-180.25, 89.123456789012))),
        ],
        "linestring": [("LINESTRING(0 0,0 2)", line)],
        "polygon": [("POLYGON((0 0,0 2,2 2,0 0))", polygon)],
        "multipoint": [(multi, _wkb(4, _counted(points)))],
        "multilinestring": [("MULTILINESTRING((0 0,0 2))", _wkb(5, _counted([line])))],
        "multipolygon": [("MULTIPOLYGON(((0 0,0 2,2 2,0 0)))", _wkb(6, _counted([polygon])))],
        "geometrycollection": [("GEOMETRYCOLLECTION(POINT(1 1))", _wkb(7, _counted(points[:1])))],
        "geometry": [("LINESTRING(0 0,0 2)", line)],
    }  # fmt: skip
    for name, values in shapes.items():
        shown = tuple((wkt, (wkt, wkb)) for wkt, wkb in values)
        yield Source(f"{name}_", name.upper(), "geometry", shown, "ST_GeomFromText(%s)")


def _addresses(engine: str) -> Iterator[Source]:
    if engine != "mariadb":
        return
    uuids = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
    upper = "123E4567-E89B-12D3-A456-426655440000"
    yield Source("uuid_", "UUID", "text", (*same(uuids), (upper, upper.lower())))
    sixes = [
        ("::", "::"),
        ("ffff:" * 7 + "ffff",) * 2,
        ("2001:DB8::FF00:42:8329", "2001:db8::ff00:42:8329"),
        ("::1.2.3.4",) * 2,
    ]
    yield Source("inet6_", "INET6", "text", tuple(sixes))
    yield Source("inet4_", "INET4", "text", same(["0.0.0.1", "255.255.255.255", "10.0.0.1"]))
