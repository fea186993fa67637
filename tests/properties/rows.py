"""Rows for a shop: NULLs, variants that a collation calls equal, duplicates in what joins compare, no match, many."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.contract_evaluator.sql_values import weights
from tests.contract_evaluator.tables import Table
from tests.properties.shops import Shop

TEXTS = (
    *("a", "A", "a ", "ä", "b", "", " ", "null", "None", "😀", "😃", "it's", 'q"q', "back\\", "{a}", "a#b", "Ж", "ж"),
    *("100%", "a_b", "1", "01", "1e0", "x\ny", "名"),
)
CODES = ("a", "A", "b", "B ", "b ", "ä", "c", "")
DOCUMENTS: tuple[Any, ...] = (
    {"x": [1, Decimal("2.5")], "longer": None},
    {},
    [],
    ["b", "a", "b", ""],
    [3, 1, Decimal("1.5"), 1],
    {"t": True, "n": 12345678901234567890},
    True,
    7,
    "text",
    [[{"k": "ü😀"}]],
)
JSON_TEXTS = ('{"x": [1, 2.50]}', "[]", '["a", "b", "a"]', "[1, 1.0, 2]", "{}", ' {"a" : null} ', "nonsense", "")
DIGITS = ("1", "01", "2", "-3.50", "1e0", " 2", "two", "", "1E200", "0", "3abc", "1234567890" * 4)
MOMENTS = ("2024-02-29 13:05:09", "1999-12-31 23:59:59", "2001-01-31 00:00:00", "2024-12-31 12:00:00")
POOLS: dict[str, tuple[Any, ...]] = {
    "integer": (0, 1, 2, 3, 4, 9, -7, 100),
    "bool": (0, 1, 1, 5),
    "filled": (0, 7, 123456),
    "year": (1999, 2024),
    "decimal": tuple(map(Decimal, ("0", "1.10", "-2.25", "10.5", "0.01", "99.99", "-0.005", "100"))),
    "big": tuple(map(Decimal, ("0", "1.5", "-123456789012345678901234567890123.4", "1" * 40, "9" * 38, "1e37"))),
    "double": (0.0, 0.5, -1.25, 3.0, 1024.0, 0.125),
    "float": ("0", "0.5", "-1.25", "0.1", "3"),
    "bit": (0, 1, 2, 5, 7),
    "text": TEXTS,
    "digits": DIGITS,
    "jsontext": JSON_TEXTS,
    "daytext": ("31.12.1999", "29.02.2024", "30.02.2024", "1.1.2024", "", "2024-01-01"),
    "binary": (b"", b"\x00", b"ab", b"a\x00", b"\xff\xfe", b"a"),
    "date": ("2024-02-29", "1999-12-31", "2001-01-31", "1000-01-01", "9999-12-31"),
    "datetime": MOMENTS,
    "time": ("00:00:00", "13:05:09", "-01:30:00", "838:59:59"),
    "enum": ("S", "it's", "XL"),
    "set": (set(), {"x"}, {"ä", "x"}, {"y z"}),
    "json": DOCUMENTS,
    "point": ((0, 0), (1, -2)),
}
_NARROW = {"kind_code": CODES, "code": CODES, "region": ("eu", "us", "EU", "u", "")}
_KEYS = {"kind", "twin", "up", "place", "goods", "shelf", "number"}
_IDS = (1, 2, 3, 9)
_MAYBE_EMPTY = {"log", "place", "shelf"}


def rows(shop: Shop, role: str) -> st.SearchStrategy[Table]:
    """The table with up to five rows that its keys allow."""
    table = shop.tables[role]
    columns = {shop.names[role, column]: _cell(shop, role, column) for of, column in shop.names if of == role}
    row = st.fixed_dictionaries(columns)
    found = st.lists(row, min_size=0 if role in _MAYBE_EMPTY else 2, max_size=6)
    return found.map(lambda rows: table.with_rows(_allowed(table, rows)))


def all_rows(shop: Shop) -> st.SearchStrategy[dict[str, Table]]:
    """All tables of the shop with rows, by role."""
    return st.fixed_dictionaries({role: rows(shop, role) for role in shop.tables})


def _cell(shop: Shop, role: str, column: str) -> st.SearchStrategy[Any]:
    pool: Any = _NARROW.get(column) or POOLS[shop.kinds[role, column]]
    name = shop.names[role, column]
    table = shop.tables[role]
    if name in table.key:
        return st.sampled_from((1, 2, 3, 4, 5) if shop.kinds[role, column] == "integer" else pool)
    if column in _KEYS and shop.kinds[role, column] == "integer":
        pool = _IDS
    elif shop.kinds[role, column] == "datetime":
        pool = tuple(m + _fraction(table.columns[name].sql, n) for n, m in enumerate(MOMENTS))
    elif shop.kinds[role, column] == "decimal":
        pool = tuple(number for number in pool if "6,3" not in table.columns[name].sql or abs(number) < 1000)
        pool = tuple(round(number, 3 if "6,3" in table.columns[name].sql else 2) for number in pool)
    elif table.columns[name].sql == "BINARY(3)":
        pool = tuple(found for found in pool if len(found) <= 3)
    elif role == "kind" and column == "digits":
        pool = ("1", "01", "2", "two", "3", "")
    return st.sampled_from((None, *pool, *pool, *pool) if len(pool) < 9 else (None, *pool))


def _fraction(sql: str, number: int) -> str:
    return ("." + ("000", "120", "999")[number % 3]) if "(3)" in sql else ""


def _allowed(table: Table, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the rows that a unique key forbids."""
    seen: set[Any] = set()
    kept = []
    for row in found:
        keys = {
            (names, tuple(str(_folded(table, n, row[n])) for n in names))
            for names in (table.key, *table.unique)
            if names and all(row[n] is not None for n in names)
        }
        if not keys & seen:
            kept.append(row)
            seen |= keys
    return kept


def _folded(table: Table, name: str, value: Any) -> Any:
    type_ = table.columns[name]
    return weights(str(type_.keeps(value)), type_.collation) if isinstance(value, str) else value
