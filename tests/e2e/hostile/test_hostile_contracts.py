"""Contracts written by an enemy: each is refused with its place, leaves nothing, and none of it becomes SQL.

Texts that only look like an attack are moved as they are. One file: the query log is one for the whole server.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.hostile import texts
from tests.e2e.hostile.baseline import CONTRACT
from tests.e2e.hostile.case import Hostile
from tests.e2e.hostile.conftest import Ended, Scene
from tests.e2e.hostile.documents import DOCUMENTS
from tests.e2e.hostile.expressions import ATTACKS, EXPRESSIONS, FIELDS
from tests.e2e.hostile.forms import FORMS
from tests.e2e.hostile.names import NAMES
from tests.e2e.hostile.query_log import BEFORE_A_MIGRATION, OUR_LITERALS

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect]

READ_ALONE = [*DOCUMENTS, *FORMS]  # refused by what they say, before anybody is asked
COMPILED = [*NAMES, *EXPRESSIONS]  # refused against the source
COMMANDS = ("run", "plan", "check")


def test_the_contract_that_the_others_were_made_of_is_sound(scene: Scene) -> None:
    ended = scene.fork("plan", json.dumps(CONTRACT).encode())
    assert ended.code == 0, ended
    assert_nothing_made(scene)
    scene.log.news()


@pytest.mark.once
@pytest.mark.parametrize(
    ("case", "command"),
    [pytest.param(c, COMMANDS[n % 3], id=c.name) for n, c in enumerate(READ_ALONE)],
)
def test_what_is_no_contract_is_refused_before_anybody_is_asked(scene: Scene, case: Hostile, command: str) -> None:
    assert_refused(scene.fork(command, case.document), case)
    assert scene.log.news() == []
    assert_nothing_made(scene, everywhere=False)


@pytest.mark.parametrize(
    ("case", "command"),
    [pytest.param(c, "run" if n % 12 == 0 else "plan", id=c.name) for n, c in enumerate(COMPILED)],
)
def test_what_does_not_fit_the_source_is_refused(scene: Scene, case: Hostile, command: str) -> None:
    assert_refused(scene.fork(command, case.document), case)
    assert_only_ours(scene, case)
    assert_nothing_made(scene, everywhere=command == "run")


@pytest.mark.once
@pytest.mark.parametrize("case", [FORMS[2], EXPRESSIONS[0]], ids=lambda case: case.name)
def test_as_a_shell_starts_it_the_same_is_said(scene: Scene, case: Hostile) -> None:
    ended = scene.start("run", case.document)
    assert_refused(ended, case)
    assert ended.err == scene.fork("run", case.document).err
    assert all(s.shape in BEFORE_A_MIGRATION for s in scene.log.news())
    assert_nothing_made(scene)


def test_in_the_end_nothing_is_there(scene: Scene) -> None:
    assert_nothing_made(scene)
    assert scene.database.query("SELECT word FROM secrets") == [("not for contracts",)]


def test_texts_that_look_like_an_attack_come_out_as_they_are(scene: Scene) -> None:
    database = scene.database
    for sql in texts.statements():
        database.execute(sql)
    scene.log.news()
    document = json.dumps([texts.table()]).encode()
    shown = scene.fork("plan", document)
    assert shown.code == 0, shown
    assert all(line.isprintable() for line in shown.lines)
    as_json = scene.fork("plan", document, "--output", "json")
    assert all(line.isprintable() for line in as_json.lines)
    assert json.loads(as_json.out)["tables"][0]["rows_expected"] == 1
    ran = scene.fork("run", document)
    assert ran.code == 0, ran
    assert all(line.isprintable() for line in ran.lines)
    assert scene.ferry.items("Texts") == [texts.item()]
    statements = scene.log.news()
    views = [s for s in statements if re.match(r"CREATE (OR REPLACE )?SQL SECURITY INVOKER VIEW n AS SELECT ", s.shape)]
    assert len(views) == 1
    logged = [t for t in texts.TEXTS if t.isascii()]  # MariaDB shows others in its log as bytes
    assert set(logged) <= set(views[0].literals)
    for statement in statements:
        assert statement.shape.split(" ")[0] in {"SELECT", "EXPLAIN", "SET", "SHOW", "START", "CREATE", "COMMIT"}, (
            statement.sql
        )
        assert not re.search(r"DROP|SLEEP|@@v|;|--|#|/\*", statement.shape), statement.sql
    assert database.query("SELECT COUNT(*) FROM orders") == [(1,)]


def test_there_are_as_many_as_promised_and_every_field_is_among_them() -> None:
    assert len(READ_ALONE) + len(COMPILED) >= 200
    assert len({c.name for c in READ_ALONE} | {c.name for c in COMPILED}) == len(READ_ALONE) + len(COMPILED)
    assert len(ATTACKS) >= 3 * len(FIELDS)


def assert_refused(ended: Ended, case: Hostile) -> None:
    """Exit code 2, the place and the reason, in at most 100 printable lines without a traceback."""
    assert ended.code == 2, ended
    assert "Traceback" not in ended.out + ended.err
    assert len(ended.lines) <= 100
    assert all(line.isprintable() for line in ended.lines)
    lines = ended.err.removeprefix("contract: ").splitlines()
    assert any(line.startswith(f"{case.place}") and case.says in line for line in lines), ended.err[:3_000]


def assert_only_ours(scene: Scene, case: Hostile) -> None:
    """Every statement is one of ours, and no text in it is the contract's, but for the names of tables looked up."""
    ours = OUR_LITERALS | {scene.database.name, *_tables_named(json.loads(case.document))}
    known = {t.lower() for t in ("customers", "orders", "order_lines", "regions", "secrets", "")}
    statements = scene.log.news()
    assert statements
    for statement in statements:
        assert statement.shape in BEFORE_A_MIGRATION, statement.sql
        assert set(statement.literals) <= ours | known, statement.sql


def assert_nothing_made(scene: Scene, *, everywhere: bool = True) -> None:
    """No view, no migration, no report; and asked everywhere, no table, no object, no job, no secret."""
    found = scene.made_here() | (scene.made_in_aws() if everywhere else {})
    assert not any(found.values()), found


def _tables_named(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*(_tables_named(v) for v in value))
    if not isinstance(value, dict):
        return set()
    own = {value[k] for k in ("source_table", "target_table") if isinstance(value.get(k), str)}
    return own.union(*(_tables_named(v) for v in value.values()))
