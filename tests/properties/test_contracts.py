"""Generated contracts over generated schemas and rows: the view's rows become the items that plain Python computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pymysql
import pytest
from hypothesis import HealthCheck, given, reject, settings

from adapters.mysql_source import MysqlSource
from adapters.servers import mysql
from core.contract import ContractError
from tests.conftest import Database
from tests.contract_evaluator.items import Outcome, outcomes
from tests.contract_evaluator.matching import SeveralMatches
from tests.contract_evaluator.sql_values import Unspecified
from tests.ports.servers import through
from tests.properties.compare import account, differences
from tests.properties.contracts import Example, examples
from tests.properties.product import Product
from tests.properties.shops import Shop, shops

pytestmark = pytest.mark.server
SHOPS, CONTRACTS = 12, 400


@pytest.fixture
def known(database: Database) -> list[Shop]:
    """Shops whose tables exist."""
    found = list(shops(SHOPS))
    database.execute(";".join(t.create_sql(database.engine) for shop in found for t in shop.tables.values()))
    return found


@pytest.fixture
def product(database: Database, known: list[Shop], monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    schema = through("mysql", mysql.build_server, lambda hub: MysqlSource(hub).describe_schema([]))
    connection = pymysql.connect(
        host=database.host,
        port=database.port,
        user=database.user,
        password=database.password,
        database=database.name,
        charset="utf8mb4",
        init_command="SET time_zone = '+00:00'",
    )
    with connection:
        yield Product(database, schema, connection)


def test_items_are_those_that_plain_python_computes(product: Product, known: list[Shop]) -> None:
    """Every row of every contract becomes the expected item, or a reject for an expected reason."""
    seen: Counter[str] = Counter()

    @settings(
        derandomize=True,
        max_examples=CONTRACTS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(example=examples(known))
    def check(example: Example) -> None:
        seen[outcome(product, example)] += 1

    check()
    assert seen["items"] > CONTRACTS * 0.6, seen


def outcome(product: Product, example: Example) -> str:
    """What came of an example; fails where product and evaluator disagree."""
    engine = product.database.engine
    try:
        table = product.compiled(example.document())
    except ContractError as error:
        pytest.fail(account(example, engine, "", [f"the contract is legal, but was refused: {error}"]), pytrace=False)
    product.fill(list(example.tables.values()))
    try:
        expected: list[Outcome] | None = outcomes(example.contract, list(example.tables.values()))
    except Unspecified:
        reject()
    except SeveralMatches:
        expected = None
    view = table.view.select_sql
    if product.is_refused(table) != (expected is None):
        problem = "several matches are " + ("expected, but not found" if expected is None else "found, not expected")
        pytest.fail(account(example, engine, view, [problem]), pytrace=False)
    if expected is None:
        return "refused"
    product.create_view(table)
    if problems := differences(expected, list(product.outcomes(table))):
        pytest.fail(account(example, engine, view, problems), pytrace=False)
    return "items" if expected else "nothing"
