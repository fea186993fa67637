"""Every pattern of the contract, run for real: items equal those that plain Python computes from the same rows."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import by_key, normal, plain

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

SCHEMA = """
CREATE TABLE groups_of (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE kinds (id INT PRIMARY KEY, name VARCHAR(20), parent_id INT NULL, group_id INT NULL);
CREATE TABLE goods (id INT PRIMARY KEY, name VARCHAR(20), kind_id INT, price DECIMAL(8,2), made DATETIME, day_text CHAR(10), extra TEXT,
  region CHAR(2), shelf INT);
CREATE TABLE shelves (region CHAR(2), shelf INT, label VARCHAR(9), PRIMARY KEY (region, shelf));
CREATE TABLE notes (id INT PRIMARY KEY, goods_id INT, stars INT, amount DECIMAL(6,2), body VARCHAR(40), raw VARBINARY(4), KEY (goods_id));
"""  # noqa: E501 - one table a line
GROUPS = [(1, "Hard"), (2, "Soft")]
KINDS = [(1, "Root", None, 1), (2, "Leaf", 1, 2), (3, None, 2, None)]
GOODS = [
    (1, "a'b", 2, "1234.50", "2024-02-29 13:05:09", "31.12.1999", '{"x": [1, 2.50]}', "eu", 1),
    (2, "{x}", 1, "0.005", "1999-12-31 23:59:59", "01.01.2024", "[]", "us", 2),
    (3, "", 3, "9.99", None, None, None, "eu", 9),
    (4, "null", None, None, "0001-01-01 00:00:00", "05.06.2007", '{"n": null}', None, None),
]
SHELVES = [("eu", 1, "E1"), ("us", 2, 'q"2'), ("eu", 2, "E2")]
NOTES = [
    (1, 1, 5, "1.10", "good", b"\x00\xff"),
    (2, 1, 3, "2.20", "x\ny 😀", None),
    (3, 1, 5, None, None, b""),
    (4, 2, 1, "0.01", "z", b"ab"),
]


def rows() -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    """The sample rows by table."""
    return {
        "groups_of": ("%s,%s", GROUPS),
        "kinds": ("%s,%s,%s,%s", KINDS),
        "goods": (",".join(["%s"] * 9), GOODS),
        "shelves": ("%s,%s,%s", SHELVES),
        "notes": (",".join(["%s"] * 6), NOTES),
    }


def join(name: str, type_: str, **parts: Any) -> dict[str, Any]:
    """A joined attribute."""
    return {"name": name, "type": type_, "join": parts}


def calculation(name: str, type_: str, **parts: Any) -> dict[str, Any]:
    """A calculated attribute."""
    return {"name": name, "type": type_, "calculation": parts}


OF_KIND = {"target_table": "kinds", "join_condition": "kinds.id = goods.kind_id"}
OF_NOTES = {"target_table": "notes", "join_condition": "notes.goods_id = goods.id"}
ATTRIBUTES: list[dict[str, Any]] = [
    plain("id", "N"),
    join("kind", "S", type="foreign-key", select_column="kinds.name", **OF_KIND),
    join("kind_and_name", "S", type="foreign-key", select_column="CONCAT(kinds.name, '/', goods.name)", **OF_KIND),
    {
        **join(
            "label",
            "S",
            type="multi-column",
            target_table="shelves",
            join_conditions=["shelves.region = goods.region", "shelves.shelf = goods.shelf"],
            select_column="label",
        ),
        "source_column": ["region", "shelf"],
    },
    join(
        "dear_kind", "S", type="conditional", condition="price > 5", select_column="name", else_value="n.a.", **OF_KIND
    ),
    join(
        "path",
        "S",
        type="chain",
        joins=[
            {**OF_KIND, "select_column": "kinds.name"},
            {"target_table": "groups_of", "join_condition": "groups_of.id = kinds.group_id", "select_column": "name"},
        ],
        chain_separator=" > ",
    ),
    join(
        "group",
        "S",
        type="chain",
        joins=[
            {**OF_KIND, "select_column": "kinds.name"},
            {"target_table": "groups_of", "join_condition": "groups_of.id = kinds.group_id", "select_column": "name"},
        ],
    ),
    join("stars", "NS", type="lookup-table", select_column="stars", **OF_NOTES),
    join("bodies", "SS", type="lookup-table", select_column="notes.body", **OF_NOTES),
    join("raws", "BS", type="foreign-key", select_column="raw", **OF_NOTES),
    join(
        "best",
        "L",
        type="json-construction",
        construction={
            "type": "array",
            "select_columns": {"s": "stars", "b": "body", "a": "notes.amount"},
            "order_by": "stars DESC, id",
            "limit": 2,
        },
        **OF_NOTES,
    ),
    join(
        "first",
        "M",
        type="json-construction",
        construction={
            "type": "object",
            "select_columns": {"id": "id", "b": "body"},
            "order_by": ["id ASC"],
            "limit": 1,
        },
        **OF_NOTES,
    ),
    calculation("notes", "N", type="aggregate", operation="COUNT", select_column="body", **OF_NOTES),
    calculation("amount", "N", type="aggregate", operation="SUM", select_column="amount", **OF_NOTES),
    calculation(
        "weighted", "N", type="aggregate", operation="SUM", select_column="notes.amount * notes.stars", **OF_NOTES
    ),
    calculation("mean", "N", type="aggregate", operation="AVG", select_column="stars", **OF_NOTES),
    calculation("least", "S", type="aggregate", operation="MIN", select_column="amount", **OF_NOTES),
    calculation("longest", "S", type="aggregate", operation="MAX", select_column="body", **OF_NOTES),
    calculation(
        "level",
        "S",
        type="case",
        cases=[{"when": "price > 1000", "then": "'it''s dear'"}, {"when": "price > 1", "then": "price"}],
        **{"else": "id"},
    ),
    calculation("joined", "S", type="concat", columns=["name", "region", "price"], separator="|"),
    calculation("glued", "S", type="concat", columns=["name", "region"]),
    calculation("due", "S", type="date-math", expression="DATE_ADD(made, INTERVAL 1 DAY)"),
    {**plain("day", "S", "made"), "transformation": {"type": "date-format", "format": "DD/MM/YYYY HH:mm:ss"}},
    {
        **plain("iso", "S", "day_text"),
        "transformation": {"type": "date-format", "format": "YYYY-MM-DD", "source_format": "DD.MM.YYYY"},
    },
    {**plain("shown_price", "S", "price"), "transformation": {"type": "number-format", "format": "#,##0.00"}},
    {**plain("extra", "M"), "transformation": {"type": "json-parse"}},
    {"name": "sentence", "type": "S", "transformation": {"type": "string-format", "format": "{name} is {kind}, {id}!"}},
    {"name": "constant", "type": "S", "transformation": {"type": "string-format", "format": "v1.0 'x' \\ \""}},
]
TABLE = {"table": "Goods", "type": "single-entity", "source_table": "goods", "pk": "id", "attributes": ATTRIBUTES}


def expected_item(row: tuple[Any, ...]) -> dict[str, Any]:
    """The item of one row, by plain Python."""
    id_, name, kind_id, price_text, made, day_text, extra, region, shelf = row
    kinds = {k[0]: k for k in KINDS}
    kind = kinds.get(kind_id or 0)
    price = None if price_text is None else Decimal(price_text).quantize(Decimal("0.01"), ROUND_HALF_UP)
    notes = [n for n in NOTES if n[1] == id_]
    group = dict(GROUPS).get(kind[3] or 0) if kind else None
    best = sorted(notes, key=lambda n: (-n[2], n[0]))[:2]
    texts = {
        "kind": kind and kind[1],
        "kind_and_name": f"{kind[1]}/{name}" if kind and kind[1] is not None else None,
        "label": next((s[2] for s in SHELVES if s[:2] == (region, shelf)), None),
        "dear_kind": (kind and kind[1]) if price is not None and price > 5 else "n.a.",
        "path": " > ".join(t for t in ((kind and kind[1]), group) if t is not None) or None,
        "group": group,
        "least": _text(min((Decimal(n[3]) for n in notes if n[3] is not None), default=None)),
        "longest": max((n[4] for n in notes if n[4] is not None), default=None),
        "level": _level(id_, price),
        "joined": "|".join(str(t) for t in (name, region, price) if t is not None),
        "glued": None if region is None else name + region,
        "due": _next_day(made),
        "day": made and f"{made[8:10]}/{made[5:7]}/{made[:4]} {made[11:]}",
        "iso": day_text and "-".join(reversed(day_text.split("."))),
        "shown_price": None if price is None else f"{price:,.2f}",
        "sentence": None if not (kind and kind[1]) else f"{name} is {kind[1]}, {id_}!",
        "constant": "v1.0 'x' \\ \"",
    }
    item: dict[str, Any] = {"id": {"N": str(id_)}, "notes": {"N": str(sum(n[4] is not None for n in notes))}}
    item |= {k: {"S": v} for k, v in texts.items() if v is not None}
    amounts = [Decimal(n[3]) for n in notes if n[3] is not None]
    if amounts:
        item["amount"] = {"N": str(sum(amounts))}
        item["weighted"] = {"N": str(sum(Decimal(n[3]) * n[2] for n in notes if n[3] is not None))}
    if notes:
        mean = Decimal(sum(n[2] for n in notes)) / len(notes)
        item["mean"] = {"N": str(mean.quantize(Decimal("0.0001"), ROUND_HALF_UP))}
        item["stars"] = {"NS": sorted({str(n[2]) for n in notes})}
        item["first"] = {"M": {"id": {"N": str(notes[0][0])}, "b": _nested(notes[0][4])}}
    if bodies := {n[4] for n in notes if n[4] is not None}:
        item["bodies"] = {"SS": sorted(bodies)}
    if raws := {n[5] for n in notes if n[5] is not None}:
        item["raws"] = {"BS": sorted(raws)}
    item["best"] = {"L": [{"M": {"s": {"N": str(n[2])}, "b": _nested(n[4]), "a": _nested(n[3], "N")}} for n in best]}
    if extra == '{"x": [1, 2.50]}':
        item["extra"] = {"M": {"x": {"L": [{"N": "1"}, {"N": "2.5"}]}}}
    elif extra == '{"n": null}':
        item["extra"] = {"M": {"n": {"NULL": True}}}
    return item


def _level(id_: int, price: Decimal | None) -> str:
    if price is not None and price > 1000:
        return "it's dear"
    return str(price) if price is not None and price > 1 else str(id_)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _nested(value: str | None, type_: str = "S") -> dict[str, Any]:
    return {"NULL": True} if value is None else {type_: value}


def _next_day(made: str | None) -> str | None:
    return {
        None: None,
        "2024-02-29 13:05:09": "2024-03-01 13:05:09",
        "1999-12-31 23:59:59": "2000-01-01 23:59:59",
        "0001-01-01 00:00:00": "0001-01-02 00:00:00",
    }[made]


def test_every_pattern_in_one_table(ferry: Ferry, database: Database) -> None:
    """All joins, calculations and transformations beside each other, each independent of the others."""
    fill(database)
    result = ferry.result("run", ferry.contract(TABLE), code=3, TABLEFERRY_REJECTS="keep")
    found = by_key(ferry.items("Goods"), "id")
    wanted = {str(r[0]): expected_item(r) for r in GOODS if r[0] != 2}  # JSON of row 2 is a list, not a map
    assert found == {k: {n: normal(v) for n, v in item.items()} for k, item in wanted.items()}
    assert result["validation"][0]["rejects_by_reason"] == {"json_wrong_shape": 1}


def test_self_join_keys_of_several_matches_and_entities(ferry: Ferry, database: Database) -> None:
    """null_value replaces NULL; a looked-up key makes one item a match; entities share a table by templates."""
    fill(database)
    parent = {"join_alias": "up", "join_condition": "up.id = kinds.parent_id", "select_column": "up.name"}
    kinds = {
        "table": "Kinds",
        "type": "single-entity",
        "source_table": "kinds",
        "pk": "id",
        "attributes": [plain("id", "N"), join("parent", "S", type="self-join", null_value="ROOT 'x'", **parent)],
    }
    matches = {
        "table": "Matches",
        "type": "single-entity",
        "source_table": "goods",
        "pk": "id",
        "sk": "note",
        "attributes": [
            plain("id", "N"),
            join("note", "N", type="lookup-table", select_column="id", **OF_NOTES),
            join("stars", "N", type="lookup-table", select_column="stars", **OF_NOTES),
        ],
    }
    entities = {
        "table": "All",
        "type": "multi-entity",
        "pk": "PK",
        "sk": "SK",
        "gsis": [{"index_name": "ByStars", "pk": "stars", "sk": "PK"}],
        "entities": [
            {"entity_type": "GOODS", "source_table": "goods", "pk_template": "G#{id}", "sk_template": "META",
             "attributes": [plain("price", "N"), plain("name", "S"), plain("made", "S")]},
            {"entity_type": "NOTE", "source_table": "notes", "pk_template": "G#{goods_id}", "sk_template": "NOTE#{id}",
             "attributes": [plain("stars", "N"), plain("raw", "B"), plain("price", "S", "amount")]},
        ],
    }  # fmt: skip
    ferry.result("run", ferry.contract(kinds, matches, entities), code=3, TABLEFERRY_REJECTS="keep")
    assert by_key(ferry.items("Kinds"), "id") == by_key(
        [
            {"id": {"N": "1"}, "parent": {"S": "ROOT 'x'"}},
            {"id": {"N": "2"}, "parent": {"S": "Root"}},
            {"id": {"N": "3"}, "parent": {"S": "Leaf"}},
        ],
        "id",
    )
    assert {(i["id"]["N"], i["note"]["N"], i["stars"]["N"]) for i in ferry.items("Matches")} == {
        (str(n[1]), str(n[0]), str(n[2])) for n in NOTES
    }
    found = {(i["PK"]["S"], i["SK"]["S"]): {k: normal(v) for k, v in i.items()} for i in ferry.items("All")}
    assert found == {(i["PK"]["S"], i["SK"]["S"]): {k: normal(v) for k, v in i.items()} for i in all_items()}


def all_items() -> list[dict[str, Any]]:
    """The items of the multi-entity table."""
    items: list[dict[str, Any]] = []
    for id_, name, _, price, made, *_ in GOODS:
        items.append({"PK": {"S": f"G#{id_}"}, "SK": {"S": "META"}, "entity_type": {"S": "GOODS"}, "name": {"S": name}})
        if price is not None:
            items[-1]["price"] = {"N": str(Decimal(price).quantize(Decimal("0.01"), ROUND_HALF_UP))}
        if made is not None:
            items[-1]["made"] = {"S": made}
    for id_, goods_id, stars, amount, _, raw in NOTES:
        items.append({"PK": {"S": f"G#{goods_id}"}, "SK": {"S": f"NOTE#{id_}"}, "entity_type": {"S": "NOTE"}})
        items[-1]["stars"] = {"N": str(stars)}
        if amount is not None:
            items[-1]["price"] = {"S": amount}
        if raw is not None:
            items[-1]["raw"] = {"B": raw}
    return items


def fill(database: Database) -> None:
    """Create the tables and their rows."""
    database.execute(SCHEMA)
    for table, (places, values) in rows().items():
        for row in values:
            database.execute(f"INSERT INTO {table} VALUES ({places})", *row)
