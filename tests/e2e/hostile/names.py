"""Names that the source does not have, that hold SQL, or that lead nowhere but in a circle."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from tests.e2e.hostile.case import Hostile

_A = "Orders.attributes"
_J = "attribute customer, join"
_DROP = "orders`; DROP TABLE orders; --"
_QUOTE = "x' OR '1'='1"
_ORDER_BY = "attribute lines, join, construction, order_by"
_FORMAT = "transformation, format"
_BOMB = "\x1b]0;owned\x07\x1b[31m\u202e\u2066"


def _format(text: str) -> dict[str, Any]:
    return {"type": "string-format", "format": text}


def _formatted(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "type": "S", "transformation": _format(text)}


_NAMES: list[tuple[str, Any, str, str]] = [
    ("Orders.source_table", "ordesr", "source_table", "Did you mean 'orders'?"),
    ("Orders.source_table", _DROP, "source_table", "there is no table"),
    ("Orders.source_table", _QUOTE, "source_table", "there is no table"),
    ("Orders.source_table", "orders\\' UNION SELECT 1 -- ", "source_table", "there is no table"),
    ("Orders.source_table", "mysql.user", "source_table", "there is no table 'mysql.user'"),
    ("Orders.source_table", "(SELECT 1) x", "source_table", "there is no table"),
    ("Orders.source_table", "a\0b", "source_table", "there is no table 'a\\x00b'"),
    ("Orders.source_table", _BOMB, "source_table", "there is no table '\\x1b"),
    ("Orders.source_table", "😀" * 16, "source_table", "there is no table"),
    ("Orders.sk", "region#id FROM secrets", "sk", "the part 'id FROM secrets' is no attribute"),
    ("Orders.gsis.ByDay.pk", "day#word", "gsi ByDay, pk", "the part 'word' is no attribute"),
    (f"{_A}.id.source_table", "secrets", "attribute id, source_table", "the rows come from 'orders'"),
    (f"{_A}.id.source_column", "idd", "attribute id, source_column", "Did you mean 'id'?"),
    (f"{_A}.id.source_column", "id`, (SELECT 1) `x", "attribute id, source_column", "has no column"),
    (f"{_A}.id.source_column", "SLEEP(5)", "attribute id, source_column", "has no column 'SLEEP(5)'"),
    (f"{_A}.id.source_column", "*", "attribute id, source_column", "has no column '*'"),
    (f"{_A}.id.source_column", _BOMB, "attribute id, source_column", "has no column '\\x1b"),
    (f"{_A}.home.source_column", ["word"], "attribute home, source_column", "has no column 'word'"),
    (f"{_A}.customer.source_column", ["id"], "attribute customer, source_column", "belongs to a multi-column join"),
    (f"{_A}.customer.join.target_table", "custmers", f"{_J}, target_table", "Did you mean 'customers'?"),
    (f"{_A}.customer.join.target_table", _DROP, f"{_J}, target_table", "there is no table"),
    (f"{_A}.customer.join.target_table", "information_schema.tables", f"{_J}, target_table", "there is no table"),
    (f"{_A}.customer.join.target_table", "customers AS c, secrets", f"{_J}, target_table", "there is no table"),
    (f"{_A}.customer.join.join_condition", "secrets.id = orders.id", f"{_J}, join_condition", "no table of this join"),
    (f"{_A}.customer.join.join_condition", "customers.idd = orders.id", f"{_J}, join_condition", "Did you mean 'id'?"),
    (f"{_A}.customer.join.join_condition", "id = customer_id", f"{_J}, join_condition", "is a column of both"),
    (f"{_A}.customer.join.select_column", "secrets.word", f"{_J}, select_column", "no table of this join"),
    (f"{_A}.customer.join.select_column", f"`{_BOMB}`", f"{_J}, select_column", "\\x1b"),
    (f"{_A}.payer.join.join_alias", "orders", "attribute payer, join, join_alias", "is the table's own name"),
    (f"{_A}.payer.join.join_alias", "p`; DROP TABLE orders; --", "attribute payer, join, join_condition", "'p'"),
    (f"{_A}.path.join.joins.1.target_table", "secret", "attribute path, join, joins[1], target_table", "'secrets'"),
    (f"{_A}.skus.join.target_table", "order_lines;", "attribute skus, join, target_table", "there is no table"),
    (f"{_A}.lines.join.target_table", "no", "attribute lines, join, target_table", "there is no table 'no'"),
    (f"{_A}.lines.join.construction.select_columns", {"x'": "word"},
     "attribute lines, join, construction, select_columns \"x'\"", "there is no column 'word'"),
    (f"{_A}.lines.join.construction.select_columns", {_BOMB: "word"},
     "attribute lines, join, construction, select_columns '\\x1b]0;owned\\x07\\x1b[31m\\u202e\\u2066'", "no column"),
    (f"{_A}.lines.join.construction.order_by", "word DESC", _ORDER_BY, "no column"),
    (f"{_A}.sum.calculation.target_table", "secret", "attribute sum, calculation, target_table", "'secrets'?"),
    (f"{_A}.rich.join.else_value", "parent.name", "attribute rich, join, else_value", "looks like column 'name'"),
    (f"{_A}.line.transformation", _format("{line}"), "attribute line, transformation, format", "the attribute itself"),
    (f"{_A}.line.transformation", _format("{nothing}"), "attribute line, transformation, format", "no attribute"),
    (f"{_A}.line.transformation", _format("{id} {"), "attribute line, transformation, format", "a brace without"),
    (f"{_A}.line.transformation", _format("{0.__class__}"), "attribute line, transformation, format", "no attribute"),
    (f"{_A}.line.transformation", _format("{SLEEP(5)}"), "attribute line, transformation, format", "no attribute"),
    (f"{_A}.line.transformation", _format("{" + _BOMB + "}"), "attribute line, transformation, format", "\\x1b"),
    (f"{_A}.customer.transformation", _format("{note}"), f"{_J[:18]}, transformation, format", "would be ignored"),
    (f"{_A}.day.transformation.format", "'; DROP TABLE orders", "attribute day, transformation, format", "has none of"),
    (f"{_A}.price.transformation.format", "0.00'; --", f"attribute price, {_FORMAT}", "is no number format"),
    (f"{_A}.line", _formatted("a", "{b}"), "attribute a, transformation, format", "'b' is no column"),
    ("Both.entities.ORDER.source_table", "secret", "entity ORDER, source_table", "'secrets'?"),
    ("Both.entities.ORDER.pk_template", "C#{word}", "entity ORDER, pk_template", "'word' is no column of orders"),
    ("Both.entities.ORDER.pk_template", None, "entity ORDER, pk_template", "is missing"),
    ("Both.entities.ORDER.sk_template", "O#{id}}", "entity ORDER, sk_template", "a brace without its partner"),
    ("Both.entities.ORDER.attributes.+", {"name": "entity_type", "type": "S", "source_column": "note"},
     "entity ORDER, attribute entity_type", "tells entities apart"),
]  # fmt: skip


def _orders(*attributes: dict[str, Any]) -> bytes:
    key = {"name": "id", "type": "N", "source_column": "id"}
    table = {"table": "Orders", "type": "single-entity", "source_table": "orders", "pk": "id"}
    return json.dumps([table | {"attributes": [key, *attributes]}]).encode()


def _chain(size: int, name: str = "c{}", text: str = "{{{}}}", *, closed: bool) -> bytes:
    """Attributes that each name the next one, the last one the first or the key."""
    names = [name.format(n) for n in range(size)] + [name.format(0) if closed else "id"]
    return _orders(*(_formatted(one, text.format(other)) for one, other in pairwise(names)))


_AT = "tables[0] Orders, attribute"


def _joined(size: int) -> list[dict[str, Any]]:
    join = {"type": "foreign-key", "join_condition": "a = b", "select_column": "c"}
    return [{"name": f"a{n}", "type": "S", "join": join | {"target_table": f"t{n}"}} for n in range(size)]


MANY = [
    Hostile("2,100 unknown tables", _orders(*_joined(2_100)), f"{_AT} a0, join, target_table", "no table 't0'"),
]
CIRCLES = [
    Hostile("itself", _chain(1, closed=True), f"{_AT} c0, transformation, format", "the attribute itself"),
    Hostile("a circle", _chain(3, closed=True), f"{_AT} c0", "refers to itself: c0 -> c1 -> c2 -> c0"),
    Hostile("a large circle", _chain(3_000, closed=True), f"{_AT} c21", "is made of too many other attributes"),
    Hostile("a long chain", _chain(3_000, closed=False), f"{_AT} c21", "is made of too many other attributes"),
    Hostile("a billion laughs", _chain(9, text="{{{0}}}" * 10, closed=False), f"{_AT} c6", "is made of too many other"),
    Hostile("a circle of bombs", _chain(2, f"{{}}{_BOMB}", closed=True), f"{_AT} 0\\x1b]0;owned", "refers to itself"),
]
NAMES = [*(Hostile.field(*row) for row in _NAMES), *CIRCLES, *MANY]
