"""Tables and rows for contracts that combine patterns: every row can be an item, whatever is joined to it."""

from __future__ import annotations

from decimal import Decimal

from tests.contract_evaluator import tables as t
from tests.contract_evaluator.tables import Table

PLACE = Table(
    "place",
    {"id": t.integer(), "title": t.text()},
    ("id",),
    rows=[{"id": 1, "title": "Hall 'A'"}, {"id": 2, "title": ""}],
)
KIND = Table(
    "the kinds",
    {"id": t.integer(), "name": t.text(), "place": t.integer()},
    ("id",),
    rows=[{"id": 1, "name": "Root", "place": 1}, {"id": 2, "name": "null", "place": None}, {"id": 3, "name": "ä{x}"}],
)
GOODS = Table(
    "goods",
    {
        "id": t.integer(),
        "kind": t.integer(),
        "name": t.text(),
        "made": t.moment(),
        "price": t.decimal(8, 2),
        "doc": t.text("TEXT"),
        "order": t.integer(),
    },
    ("id",),
    rows=[
        {"id": 1, "kind": 1, "name": "a'b", "made": "2024-02-29 13:05:09", "price": Decimal("1234.50"),
         "doc": '{"x": [1, 2.50]}', "order": 7},
        {"id": 2, "kind": 2, "name": "", "made": "1999-12-31 23:59:59", "price": Decimal("-0.01"),
         "doc": '{"n": null}', "order": 0},
        {"id": 3, "kind": None, "name": "😀 ", "made": "2001-01-31 00:00:00", "price": Decimal(0), "doc": "{}"},
    ],
)  # fmt: skip
LINE = Table(
    "lines",
    {
        "id": t.integer("BIGINT"),
        "goods": t.integer(),
        "kind": t.integer(),
        "up": t.integer("BIGINT"),
        "at": t.moment("DATETIME", 3),
        "amount": t.decimal(6, 2),
        "stars": t.integer("TINYINT"),
        "note": t.text(collation="bin"),
        "day": t.day(),
        "doc": t.text("TEXT"),
    },
    ("id",),
    rows=[
        {"id": 1, "goods": 1, "kind": 1, "up": None, "at": "2024-02-29 13:05:09.120", "amount": Decimal("0.05"),
         "stars": 5, "note": "x\ny", "day": "2024-02-29", "doc": '{"y": 1}'},
        {"id": 2, "goods": 1, "kind": 1, "up": 1, "at": "1999-12-31 23:59:59.000", "amount": Decimal("-9.99"),
         "stars": 1, "note": "q\"q", "day": "1999-12-31", "doc": '{"y": "ü😀"}'},
        {"id": 3, "goods": 2, "kind": 3, "up": 1, "at": "2001-01-31 00:00:00.999", "amount": Decimal("1000"),
         "stars": 3, "note": "None", "day": "2001-01-31", "doc": "{}"},
        {"id": 4, "goods": 9, "kind": None, "up": 9, "at": "2024-12-31 12:00:00.500", "amount": Decimal(1),
         "stars": 2, "note": "back\\", "day": "2024-12-31", "doc": '{"y": [true]}'},
        {"id": 5, "goods": None, "kind": 2, "up": 5, "at": None, "amount": None, "stars": None, "note": None},
    ],
)  # fmt: skip
REMARK = Table(
    "remarks",
    {
        "id": t.integer(),
        "line": t.integer("BIGINT"),
        "text": t.text(),
        "stars": t.integer(),
        "amount": t.decimal(6, 2),
        "at": t.moment(),
        "raw": t.binary("VARBINARY(4)"),
        "doc": t.document(),
    },
    ("id",),
    indexes=(("line",),),
    rows=[
        {"id": 1, "line": 1, "text": "good", "stars": 5, "amount": Decimal("1.10"), "at": "2024-01-01 00:00:00",
         "raw": b"\x00\xff", "doc": {"k": [1, True]}},
        {"id": 2, "line": 1, "text": "Good ", "stars": 3, "amount": Decimal("2.25"), "at": "2024-01-02 00:00:00",
         "raw": b"", "doc": []},
        {"id": 3, "line": 1, "text": None, "stars": 5, "amount": None, "at": None, "raw": None, "doc": None},
        {"id": 4, "line": 2, "text": "", "stars": None, "amount": Decimal("0.01"), "at": "2023-12-31 23:59:59",
         "raw": b"ab", "doc": "x"},
        {"id": 5, "line": 3, "text": "y😀", "stars": 0, "amount": Decimal("-1.5"), "at": "2000-02-29 12:00:00",
         "raw": b"ab", "doc": None},
        {"id": 6, "line": 3, "text": "z", "stars": 0, "amount": Decimal("1.5"), "at": "2000-02-29 12:00:00",
         "raw": b"b", "doc": {"d": Decimal("2.5")}},
    ],
)  # fmt: skip
TABLES = (PLACE, KIND, GOODS, LINE, REMARK)
