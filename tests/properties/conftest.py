"""The product over a database of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pymysql
import pytest

from adapters.mysql_source import MysqlSource
from adapters.servers import mysql
from tests.conftest import Database
from tests.contract_evaluator.tables import Table
from tests.ports.servers import through
from tests.properties.product import Product

ProductOver = Callable[[Sequence[Table]], Product]


@pytest.fixture
def product_over(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProductOver]:
    """Creates the tables, without rows, and describes them once, as planning does."""
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url)
    monkeypatch.delenv("TABLEFERRY_MYSQL_SECRET_ARN", raising=False)
    with ExitStack() as open_connections:

        def over(tables: Sequence[Table]) -> Product:
            database.execute(";".join(table.create_sql(database.engine) for table in tables))
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
            return Product(database, schema, open_connections.enter_context(connection))

        yield over
