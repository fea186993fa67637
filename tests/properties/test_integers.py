"""Arithmetic over integers of every size gives what Python's integers give, also below zero and beyond 64 bits."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from decimal import Decimal
from math import ceil, floor
from types import SimpleNamespace
from typing import Any

import pytest

from tests.contract_evaluator import tables as t
from tests.contract_evaluator.tables import Table
from tests.properties.conftest import ProductOver

pytestmark = pytest.mark.server

MOST, LEAST = 2**64 - 1, -(2**63)
COLUMNS = {
    "id": t.integer(),
    "i": t.integer(),
    "u": t.integer("BIGINT UNSIGNED"),
    "few": t.integer("INT UNSIGNED"),
    "bi": t.integer("BIGINT"),
    "bt": t.bits(64),
    "yr": t.integer("YEAR"),
    "pu": t.ColumnType("DECIMAL(9,2) UNSIGNED", Decimal),
    "vc": t.text(),
}
ROWS = [
    {"i": -5, "u": 2, "few": 2, "bi": -5, "bt": 5, "yr": 2001, "pu": Decimal("1.50"), "vc": "abc"},
    {"i": 7, "u": MOST, "few": 2**32 - 1, "bi": 2**63 - 1, "bt": MOST, "yr": 1901, "pu": Decimal("9.99"), "vc": "1"},
    {"i": -(2**31), "u": MOST, "few": 0, "bi": LEAST, "bt": 0, "yr": 2155, "pu": Decimal("0.01"), "vc": ""},
    {"i": 1, "u": 1, "few": 1, "bi": 1, "bt": 1, "yr": 2155, "pu": Decimal("3.00"), "vc": "é"},
]


def div(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def mod(a: int, b: int) -> int:
    return a - b * div(a, b)


VALUES: dict[str, Callable[[Any], int | None]] = {
    "i + u": lambda r: r.i + r.u,
    "u - 8": lambda r: r.u - 8,
    "u + 1": lambda r: r.u + 1,
    "bi + 1": lambda r: r.bi + 1,
    "bi - 2": lambda r: r.bi - 2,
    "FLOOR(i / 4) - few": lambda r: r.i // 4 - r.few,
    "CEILING(i / 4) * u": lambda r: -(-r.i // 4) * r.u,
    "TIME_TO_SEC('00:00:05') - u": lambda r: 5 - r.u,
    "UNIX_TIMESTAMP('2001-01-01 00:00:00') - u": lambda r: 978307200 - r.u,
    "MOD(FLOOR(i / 4), few + 1) - few": lambda r: mod(r.i // 4, r.few + 1) - r.few,
    "IF(id = 1, FLOOR(i / 4), few) - few": lambda r: (r.i // 4 if r.id == 1 else r.few) - r.few,
    "-u": lambda r: -r.u,
    "-few - 1": lambda r: -r.few - 1,
    "-bi": lambda r: -r.bi,
    "u * -1": lambda r: -r.u,
    "few * i": lambda r: r.few * r.i,
    "few * few * few": lambda r: r.few**3,
    "u * u": lambda r: r.u**2,
    "u * u * u * i": lambda r: None if r.u == MOST else r.u**3 * r.i,
    "(u - 8) * bi": lambda r: (r.u - 8) * r.bi,
    "u DIV -2": lambda r: div(r.u, -2),
    "u DIV -1": lambda r: -r.u,
    "u DIV 1": lambda r: r.u,
    "u DIV i": lambda r: div(r.u, r.i),
    "i DIV u": lambda r: div(r.i, r.u),
    "bi DIV -1": lambda r: -r.bi,
    "u * u DIV (u - 3)": lambda r: div(r.u**2, r.u - 3),
    "(u - 8) DIV 3 - 1": lambda r: div(r.u - 8, 3) - 1,
    "u DIV -2.5": lambda r: int(Decimal(r.u) / Decimal("-2.5")),
    "pu DIV 2 - 8": lambda r: int(r.pu / 2) - 8,
    "u % -3": lambda r: mod(r.u, -3),
    "i % u": lambda r: mod(r.i, r.u),
    "(u - 8) % 5": lambda r: mod(r.u - 8, 5),
    "LEAST(u, bi) % 3": lambda r: mod(min(r.u, r.bi), 3),
    "ABS(u) - 8": lambda r: r.u - 8,
    "ROUND(u) - 8": lambda r: r.u - 8,
    "FLOOR(u) - 8": lambda r: r.u - 8,
    "FLOOR(u - 8)": lambda r: r.u - 8,
    "FLOOR(pu) - 8": lambda r: floor(r.pu) - 8,
    "CEIL(pu) - 11": lambda r: ceil(r.pu) - 11,
    "TRUNCATE(u, 0) - 8": lambda r: r.u - 8,
    "MOD(u, 3) - 8": lambda r: mod(r.u, 3) - 8,
    "MOD(u - 8, 3)": lambda r: mod(r.u - 8, 3),
    "COALESCE(u, u) - 8": lambda r: r.u - 8,
    "COALESCE(NULL, few, i) - 8": lambda r: r.few - 8,
    "IFNULL(u, u) - 8": lambda r: r.u - 8,
    "NULLIF(u, 0) - 8": lambda r: r.u - 8,
    "LEAST(u, bi) - 8": lambda r: min(r.u, r.bi) - 8,
    "GREATEST(u, bi) - 8": lambda r: max(r.u, r.bi) - 8,
    "IF(id = 1, u, u) - 8": lambda r: r.u - 8,
    "CASE WHEN id = 1 THEN u ELSE few END - 8": lambda r: (r.u if r.id == 1 else r.few) - 8,
    "CAST(u AS UNSIGNED) - 8": lambda r: r.u - 8,
    "CAST(u - 8 AS UNSIGNED)": lambda r: (r.u - 8) % 2**64,
    "CAST(i AS SIGNED) - few": lambda r: r.i - r.few,
    "bt - 8": lambda r: r.bt - 8,
    "bt + i": lambda r: r.bt + r.i,
    "yr - 2002": lambda r: r.yr - 2002,
    "(i & 4) - 8": lambda r: (r.i & 4) - 8,
    "(i | 1) - 8": lambda r: (r.i % 2**64 | 1) - 8,
    "~u - 8": lambda r: MOST - r.u - 8,
    "CRC32(vc) - 1": lambda r: zlib.crc32(r.vc.encode()) - 1,
    "CRC32(vc) * -CRC32(vc)": lambda r: -(zlib.crc32(r.vc.encode()) ** 2),
    "INET_ATON('0.0.0.9') - i * u": lambda r: 9 - r.i * r.u,
    "LENGTH(vc) - u": lambda r: len(r.vc.encode()) - r.u,
    "(u = 2) - u": lambda r: (r.u == 2) - r.u,
    "(few - 8) & 255": lambda r: (r.few - 8) & 255,
    "(bi - 1) & 255": lambda r: (r.bi - 1) & 255,
    "(u * u + i) & 255": lambda r: (r.u**2 + r.i) & 255,
    "(u - 8) | few": lambda r: ((r.u - 8) | r.few) % 2**64,
    "~(u + 1)": lambda r: ~(r.u + 1) % 2**64,
    "(u - 8) >> 3": lambda r: (r.u - 8) % 2**64 >> 3,
    "BIT_COUNT(u - 8)": lambda r: ((r.u - 8) % 2**64).bit_count(),
    "(few - 8) * 2 - (few - 8) * (few - 8)": lambda r: (r.few - 8) * 2 - (r.few - 8) ** 2,
    "18446744073709551615 + few": lambda r: MOST + r.few,
    "-9223372036854775808 - few": lambda r: LEAST - r.few,
}


@pytest.mark.parametrize("several", [False, True], ids=["alone", "in a union"])
def test_integers_have_no_end(product_over: ProductOver, *, several: bool) -> None:
    """Both servers failed on the first row whose result did not fit (error 1690), in the middle of the load."""
    numbers = Table("numbers", COLUMNS, ("id",)).with_rows([{"id": n + 1, **row} for n, row in enumerate(ROWS)])
    attributes: list[dict[str, Any]] = [{"name": "id", "type": "N", "source_column": "id"}]
    for text in VALUES:
        attributes.append({"name": text, "type": "S", "calculation": {"type": "date-math", "expression": text}})
    entity = {"source_table": "numbers", "attributes": attributes}
    table = {"table": "Numbers", "type": "single-entity", "pk": "id", **entity}
    if several:
        entities = [{"entity_type": name, **entity} for name in ("A", "B")]
        table = {"table": "Numbers", "type": "multi-entity", "pk": "id", "entities": entities}
    found = product_over([numbers]).items([numbers], table)
    assert len(found) == len(ROWS) * (2 if several else 1)
    wrong = []
    for item in found:
        number = int(item["id"]["N"])
        row = SimpleNamespace(id=number, **ROWS[number - 1])
        expected = {text: str(value(row)) for text, value in VALUES.items() if value(row) is not None}
        shown = {text: item[text]["S"] for text in expected}
        wrong += [(text, shown[text], expected[text]) for text in expected if shown[text] != expected[text]]
    assert not wrong
