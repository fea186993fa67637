"""Broken rows on a real engine: found, counted and named, by SQL as by the loader, and nothing else is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.loader.credentials import Source as ServerSource
from adapters.loader.key_spill import KeySpill
from adapters.loader.preflight import Survey
from adapters.loader.rows import RowReader
from adapters.mysql_source import MysqlSource
from adapters.servers import mysql
from core.compile import ENTITY_COLUMN, CompiledTable, compile_contract
from core.items.plan import Chunk, LoadPlan
from core.preflight import Tier
from core.steps.preflight import plan_of
from core.steps.preflight_sql import ask
from core.target_table import TargetOptions
from tests.conftest import Database
from tests.ports.servers import through
from tests.unit.schemas import attribute, contract

pytestmark = pytest.mark.server

Rows = dict[tuple[str, str], tuple[int, set[str]]]


@dataclass(frozen=True)
class Found:
    """(reason, attribute) to (count, row keys); keys that rows share as sets of row keys, "entity:id" or "id"."""

    rows: Rows
    groups: set[frozenset[str]]


@dataclass(frozen=True)
class Looked:
    """What both ways found; `sql` is None where only the loader can judge."""

    tier: Tier
    sql: Found | None
    run: Found


Look = Callable[..., Looked]


LookRaw = Callable[..., list[list[dict[str, Any]]]]


@pytest.fixture
def looking(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Compile one contract table, make its view, and look at its rows both ways: tier, SQL's findings, the loader's."""
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)

    def at(**table: Any) -> Any:
        async def use(hub: Any) -> Any:
            real = MysqlSource(hub)
            schema = await real.describe_schema([])
            (made,) = compile_contract(contract(table), schema, TargetOptions())
            await real.execute_ddl(made.view.create_sql(replace=False))
            plan = await plan_of(real, made)
            asked = None if plan.tier is Tier.RUN else await ask(real, made.view.name, ENTITY_COLUMN, plan, print)
            return plan.tier, asked, by_loader(database, made, tmp_path)

        return through("mysql", mysql.build_server, use)

    return at


@pytest.fixture
def look(looking: Callable[..., Any]) -> Look:
    """The same, ready to be compared."""

    def at(**table: Any) -> Looked:
        tier, asked, by_run = looking(**table)
        return Looked(tier, None if asked is None else found(asked), found(by_run))

    return at


@pytest.fixture
def look_raw(looking: Callable[..., Any]) -> LookRaw:
    """SQL's findings and the loader's as they are."""
    return lambda **table: list(looking(**table)[1:])


def by_loader(database: Database, made: CompiledTable, folder: Path) -> list[dict[str, Any]]:
    """The loader's survey over one open chunk for each entity."""
    items = tuple(e.item for e in made.entities)
    chunks = tuple(Chunk(n, None, None, 0, n) for n in range(len(items)))
    column = ENTITY_COLUMN if len(items) > 1 else None
    plan = LoadPlan("m", "T", "T", database.name, made.view.name, "h", items, column, chunks, "p/")
    server = ServerSource(database.host, database.port, database.user, database.password)
    with closing(RowReader(server, plan)) as reader:
        survey = Survey(plan, reader, KeySpill(folder / "keys"))
        for chunk in chunks:
            survey.chunk(chunk)
        findings: list[dict[str, Any]] = survey.result("none")["findings"]
        return findings


def found(findings: list[dict[str, Any]]) -> Found:
    rows: Rows = {}
    groups: set[frozenset[str]] = set()
    for finding in findings:
        if "groups" in finding:
            groups = {frozenset(name(row["row"], row.get("entity")) for row in g["rows"]) for g in finding["groups"]}
            assert finding["keys"] == len(groups)
            assert finding["count"] == sum(g["count"] for g in finding["groups"]) == sum(map(len, groups))
        else:
            named = {name(row, finding.get("entity")) for row in finding["rows"]}
            rows[finding["reason"], finding["attribute"]] = (finding["count"], named)
    return Found(rows, groups)


def name(row: dict[str, Any], entity: str | None) -> str:
    (text,) = row.values()
    return f"{entity}:{text}" if entity else str(text)


def single(*attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"table": "Thing", "type": "single-entity", "source_table": "t", "attributes": list(attributes), **more}


ID = attribute("id", "N", "id")


def test_a_table_of_plain_columns_needs_no_look(look: Look, database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(400), d DECIMAL(38,10), f FLOAT, t TIMESTAMP NULL,"
        " b BLOB, e ENUM('x'));"
        "INSERT INTO t (id, a) VALUES (1, ''), (2, NULL)"
    )
    plain = [attribute(c, "S", c) for c in ("a", "t", "e")]
    numbers = [attribute("d", "N", "d"), attribute("f", "N", "f"), attribute("b", "B", "b")]
    looked = look(**single(ID, *plain, *numbers, pk="id"))
    assert looked == Looked(Tier.SCHEMA, Found({}, set()), Found({}, set()))


def test_keys_are_compared_by_bytes_and_not_by_collation(look: Look, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR(20) COLLATE utf8mb4_general_ci)")
    texts = ["abc", "ABC", "abc ", "äbc", "abc", "null", "NULL", "😀", "😀", "a\u0308bc", "abc"]
    for id_, text in enumerate(texts, 1):
        database.execute("INSERT INTO t VALUES (%s, %s)", id_, text)
    looked = look(**single(ID, attribute("k", "S", "k"), pk="k"))
    assert (looked.tier, looked.sql) == (Tier.SQL, looked.run)
    assert looked.run == Found({}, {frozenset({"1", "5", "11"}), frozenset({"8", "9"})})


def test_composed_keys_collide_by_their_text(look: Look, database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9));"
        "INSERT INTO t VALUES (1, 'x#y', 'z'), (2, 'x', 'y#z'), (3, 'X', 'y#z'), (4, 'x ', 'y#z'), (5, NULL, 'z'),"
        "(6, '', ''), (7, '#', ''), (8, '', '#')"
    )
    looked = look(**single(ID, pk="a#b"))
    assert looked.sql == looked.run
    assert looked.run == Found({("key_null", "a#b"): (1, {"5"})}, {frozenset({"1", "2"}), frozenset({"7", "8"})})


def test_numbers_collide_by_value_however_they_are_spelled(look: Look, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR(20))")
    for id_, text in enumerate(["1", "01", "1e0", "1.0", "+1", "10e-1", "2", "-0", "0", "x"], 1):
        database.execute("INSERT INTO t VALUES (%s, %s)", id_, text)
    looked = look(**single(ID, attribute("k", "N", "k"), pk="k"))
    assert (looked.tier, looked.sql) == (Tier.RUN, None)
    ones = frozenset(map(str, range(1, 7)))
    assert looked.run == Found({("not_a_number", "k"): (1, {"10"})}, {ones, frozenset({"8", "9"})})


def both(pk: str, sk: str, other_pk: str, other_sk: str, *more: dict[str, Any]) -> dict[str, Any]:
    one = {"entity_type": "ONE", "source_table": "t", "attributes": [ID], "pk_template": pk, "sk_template": sk}
    other = {
        "entity_type": "OTHER",
        "source_table": "u",
        "attributes": [ID],
        "pk_template": other_pk,
        "sk_template": other_sk,
    }
    return {"table": "Thing", "type": "multi-entity", "pk": "PK", "sk": "SK", "entities": [one, other, *more]}


def test_keys_collide_across_entities_whatever_their_character_sets(look: Look, database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR(9) CHARACTER SET latin1);"
        "CREATE TABLE u (id INT PRIMARY KEY, k VARCHAR(9) CHARACTER SET utf8mb4);"
        "INSERT INTO t VALUES (1, 'é'), (2, 'x'), (3, 'same'), (4, NULL), (5, 'z#1');"
        "INSERT INTO u VALUES (1, 'é'), (2, 'X'), (3, 'y'), (4, 'same'), (5, 'same')"
    )
    looked = look(**both("K#{k}", "S", "K#{k}", "S"))
    assert (looked.tier, looked.sql) == (Tier.SQL, looked.run)
    assert looked.run == Found(
        {("key_null", "PK"): (1, {"ONE:4"})},
        {frozenset({"ONE:1", "OTHER:1"}), frozenset({"ONE:3", "OTHER:4", "OTHER:5"})},
    )


def test_number_keys_collide_across_entities_by_value(look: Look, database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, k DECIMAL(24,4)); CREATE TABLE u (id INT PRIMARY KEY, k BIGINT UNSIGNED);"
        "INSERT INTO t VALUES (1, 7), (2, 7.5), (3, 18446744073709551);"
        "INSERT INTO u VALUES (1, 7), (2, 8), (3, 18446744073709551)"
    )
    of = {"source_column": "k", "name": "k", "type": "N"}
    entities = [
        {"entity_type": e, "source_table": s, "attributes": [of], "sk_template": "S"}
        for e, s in (("ONE", "t"), ("OTHER", "u"))
    ]
    looked = look(table="Thing", type="multi-entity", pk="k", sk="SK", entities=entities)
    assert (looked.tier, looked.sql) == (Tier.SQL, looked.run)
    assert looked.run.groups == {frozenset({"ONE:1", "OTHER:1"}), frozenset({"ONE:3", "OTHER:3"})}


@pytest.mark.parametrize(("role", "limit"), [("pk", 2_048), ("sk", 1_024)])
@pytest.mark.parametrize("index", [None, "ByKey"])
def test_keys_at_their_limits(look: Look, database: Database, role: str, limit: int, index: str | None) -> None:
    """NULL, empty, and n-1, n, n+1 bytes of UTF-8, in characters of one, two and four bytes."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR(4000), p VARCHAR(9) NOT NULL DEFAULT 'p')")
    texts = [None, "", "a" * (limit - 1), "b" * limit, "c" * (limit + 1), "é" * (limit // 2), "é" * (limit // 2) + "x"]
    for id_, text in enumerate([*texts, "😀" * (limit // 4), "😀" * (limit // 4) + "y", " "], 1):
        database.execute("INSERT INTO t (id, k) VALUES (%s, %s)", id_, text)
    attributes = (ID, attribute("k", "S", "k"), attribute("p", "S", "p"))
    keys = {"pk": "k"} if role == "pk" else {"pk": "p", "sk": "k"}
    if index is None:
        looked = look(**single(*attributes, **keys))
        expected: Rows = {
            ("key_null", "k"): (1, {"1"}), ("key_empty", "k"): (1, {"2"}), ("key_too_long", "k"): (3, {"5", "7", "9"}),
        }  # fmt: skip
    else:
        gsi = {"index_name": index, "projection": "ALL", **keys}
        looked = look(**single(*attributes, pk="id", gsis=[gsi]))
        expected = {("index_key_empty", "k"): (1, {"2"}), ("index_key_too_long", "k"): (3, {"5", "7", "9"})}
    assert (looked.tier, looked.sql) == (Tier.SQL, looked.run)
    assert looked.run == Found(expected, set())


def test_ten_rows_and_ten_keys_are_named_and_all_are_counted(database: Database, look_raw: LookRaw) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR(20))")
    values = ", ".join(f"({n}, {f'{n // 3}' if n < 60 else 'NULL'})" for n in range(90))
    database.execute(f"INSERT INTO t VALUES {values}")
    for findings in look_raw(**single(ID, attribute("k", "S", "k"), pk="k")):
        shared, null = sorted(findings, key=lambda finding: str(finding["reason"]))
        assert (null["reason"], null["count"], len(null["rows"])) == ("key_null", 30, 10)
        assert (shared["count"], shared["keys"], len(shared["groups"])) == (60, 20, 10)
        assert {group["count"] for group in shared["groups"]} == {3}


def test_numbers_at_their_limits(look: Look, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, n VARCHAR(600))")
    fine = ["9" * 37, "9" * 38, "9" * 38 + "0", "9.99e125", "1e-130", "0e999", "-" + "1" * 38, "0." + "0" * 129 + "1"]
    broken = {
        "number_too_precise": ["9" * 39, "0." + "1" * 39, "1" + "0" * 38 + "1"],
        "number_out_of_range": ["1e126", "1e-131", "-1e400", "1" + "0" * 126],
        "not_a_number": ["", " 1", "0x1", "1,5", "NaN"],
    }
    texts = [*fine, *(t for some in broken.values() for t in some)]
    for id_, text in enumerate(texts, 1):
        database.execute("INSERT INTO t VALUES (%s, %s)", id_, text)
    looked = look(**single(ID, attribute("n", "N", "n"), pk="id"))
    ids = {reason: {str(texts.index(t) + 1) for t in some} for reason, some in broken.items()}
    assert looked.run == Found({(reason, "n"): (len(some), some) for reason, some in ids.items()}, set())


def test_doubles_near_the_limits_are_judged_by_the_loader(look: Look, database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, n DOUBLE); INSERT INTO t VALUES (1, 1e124), (2, NULL), (3, 0)"
    )
    table = single(ID, attribute("n", "N", "n"), pk="id")
    assert look(**table) == Looked(Tier.SQL, Found({}, set()), Found({}, set()))
    database.execute("INSERT INTO t VALUES (4, 9e125), (5, 1e126), (6, -1e-131), (7, 1e-130); DROP VIEW ddb_thing_view")
    looked = look(**table)
    assert (looked.tier, looked.sql) == (Tier.SQL, None)
    assert looked.run == Found({("number_out_of_range", "n"): (2, {"5", "6"})}, set())


def test_items_at_400_kilobytes(look: Look, database: Database) -> None:
    """id: 2 + 2 bytes, body: 4 + its own; measured in SQL, judged by the loader."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, body LONGTEXT CHARACTER SET latin1)")
    table = single(ID, attribute("body", "S", "body"), pk="id")
    database.execute("INSERT INTO t VALUES (1, REPEAT('x', 409000)), (2, NULL)")
    assert look(**table) == Looked(Tier.SQL, Found({}, set()), Found({}, set()))
    database.execute(
        "INSERT INTO t VALUES (3, REPEAT('x', 409591)), (4, REPEAT('x', 409592)), (5, REPEAT('x', 409593)),"
        "(6, REPEAT('é', 204796)), (7, REPEAT('é', 204797)); DROP VIEW ddb_thing_view"
    )
    looked = look(**table)
    assert (looked.tier, looked.sql) == (Tier.SQL, None)
    assert looked.run == Found({("item_too_large", ""): (2, {"5", "7"})}, set())


def test_json_that_is_no_map_or_nested_too_deeply(look: Look, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, j TEXT, l TEXT)")
    rows = ["{}", "[]", "{", '{"a": 1, "a": 2}', '{"": 1}', None]
    for id_, text in enumerate(rows, 1):
        database.execute("INSERT INTO t VALUES (%s, %s, '[]')", id_, text)
    for id_, depth in ((31, 31), (32, 32), (33, 33)):
        database.execute("INSERT INTO t VALUES (%s, NULL, %s)", id_, "[" * depth + "]" * depth)
    looked = look(**single(ID, attribute("j", "M", "j"), attribute("l", "L", "l"), pk="id"))
    assert (looked.tier, looked.sql) == (Tier.RUN, None)
    reasons = {"json_wrong_shape": "2", "not_json": "3", "json_duplicate_name": "4", "json_empty_name": "5"}
    expected: Rows = {(reason, "j"): (1, {id_}) for reason, id_ in reasons.items()}
    assert looked.run == Found(expected | {("json_too_deep", "l"): (1, {"33"})}, set())


def made_of(name: str, type_: str, text: str) -> dict[str, Any]:
    """An attribute of a text with columns in it."""
    return {"name": name, "type": type_, "transformation": {"type": "string-format", "format": text}}


def test_numbers_that_texts_make_collide_by_value(look: Look, database: Database) -> None:
    """The texts are as different as the primary keys in them, the numbers are not."""
    database.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (10), (2)")
    looked = look(**single(ID, made_of("k", "N", "0.{id}"), pk="k"))
    assert (looked.tier, looked.run) == (Tier.RUN, Found({}, {frozenset({"1", "10"})}))


def test_numbers_of_entities_collide_by_value(look: Look, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    database.execute("CREATE TABLE u (id INT PRIMARY KEY); INSERT INTO u VALUES (1), (3)")
    entities = [
        {"entity_type": type_, "source_table": table, "attributes": [made_of("PK", "N", "{id}"), made_of("SK", "N", n)]}
        for type_, table, n in (("A", "t", "1"), ("B", "u", "1.0"))
    ]
    looked = look(table="Both", type="multi-entity", pk="PK", sk="SK", entities=entities)
    assert looked.run == Found({}, {frozenset({"A:1", "B:1"})})


def test_tables_whose_engine_enforces_no_key_prove_nothing(looking: Callable[..., Any], database: Database) -> None:
    """A MERGE table has the rows of both, and its primary key is none."""
    database.execute(
        "CREATE TABLE b1 (id INT NOT NULL PRIMARY KEY) ENGINE=MyISAM; CREATE TABLE b2 LIKE b1;"
        "INSERT INTO b1 VALUES (1), (2); INSERT INTO b2 VALUES (1), (3);"
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY) ENGINE=MERGE UNION=(b1, b2)"
    )
    tier, *found = looking(**single(ID, pk="id"))
    assert tier is Tier.SQL
    for (finding,) in found:
        assert (finding["reason"], finding["count"], finding["keys"]) == ("key_collision", 2, 1)
        assert [group["count"] for group in finding["groups"]] == [2]


def test_an_enum_may_have_two_empty_values(look: Look, database: Database) -> None:
    """The error value and a member, which an index tells apart."""
    database.execute(
        "SET sql_mode = ''; CREATE TABLE t (id INT NOT NULL, e ENUM('', 'a') NOT NULL, UNIQUE KEY u (e));"
        "INSERT INTO t VALUES (1, ''), (2, 0), (3, 'a')"
    )
    database.execute("ALTER TABLE t ADD PRIMARY KEY (id)")
    looked = look(**single(ID, made_of("k", "S", "K#{e}"), pk="k"))
    assert looked.sql == looked.run == Found({}, {frozenset({"1", "2"})})


def test_texts_that_the_server_cannot_put_together_are_measured(look: Look, database: Database) -> None:
    """CONCAT gives NULL beyond max_allowed_packet, which is neither an absent nor an empty key."""
    ((most,),) = database.query("SELECT @@max_allowed_packet")
    half = int(most) * 55 // 100
    database.execute("CREATE TABLE t (id INT PRIMARY KEY, a LONGTEXT, b LONGTEXT NOT NULL)")
    database.execute(
        f"INSERT INTO t VALUES (1, REPEAT('x', {half}), REPEAT('y', {half})), (2, 'a', 'b'), (3, NULL, '')"
    )
    looked = look(**single(ID, pk="a#b"))
    assert looked.sql is None, "the item is too large as well, which the loader has to say"
    assert looked.run.rows == {("key_too_long", "a#b"): (1, {"1"}), ("key_null", "a#b"): (1, {"3"})}
    looked = look(**single(ID, made_of("ab", "S", "{a}{b}"), pk="id", table="Other"))
    assert (looked.sql, looked.run.rows) == (None, {("item_too_large", ""): (1, {"1"})})


def test_rows_are_named_with_their_zeros(look: Look, database: Database) -> None:
    database.execute("CREATE TABLE t (id INT(5) ZEROFILL PRIMARY KEY, k VARCHAR(9))")
    database.execute("INSERT INTO t VALUES (1, 'a'), (20, 'a'), (3, 'b')")
    looked = look(**single(attribute("k", "S", "k"), pk="k"))
    assert looked.sql == looked.run == Found({}, {frozenset({"00001", "00020"})})
