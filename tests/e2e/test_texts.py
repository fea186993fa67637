"""Text of every character set that the server has: the same characters in DynamoDB, wherever they pass through."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.charsets import BASIC, FULL, MULTI, SAMPLES, SINGLE, UNKNOWN, bytes_of, characters_of, word_of
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

OF_WORDS = {"target_table": "words", "join_condition": "words.id = words.id"}


def charsets_of(database: Database) -> list[str]:
    """All of the server's; `binary` is no text."""
    return sorted(str(row[0]) for row in database.query("SHOW CHARACTER SET") if row[0] != "binary")


def create_texts(database: Database, charsets: list[str]) -> dict[str, str]:
    """A table with a column for each set and a row for each, which holds all characters of the set."""
    columns = ", ".join(f"{c}_ LONGTEXT CHARACTER SET {c}" for c in charsets)
    database.execute(f"CREATE TABLE texts (name VARCHAR(20) PRIMARY KEY, {columns})")
    found: dict[str, str] = {}
    for charset in charsets:
        if charset in SINGLE:
            raw, found[charset] = bytes_of(charset)
            database.execute(f"INSERT INTO texts (name, {charset}_) VALUES (%s, _{charset} 0x{raw.hex()})", charset)
        else:
            found[charset] = characters_of(charset)
            database.execute(f"INSERT INTO texts (name, {charset}_) VALUES (%s, %s)", charset, found[charset])
    return found


def create_words(database: Database, charsets: list[str]) -> list[dict[str, str]]:
    """A table with a column for each set and a few letters of the set in it."""
    columns = ", ".join(f"c{n} VARCHAR(20) CHARACTER SET {c}" for n, c in enumerate(charsets))
    database.execute(f"CREATE TABLE words (id INT PRIMARY KEY, {columns})")
    words = [word_of(c) for c in charsets]
    rows = [words, [w[::-1] + " " for w in words], ["" for _ in words]]
    for id_, row in enumerate(rows):
        places = ", ".join(["%s"] * len(row))
        database.execute(f"INSERT INTO words VALUES ({id_}, {places})", *row)
    return [{f"c{n}": text for n, text in enumerate(row)} for row in rows]


def in_template(name: str) -> dict[str, Any]:
    """The text between literals that are no ASCII."""
    format_ = {"type": "string-format", "format": f"\u8868'{{{name}}}\\"}
    return {"name": f"t_{name}", "type": "S", "transformation": format_}


def words_table(names: list[str]) -> dict[str, Any]:
    """Texts of every set in keys, templates, joined texts, maps, JSON and sets."""
    half = len(names) // 2
    made = {"type": "json-construction", "construction": {"type": "object", "select_columns": {n: n for n in names}}}
    up = {"type": "self-join", "join_alias": "up", "join_condition": "up.id = words.id", "select_column": "up.c0"}
    return {
        "table": "Words",
        "type": "single-entity",
        "source_table": "words",
        "pk": "#".join(["id", *names[:half]]),
        "sk": "#".join(names[half:]),
        "attributes": [
            plain("id", "N"),
            *(in_template(n) for n in names),
            {"name": "all", "type": "S", "calculation": {"type": "concat", "columns": names, "separator": "\u8868\\'"}},
            {"name": "map", "type": "M", "join": {**made, **OF_WORDS}},
            {"name": "json", "type": "S", "join": {**made, **OF_WORDS}},
            {"name": "set", "type": "SS", "join": {"type": "lookup-table", "select_column": names[-1], **OF_WORDS}},
            {"name": "up", "type": "S", "join": {**up, "null_value": "\u8868"}},
        ],
    }  # fmt: skip


def expected_word(id_: int, words: dict[str, str]) -> dict[str, Any]:
    """The item of one row of words; `json` as what Python reads."""
    names, texts = list(words), list(words.values())
    half = len(names) // 2
    return {
        "#".join(["id", *names[:half]]): {"S": "#".join([str(id_), *texts[:half]])},
        "#".join(names[half:]): {"S": "#".join(texts[half:])},
        "id": {"N": str(id_)},
        **{f"t_{n}": {"S": f"\u8868'{t}\\"} for n, t in words.items()},
        "all": {"S": "\u8868\\'".join(texts)},
        "map": {"M": {n: {"S": t} for n, t in words.items()}},
        "json": words,
        "set": {"SS": [texts[-1]]},
        "up": {"S": texts[0]},
    }


def test_every_character_of_every_set(ferry: Ferry, database: Database) -> None:
    """All characters of each set as values; letters of each in keys, templates and JSON; keys cut into chunks."""
    charsets = charsets_of(database)
    assert set(charsets) <= {*SINGLE, *MULTI, *SAMPLES, *BASIC, *FULL}
    texts = create_texts(database, charsets)
    words = create_words(database, charsets)
    values = {
        "table": "Texts",
        "type": "single-entity",
        "source_table": "texts",
        "pk": "name",
        "attributes": [plain("name", "S"), *(plain(f"{c}_", "S") for c in charsets)],
    }
    keyed, keys = keyed_table(database)
    contract = ferry.contract(values, words_table(list(words[0])), keyed)
    ferry.result("run", contract, TABLEFERRY_ROWS_PER_CHUNK="6", TABLEFERRY_VALIDATION="sample")

    found = {item["name"]["S"]: item for item in ferry.items("Texts")}
    for charset, text in texts.items():
        assert found[charset] == {"name": {"S": charset}, f"{charset}_": {"S": text}}, charset
    items = sorted(ferry.items("Words"), key=lambda item: int(item["id"]["N"]))
    for item in items:
        item["json"] = json.loads(item["json"]["S"])
    assert items == [expected_word(id_, row) for id_, row in enumerate(words)]
    assert {item["a#b#c#d"]["S"] for item in ferry.items("Keyed")} == keys


def keyed_table(database: Database) -> tuple[dict[str, Any], set[str]]:
    """A table whose key is texts of four sets, with the composed keys that it must have."""
    sets = [("a", "sjis"), ("b", "gbk"), ("c", "utf16"), ("d", "cp1251")]
    columns = ", ".join(f"{name} VARCHAR(10) CHARACTER SET {charset}" for name, charset in sets)
    database.execute(f"CREATE TABLE keyed ({columns}, PRIMARY KEY (a, b, c, d))")
    parts = (["\u8868", "a"], ["\u8a8c", "", "'"], ["\U0001f600", "\u00e9"], ["\u0436", "\u0418\\"])
    rows = list(product(*parts))
    for row in rows:
        database.execute("INSERT INTO keyed VALUES (%s, %s, %s, %s)", *row)
    table = {
        "table": "Keyed",
        "type": "single-entity",
        "source_table": "keyed",
        "pk": "a#b#c#d",
        "attributes": [plain("a", "S")],
    }
    return table, {"#".join(row) for row in rows}


def test_bytes_that_stand_for_no_character_are_refused_by_name(ferry: Ferry, database: Database) -> None:
    """The server would send a question mark for each of them."""
    charsets = [c for c in charsets_of(database) if c in UNKNOWN]
    columns = ", ".join(f"{c}_ VARCHAR(9) CHARACTER SET {c}, {c}_right VARCHAR(9) CHARACTER SET {c}" for c in charsets)
    database.execute(f"CREATE TABLE odd (id INT PRIMARY KEY, {columns}, unused VARCHAR(9) CHARACTER SET cp1251)")
    database.execute("INSERT INTO odd (id, unused) VALUES (0, _cp1251 0x98)")
    for id_, charset in enumerate(charsets, start=1):
        values = f"({id_}, _{charset} 0x3f{UNKNOWN[charset]}, '??')"
        database.execute(f"INSERT INTO odd (id, {charset}_, {charset}_right) VALUES {values}")
    names = [f"{c}_{right}" for c in charsets for right in ("", "right")]
    table = {
        "table": "Odd",
        "type": "single-entity",
        "source_table": "odd",
        "pk": "id",
        "attributes": [plain("id", "N"), *(plain(name, "S") for name in names)],
    }
    problems = ferry.result("plan", ferry.contract(table), code=2)["error"]["facts"]["problems"]
    assert [p["message"].split(" ")[0] for p in problems] == [f"odd.{c}_" for c in charsets]
    assert all(c in p["message"] for c, p in zip(charsets, problems, strict=True))
    assert {p["place"] for p in problems} == {"tables[0] Odd"}
