"""Schemas to write contracts for: the same roles each time, with odd names and other collations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.contract_evaluator import tables as t
from tests.contract_evaluator.expressions import Col
from tests.contract_evaluator.tables import ColumnType, Table

# Legal in both engines; '#' is not among them because composed keys are cut at it.
ODD_NAMES = (
    *(
        "order",
        "select",
        "two words",
        "dot.ted",
        "back`tick",
        "it's",
        'say "so"',
        "größe",
        "Ж名前",
        "100%",
        "a/b",
        "a-b",
    ),
    *("$x", "1st", "-- x", "semi;colon", "CamelCase", "`", "''", "%s", "x" * 64, "長" * 64, "null", "s", "j1", "r1"),
    *("tableferry_1", "a\\b", "(p)", "é", "key", "e", "d"),
)
CHARACTERS_OF_A_FILE = 40  # each character of a table's name that is no ASCII becomes five in its file's name


@dataclass(frozen=True)
class Link:
    """A way from one table to another: equal columns, (the target's, the source's)."""

    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    many: bool = False


LINKS = (
    Link("goods", "kind", (("id", "kind"),)),
    Link("goods", "kind", (("code", "kind_code"),)),
    Link("goods", "shelf", (("region", "region"), ("number", "shelf"))),
    Link("goods", "kind", (("digits", "id"),)),
    Link("goods", "goods", (("id", "twin"),)),
    Link("kind", "kind", (("id", "up"),)),
    Link("kind", "place", (("id", "place"),)),
    Link("note", "goods", (("id", "goods"),)),
    Link("note", "kind", (("id", "kind"),)),
    Link("goods", "note", (("goods", "id"),), many=True),
    Link("goods", "note", (("name", "name"),), many=True),
    Link("goods", "log", (("goods", "id"),), many=True),
    Link("goods", "goods", (("twin", "id"),), many=True),
    Link("kind", "goods", (("kind", "id"),), many=True),
    Link("kind", "note", (("kind", "id"),), many=True),
    Link("kind", "kind", (("up", "id"),), many=True),
    Link("note", "log", (("word", "name"),), many=True),
)
CHAINS = (("goods", "kind", "place"), ("note", "goods", "kind", "place"), ("note", "kind", "place"), ("goods", "kind"))


def _columns(text: str, other: str) -> dict[str, dict[str, tuple[str, ColumnType]]]:
    """The tables' columns by role, each with the word that says what it holds; two collations."""
    return {
        "place": {"id": ("integer", t.integer()), "title": ("text", t.text(collation=text))},
        "kind": {
            "id": ("integer", t.integer()),
            "name": ("text", t.text(collation=text)),
            "code": ("text", t.text("VARCHAR(9)", text)),
            "digits": ("digits", t.text("VARCHAR(9)", other)),
            "up": ("integer", t.integer()),
            "place": ("integer", t.integer("BIGINT")),
            "rate": ("decimal", t.decimal(6, 3)),
            "doc": ("json", t.document()),
            "tags": ("set", t.members("x", "y z", "ä")),
        },
        "goods": _goods(text, other),
        "shelf": {
            "region": ("text", t.text("CHAR(2)", text)),
            "number": ("integer", t.integer("SMALLINT")),
            "label": ("text", t.text("VARCHAR(9)", other)),
        },
        "note": {
            "id": ("integer", t.integer("BIGINT UNSIGNED")),
            "goods": ("integer", t.integer()),
            "kind": ("integer", t.integer()),
            "name": ("text", t.text("VARCHAR(30)", other)),
            "stars": ("integer", t.integer("TINYINT")),
            "amount": ("decimal", t.decimal(6, 2)),
            "body": ("text", t.text("TEXT", text)),
            "raw": ("binary", t.binary("VARBINARY(4)")),
            "at": ("datetime", t.moment("DATETIME", 3)),
            "doc": ("json", t.document()),
            "flags": ("bit", t.bits(3)),
            "day": ("date", t.day()),
            "ratio": ("double", t.double()),
        },
        "log": {
            "goods": ("integer", t.integer()),
            "word": ("text", t.text("VARCHAR(20)", text)),
            "number": ("integer", t.integer()),
        },
    }


def _goods(text: str, other: str) -> dict[str, tuple[str, ColumnType]]:
    return {
        "id": ("integer", t.integer()),
        "kind": ("integer", t.integer()),
        "kind_code": ("text", t.text("VARCHAR(12)", text)),
        "twin": ("integer", t.integer()),
        "region": ("text", t.text("CHAR(2)", text)),
        "shelf": ("integer", t.integer()),
        "name": ("text", t.text(collation=text)),
        "note": ("text", t.text("TEXT", other)),
        "price": ("decimal", t.decimal(8, 2)),
        "count": ("integer", t.integer("MEDIUMINT")),
        "big": ("big", t.decimal(50, 5)),
        "ratio": ("double", t.double()),
        "rough": ("float", t.single()),
        "flag": ("bool", t.integer("BOOLEAN")),
        "bits": ("bit", t.bits(12)),
        "raw": ("binary", t.binary()),
        "fixed": ("binary", t.binary("BINARY(3)")),
        "day": ("date", t.day()),
        "made": ("datetime", t.moment()),
        "seen": ("datetime", t.moment("TIMESTAMP", 3)),
        "length": ("time", t.span()),
        "size": ("enum", t.choice("S", "it's", "XL")),
        "tags": ("set", t.members("x", "y z", "ä")),
        "doc": ("json", t.document()),
        "doc_text": ("jsontext", t.text("TEXT", other)),
        "digits": ("digits", t.text("VARCHAR(50)", text)),
        "day_text": ("daytext", t.text("CHAR(10)", text)),
        "spot": ("point", t.point()),
        "fill": ("filled", t.filled(6)),
        "year": ("year", t.integer("YEAR")),
    }


_KEYS = {"place": ("id",), "kind": ("id",), "goods": ("id",), "shelf": ("region", "number"), "note": ("id",), "log": ()}


@dataclass(frozen=True, repr=False)
class Shop:
    """The tables by role, and the name and kind of each column by (table's role, column's role)."""

    number: int
    tables: dict[str, Table]
    names: dict[tuple[str, str], str]
    kinds: dict[tuple[str, str], str]

    def __repr__(self) -> str:
        return f"Shop {self.number}"

    def col(self, table: str, column: str, *, alias: str | None = None, bare: bool = False) -> Col:
        """A column as an expression."""
        name = None if bare else alias or self.tables[table].name
        return Col(name, self.names[table, column])

    def of_kind(self, table: str, *kinds: str) -> list[str]:
        """The roles of a table's columns that hold this."""
        return [c for (of, c), kind in self.kinds.items() if of == table and kind in kinds]


def shops(count: int) -> Iterator[Shop]:
    """Different shops, the same ones each time."""
    for seed in range(count):
        chosen = random.Random(seed)
        text, other = chosen.choice([("ci", "ci"), ("ci", "bin"), ("bin", "ci"), ("ci", "nopad"), ("nopad", "ci")])
        yield _shop(chosen, _columns(text, other), seed)


def _shop(chosen: random.Random, columns: dict[str, dict[str, tuple[str, ColumnType]]], number: int) -> Shop:
    """Only shop 0 has plain names; a table's name begins with the number, which keeps the shops apart."""
    odd = number > 0
    tables: dict[str, Table] = {}
    names: dict[tuple[str, str], str] = {}
    kinds: dict[tuple[str, str], str] = {}
    table_names = _names(chosen, list(columns), odd)
    for role, found in columns.items():
        known = _names(chosen, list(found), odd)
        names |= {(role, column): known[column] for column in found}
        kinds |= {(role, column): kind for column, (kind, _) in found.items()}
        unique = ((known["code"],),) if role == "kind" else ()
        indexes = ((known["goods"],),) if role == "note" else ()
        tables[role] = Table(
            _table_name(f"{number} ", table_names[role]),
            {known[column]: type_ for column, (_, type_) in found.items()},
            tuple(known[c] for c in _KEYS[role]),
            unique,
            indexes,
        )
    return Shop(number, tables, names, kinds)


def _names(chosen: random.Random, roles: list[str], odd: bool) -> dict[str, str]:
    """A name for each role, different for the server too, which does not tell upper from lower case."""
    given = {role: f"{role}_" for role in roles}
    pool = list(ODD_NAMES)
    chosen.shuffle(pool)
    for role in roles if odd else []:
        if chosen.random() < 0.6:
            given[role] = pool.pop()
    return given


def _table_name(prefix: str, name: str) -> str:
    longest = 64 if name.isascii() else CHARACTERS_OF_A_FILE
    return (prefix + name)[:longest].rstrip()
