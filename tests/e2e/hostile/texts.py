"""Texts and names that look like an attack and are none, in every field that takes a text."""

from __future__ import annotations

from typing import Any

from tests.e2e.test_main_job import plain

SOURCE = "o'; DROP TABLE orders; -- %s `x` \x1b[31m"
COLUMN = 'c"; DROP TABLE orders; # %d \\'
TEXTS = [
    "drop--table",
    "'; DROP TABLE orders; --",
    "\\'; DROP TABLE orders; -- ",
    "'' OR 1=1 /*",
    "/*! SLEEP(5) */",
    "%s %d %(x)s %%",
    '"',
    "`",
    "\\",
    "\\\\n \\% \\_",
    "a\0b\x1ac",
    "\x1b]0;owned\x07\x1b[31m",
    "\u202egnp.exe",
    "\u009b31m",
    "😀 é ß",
    "# ? :x @@version @x",
    "${jndi:ldap://x} $(id) ;|&",
    "line\r\nbreak\ttab",
    "null",
    " ",
]


def quoted(name: str) -> str:
    """A name in backticks."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def table() -> dict[str, Any]:
    """A table in which every text stands in every field that takes one."""
    itself = {"join_alias": "p", "join_condition": f"p.id = {quoted(SOURCE)}.parent_id", "select_column": "p.id"}
    word = {"target_table": "words", "join_condition": f"words.id = {quoted(SOURCE)}.id"}
    word_column = word | {"select_column": "word"}
    attributes = [plain("id", "N"), plain("value", "S", COLUMN)]
    twice = {"type": "concat", "columns": ["id", "id"]}
    for n, text in enumerate(TEXTS):
        joins: dict[str, Any] = {
            f"none{n}": {"type": "self-join", **itself, "null_value": text},
            f"else{n}": {"type": "conditional", "condition": "id > 1", **word_column, "else_value": text},
            f"chain{n}": {"type": "chain", "joins": [word_column,
             {"target_table": "more", "join_condition": "more.id = words.id", "select_column": "word"}],
             "chain_separator": text},
        }  # fmt: skip
        attributes += [{"name": name, "type": "S", "join": join} for name, join in joins.items()]
        cases = [{"when": f"{quoted(COLUMN)} <> {literal(text)}", "then": literal(text)}]
        attributes += [
            {"name": f"then{n}", "type": "S", "calculation": {"type": "case", "cases": cases, "else": "'no'"}},
            {"name": f"glue{n}", "type": "S", "calculation": {"separator": text, **twice}},
            {"name": f"name {text}", "type": "S", "transformation": {"type": "string-format", "format": f"<{text}>"}},
        ]  # fmt: skip
        if "{" in text:
            del attributes[-1]
    construction = {"type": "object", "select_columns": dict.fromkeys(TEXTS, "word"), "limit": 1}
    attributes.append(
        {"name": "keys", "type": "M", "join": {"type": "json-construction", **word} | {"construction": construction}}
    )
    return {"table": "Texts", "type": "single-entity", "source_table": SOURCE, "pk": "id", "attributes": attributes}


def item() -> dict[str, Any]:
    """What must come out."""
    found: dict[str, Any] = {"id": {"N": "1"}, "value": {"S": "v'\\"}, "keys": {"M": {t: {"S": "w1"} for t in TEXTS}}}
    for n, text in enumerate(TEXTS):
        found |= {f"none{n}": {"S": text}, f"else{n}": {"S": text}, f"chain{n}": {"S": f"w1{text}m1"}}
        found |= {f"then{n}": {"S": text}, f"glue{n}": {"S": f"1{text}1"}}
        if "{" not in text:
            found[f"name {text}"] = {"S": f"<{text}>"}
    return found


def statements() -> list[str]:
    """The SQL that makes the source's tables and their rows."""
    return [
        f"CREATE TABLE {quoted(SOURCE)} (id INT PRIMARY KEY, parent_id INT, {quoted(COLUMN)} VARCHAR(9))",
        f"INSERT INTO {quoted(SOURCE)} VALUES (1, NULL, 'v''\\\\')",
        "CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(9)); INSERT INTO words VALUES (1, 'w1')",
        "CREATE TABLE more (id INT PRIMARY KEY, word VARCHAR(9)); INSERT INTO more VALUES (1, 'm1')",
    ]
