"""A table with every kind of value, and one small damage for each seed: what it is, and what must be found."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.items.plan import Attribute, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.sources import FromColumn, Template
from tests.loader.conftest import Load

Item = dict[str, Any]

ITEM = ItemPlan(
    columns=(
        *(Column("id", Kind.INTEGER), Column("name", Kind.TEXT), Column("price", Kind.DECIMAL)),
        *(Column("flag", Kind.INTEGER), Column("raw", Kind.BINARY), Column("doc", Kind.JSON)),
        *(Column("parts", Kind.JSON), Column("tags", Kind.SET), Column("sizes", Kind.JSON)),
        Column("note", Kind.TEXT),
    ),
    row_key=(0,),
    row_key_names=("id",),
    attributes=(
        Attribute("pk", "S", Template(("ITEM#", FromColumn(0)))),
        Attribute("sk", "N", FromColumn(0)),
        Attribute("name", "S", FromColumn(1)),
        Attribute("price", "N", FromColumn(2)),
        Attribute("flag", "BOOL", FromColumn(3)),
        Attribute("raw", "B", FromColumn(4)),
        Attribute("doc", "M", FromColumn(5)),
        Attribute("parts", "L", FromColumn(6)),
        Attribute("tags", "SS", FromColumn(7)),
        Attribute("sizes", "NS", FromColumn(8)),
        Attribute("note", "S", FromColumn(9)),
    ),
    keys=(Key("pk", "S", "pk"), Key("sk", "N", "sk"), Key("name", "S", "pk", "ByName")),
    chunk_columns=(0,),
)


def filled(load: Load, rows: int, per_chunk: int = 40) -> LoadPlan:
    """A source of so many rows, an empty table with an index, and a plan between them."""
    load.dynamodb.create_table(
        TableName=load.table,
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": type_} for name, type_ in (("pk", "S"), ("sk", "N"), ("name", "S"))
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "ByName",
                "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    load.database.execute(
        "CREATE TABLE v (id INT PRIMARY KEY, name VARCHAR(50), price DECIMAL(38, 10), flag TINYINT(1),"
        " raw VARBINARY(20), doc JSON, parts JSON, tags SET('a', 'b', 'c', 'd'), sizes JSON, note VARCHAR(50))"
    )
    values = ", ".join(map(_row, range(1, rows + 1)))
    load.database.execute(f"INSERT INTO v VALUES {values}")
    edges = [None, *((str(edge),) for edge in range(per_chunk, rows, per_chunk)), None]
    chunks = [Chunk(n, edges[n], edges[n + 1], per_chunk) for n in range(len(edges) - 1)]
    return load.plan("v", ITEM, chunks=chunks)


def _row(n: int) -> str:
    doc = f'{{"n": {n}.5, "deep": {{"list": [1, "x", null, {{"t": true}}]}}, "text": "é {n}"}}'
    name, note = ("NULL" if n % 9 == 0 else f"'name {n}'"), ("NULL" if n % 2 else f"'note {n}'")
    return (
        f"({n}, {name}, {n}.{n:010d}, {n % 2}, x'{n:08x}00ff', '{doc}', '[{n}, \"a\", [2.50, false]]',"
        f" 'a,{'bcd'[n % 3]}', '[{n}, -1.5, 1e3]', {note})"
    )


@dataclass(frozen=True)
class Damage:
    """One damage: the kind and the attributes that a validation must name, and the item to put (None: delete it)."""

    seed: int
    what: str
    kind: str
    key: Item
    attributes: frozenset[str]
    put: Item | None


def key_of(item: Item) -> Item:
    """The item's key."""
    return {"pk": item["pk"], "sk": item["sk"]}


def damage(seed: int, item: Item) -> Damage:
    """What the seed does to this item, or beside it."""
    chance = random.Random(seed)
    what, change = chance.choice(_CHANGES)
    if change is None:
        if what == "drop":
            return Damage(seed, what, "missing", key_of(item), frozenset(), None)
        other = {**copy.deepcopy(item), "pk": {"S": f"OTHER#{seed}"}}
        return Damage(seed, what, "extra", key_of(other), frozenset(), other)
    changed = copy.deepcopy(item)
    attribute = change(changed, chance)
    return Damage(seed, what, "differing", key_of(item), frozenset({attribute}), changed)


def _type(item: Item, chance: random.Random) -> str:
    name = chance.choice(["price", "flag", "raw", "tags", "sizes"])
    ((type_, content),) = item[name].items()
    other: dict[str, Callable[[Any], Item]] = {
        "N": lambda digits: {"S": digits},
        "BOOL": lambda _: {"S": "true"},
        "B": lambda _: {"S": "bytes"},
        "SS": lambda members: {"L": [{"S": member} for member in members]},
        "NS": lambda members: {"SS": list(members)},
    }
    item[name] = other[type_](content)
    return name


def _last_digit(item: Item, _: random.Random) -> str:
    digits = item["price"]["N"]
    item["price"] = {"N": digits[:-1] + str((int(digits[-1]) + 1) % 10)}
    return "price"


def _letter(item: Item, chance: random.Random) -> str:
    at = chance.randrange(len(item["doc"]["M"]["text"]["S"]) + 1)
    text = item["doc"]["M"]["text"]["S"]
    item["doc"]["M"]["text"] = {"S": text[:at] + chance.choice("xé \x00😀") + text[at:]}
    return "doc"


def _member(item: Item, chance: random.Random) -> str:
    name = chance.choice(["tags", "sizes"])
    ((type_, members),) = item[name].items()
    change = chance.choice(["add", "drop", "replace"])
    kept = members if change == "add" else members[1:]
    item[name] = {type_: kept if change == "drop" else [*kept, "77" if type_ == "NS" else "zz"]}
    return name


def _nested(item: Item, chance: random.Random) -> str:
    deep = item["doc"]["M"]["deep"]["M"]["list"]["L"]
    deep[chance.randrange(4)] = chance.choice([{"N": "2"}, {"S": ""}, {"M": {}}, {"BOOL": False}])
    return "doc"


def _order(item: Item, _: random.Random) -> str:
    item["parts"]["L"].reverse()
    return "parts"


def _null(item: Item, _: random.Random) -> str:
    item["note"] = {"NULL": True}
    return "note"


def _absent(item: Item, chance: random.Random) -> str:
    name = chance.choice(["price", "raw", "doc", "tags"])
    del item[name]
    return name


def _bytes(item: Item, chance: random.Random) -> str:
    content = bytearray(item["raw"]["B"])
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    item["raw"] = {"B": bytes(content)}
    return "raw"


def _flag(item: Item, _: random.Random) -> str:
    item["flag"] = {"BOOL": not item["flag"]["BOOL"]}
    return "flag"


def _index_key(item: Item, chance: random.Random) -> str:
    if chance.random() < 0.5 and "name" in item:
        del item["name"]
    else:
        item["name"] = {"S": "somebody else"}
    return "name"


def _foreign(item: Item, chance: random.Random) -> str:
    item["foreign"] = chance.choice(
        [{"NULL": True}, {"L": []}, {"M": {"": {"S": ""}}}, {"BS": [b"a", b"b"]}, {"S": ""}]
    )
    return "foreign"


_CHANGES: list[tuple[str, Callable[[Item, random.Random], str] | None]] = [
    ("drop", None),
    ("add", None),
    ("type", _type),
    ("last digit", _last_digit),
    ("letter", _letter),
    ("set member", _member),
    ("nested value", _nested),
    ("order", _order),
    ("null", _null),
    ("absent", _absent),
    ("bytes", _bytes),
    ("flag", _flag),
    ("index key", _index_key),
    ("foreign attribute", _foreign),
]
