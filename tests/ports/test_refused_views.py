"""What only the server can say against a view is said when the migration is planned, before anything is created."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.mysql_source import MysqlSource
from adapters.servers import mysql
from core.contract import ContractError
from core.options import MigrationOptions
from core.planning import plan_tables
from core.ports import World
from tests.conftest import Database
from tests.fake_world import make_world
from tests.ports.servers import through
from tests.unit.schemas import SHOP, attribute, contract, contract_table, foreign_key

pytestmark = pytest.mark.server
OPTIONS = MigrationOptions(bucket="bucket", glue_role_arn="arn:aws:iam::1:role/r")
REFUSED = ["old COLLATE utf8mb4_bin", "CONCAT(note COLLATE utf8mb4_bin, other COLLATE utf8mb4_unicode_ci)"]


def _calculated(text: str) -> dict[str, Any]:
    return {"calculation": {"type": "date-math", "expression": text}}


@pytest.fixture
def planned(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    database.execute(
        "CREATE TABLE orders (id INT KEY, note VARCHAR(9), other VARCHAR(9), old VARCHAR(9) CHARACTER SET latin1)"
        " CHARACTER SET utf8mb4;"
        "CREATE TABLE names (name VARCHAR(9) COLLATE utf8mb4_unicode_ci KEY) CHARACTER SET utf8mb4"
    )
    fakes = make_world(SHOP)

    def plan(*texts: str | dict[str, Any]) -> Any:
        made = [
            attribute(f"x{n}", "S", **({"join": t} if isinstance(t, dict) else _calculated(t)))
            for n, t in enumerate(texts)
        ]
        given = contract(contract_table(attribute("id", "N", "id"), *made))

        async def use(source: MysqlSource) -> Awaitable[Any]:
            world = World(source, fakes.targets, fakes.jobs, fakes.objects, fakes.clock)
            return await plan_tables(given, world, OPTIONS, moment=datetime(2026, 1, 2, tzinfo=UTC))  # type: ignore[return-value]

        return through("mysql", mysql.build_server, lambda hub: use(MysqlSource(hub)))

    return plan


def test_all_that_the_server_does_not_take_is_said_each_at_its_attribute(planned: Callable[..., Any]) -> None:
    with pytest.raises(ContractError) as caught:
        planned("UPPER(note)", REFUSED[0], "note", REFUSED[1])
    assert [p.place for p in caught.value.problems] == [f"tables[0] Orders, attribute x{n}" for n in (1, 3)]
    assert all(p.message.startswith("its view cannot be made: ") for p in caught.value.problems)


def test_the_server_is_asked_about_every_view_and_takes_it(planned: Callable[..., Any]) -> None:
    (made,) = planned("note COLLATE utf8mb4_bin", "NOW()", "note REGEXP '^a'")[1]
    assert made.view.name == "ddb_orders_view"


def test_a_join_that_the_server_does_not_take_is_a_problem_at_its_place(planned: Callable[..., Any]) -> None:
    other = foreign_key("names", "orders.note COLLATE utf8mb4_bin = names.name COLLATE utf8mb4_unicode_ci", "name")
    with pytest.raises(ContractError) as caught:
        planned("note COLLATE utf8mb4_bin", other)
    found = [(p.place, p.message.split(":")[0]) for p in caught.value.problems]
    assert found == [
        ("tables[0] Orders", "its view cannot be made"),
        ("tables[0] Orders, attribute x1, join", "its join cannot be made"),
    ]


def test_too_many_joins_are_a_problem_of_their_table_that_says_what_to_do(planned: Callable[..., Any]) -> None:
    same = "orders.note COLLATE utf8mb4_unicode_ci = names.name"
    with pytest.raises(ContractError) as caught:
        planned(*(foreign_key("names", f"{same} AND orders.id <> {n}", "name") for n in range(70)))
    (problem,) = caught.value.problems
    assert problem.place == "tables[0] Orders"
    assert str(problem).endswith(
        "can only use 61 tables in a join. "
        "Use fewer joins in the attributes of this table, or make two tables of them in the contract."
    )


def test_a_pattern_that_the_server_cannot_read_is_a_problem_before_the_load(planned: Callable[..., Any]) -> None:
    with pytest.raises(ContractError) as caught:
        planned("note REGEXP '^it''s \\\\d'", "IF(note REGEXP '[', 1, 0)")
    (problem,) = {p.place: p for p in caught.value.problems}.values()
    assert "regular expression" in problem.message or "Regex" in problem.message
    assert problem.place == "tables[0] Orders, attribute x1"


def test_a_zone_that_the_server_cannot_convert_is_a_problem_before_the_load(planned: Callable[..., Any]) -> None:
    known = "CONVERT_TZ('2024-01-01', '+00:00', '+02:00')"
    assert planned(known)
    with pytest.raises(ContractError) as caught:
        planned(known, f"convert_tz(IFNULL(({known}), 'CONVERT_TZ('), 'UTC', 'Mars/Bay (1)')")
    (problem,) = caught.value.problems
    assert (problem.place, problem.message) == (
        "tables[0] Orders, attribute x1",
        "CONVERT_TZ from 'UTC' to 'Mars/Bay (1)' is NULL on this server in every row",
    )


def test_seconds_that_the_server_cannot_count_are_a_problem_before_the_load(
    planned: Callable[..., Any],
) -> None:
    assert planned("FROM_UNIXTIME(2147483647)", "UNIX_TIMESTAMP('2038-01-19 03:14:07')", "FROM_UNIXTIME(id)")
    beyond = "FROM_UNIXTIME(99999999999999)"  # MySQL ends in the year 3001, MariaDB in 2038 or 2106
    with pytest.raises(ContractError) as caught:
        planned("CONCAT(from_unixtime(99999999999999, '%Y'))")
    (problem,) = caught.value.problems
    assert problem.message == f"'{beyond}' is NULL on this server in every row"
    assert problem.place == "tables[0] Orders, attribute x0"
