"""The shop that the benchmark of views reads: its tables, their rows made inside the server, and the contract."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from adapters.servers.mysql.address import Address
from adapters.servers.mysql.chunks import plan_chunks
from adapters.servers.mysql.connection import Session, connect
from adapters.servers.mysql.schema import describe_schema
from core.compile import CompiledTable, compile_contract
from core.contract import parse_contract
from core.items.plan import Chunk, LoadPlan
from core.options import MigrationOptions
from core.source_schema import SourceSchema
from core.target_table import TargetOptions

# A statement may take minutes on a busy machine with 500,000 rows.
SECONDS = 3_600
_BLOCK = 10_000
_TABLES = (
    "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(60) NOT NULL)",
    "CREATE TABLE warehouses (id INT PRIMARY KEY, city VARCHAR(40) NOT NULL)",
    "CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, warehouse_id INT, placed_at DATETIME NOT NULL,"
    " status VARCHAR(12) NOT NULL, note VARCHAR(200))",
    "CREATE TABLE items (id INT PRIMARY KEY, order_id INT NOT NULL, sku VARCHAR(20) NOT NULL, quantity INT NOT NULL,"
    " price DECIMAL(9,2) NOT NULL, KEY (order_id))",
    "CREATE TABLE payments (id INT PRIMARY KEY, order_id INT NOT NULL, amount DECIMAL(9,2) NOT NULL,"
    " paid_at DATETIME NOT NULL, KEY (order_id))",
)
_ORDERS = (
    "INSERT INTO orders SELECT n, IF(n % 97 = 0, NULL, 1 + n * 7919 % {customers}), 1 + n % 200,"
    " '2024-01-01' + INTERVAL n MINUTE, ELT(1 + n % 3, 'open', 'paid', 'shipped'),"
    " IF(n % 4 = 0, NULL, CONCAT('Deliver to the neighbour at door ', n, ', please'))"
)
# An order has 0 to 4 items, 2 on average, and 0 to 2 payments, 1 on average; equal prices occur within an order.
_CHILDREN = (
    "INSERT INTO items SELECT o.id * 10 + d.n, o.id, CONCAT('sku-', o.id * 31 % 9000), 1 + (o.id + d.n) % 7,"
    " (o.id * 37 + d.n DIV 2 * 1234) % 90000 / 100 FROM orders o JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL"
    " SELECT 2 UNION ALL SELECT 3) d ON d.n < o.id % 5 ORDER BY o.id, d.n",
    "INSERT INTO payments SELECT o.id * 10 + d.n, o.id, (o.id * 53 + d.n) % 70000 / 100, o.placed_at + INTERVAL d.n DAY"
    " FROM orders o JOIN (SELECT 0 AS n UNION ALL SELECT 1) d ON d.n < o.id % 3 ORDER BY o.id, d.n",
)
_OF_ITEMS = {"target_table": "items", "join_condition": "items.order_id = orders.id"}
_OF_PAYMENTS = {"target_table": "payments", "join_condition": "payments.order_id = orders.id"}
_TO_CUSTOMER = {"target_table": "customers", "join_condition": "customers.id = orders.customer_id"}
_TO_WAREHOUSE = {"target_table": "warehouses", "join_condition": "warehouses.id = orders.warehouse_id"}
_DEAREST = {
    "type": "array",
    "select_columns": {"sku": "sku", "price": "price", "quantity": "quantity"},
    "order_by": "price DESC, id",
    "limit": 3,
}
_ATTRIBUTES: list[dict[str, Any]] = [
    {"name": "id", "type": "N", "source_column": "id"},
    *({"name": name, "type": "S", "source_column": name} for name in ("placed_at", "status", "note")),
    {"name": "customer", "type": "S", "join": {"type": "foreign-key", "select_column": "name", **_TO_CUSTOMER}},
    {"name": "city", "type": "S", "join": {"type": "foreign-key", "select_column": "city", **_TO_WAREHOUSE}},
    {
        "name": "goods",
        "type": "N",
        "calculation": {
            "type": "aggregate",
            "operation": "SUM",
            "select_column": "items.price * items.quantity",
            **_OF_ITEMS,
        },
    },
    {
        "name": "paid",
        "type": "N",
        "calculation": {"type": "aggregate", "operation": "SUM", "select_column": "amount", **_OF_PAYMENTS},
    },
    {
        "name": "dearest",
        "type": "L",
        "join": {"type": "json-construction", "construction": _DEAREST, **_OF_ITEMS},
    },
]
_TABLE = {"table": "Orders", "type": "single-entity", "source_table": "orders", "pk": "id", "attributes": _ATTRIBUTES}


@dataclass(frozen=True)
class Shop:
    """A filled database, its contract compiled, the view made, and the load plan that its reader follows."""

    address: Address
    engine: str
    version: str
    compiled: CompiledTable
    plan: LoadPlan


@contextmanager
def shop(server: Address, rows: int) -> Iterator[Shop]:
    """A shop of `rows` orders in a database of its own, dropped afterwards."""
    database = f"tf_views_{secrets.token_hex(4)}"
    address = Address(server.host, server.port, server.user, server.password, database)
    with connect(server, seconds=SECONDS, database=False) as session:
        session.rows(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        try:
            with connect(address, seconds=SECONDS) as inside:
                _fill(inside, rows)
            yield _compiled(address)
        finally:
            session.rows(f"DROP DATABASE {database}")


def _fill(session: Session, rows: int) -> None:
    for statement in _TABLES:
        session.rows(statement)
    # MySQL and MariaDB stop a recursion at 1,000 steps unless told otherwise, each by a name of its own.
    limit = "max_recursive_iterations" if session.version.engine == "mariadb" else "cte_max_recursion_depth"
    session.rows(f"SET SESSION {limit} = {_BLOCK}")
    customers = max(1, rows // 10)
    _numbered(session, "INSERT INTO warehouses SELECT n, CONCAT('City ', n)", 200)
    _numbered(session, "INSERT INTO customers SELECT n, CONCAT('Customer ', n, ' of the shop')", customers)
    _numbered(session, _ORDERS.format(customers=customers), rows)
    for statement in _CHILDREN:
        session.rows(statement)
    session.rows("ANALYZE TABLE customers, warehouses, orders, items, payments")


def _numbered(session: Session, statement: str, rows: int) -> None:
    """Run `INSERT ... SELECT` over n = 1 ... rows."""
    for start in range(0, rows, _BLOCK):
        insert, select = statement.split(" SELECT ", maxsplit=1)
        last = min(_BLOCK, rows - start)
        session.rows(
            f"{insert} WITH RECURSIVE step AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM step WHERE i < {last}),"
            f" numbers AS (SELECT i + {start} AS n FROM step) SELECT {select} FROM numbers"
        )


def _compiled(address: Address) -> Shop:
    contract = parse_contract(json.dumps({"tables": [_TABLE]}).encode())
    with connect(address, seconds=SECONDS) as session:
        described = describe_schema(session, [])
        (compiled,) = compile_contract(contract, SourceSchema.from_wire(described.model_dump()), TargetOptions())
        session.rows(compiled.view.create_sql(replace=False))
    plan = LoadPlan(
        migration="views",
        table=compiled.name,
        target_table=compiled.name,
        database=address.database,
        view=compiled.view.name,
        view_hash=compiled.view.definition_hash,
        items=tuple(entity.item for entity in compiled.entities),
        entity_column=None,
        chunks=tuple(_chunks(address)),
        prefix="views/",
    )
    return Shop(address, described.engine, described.version, compiled, plan)


def _chunks(address: Address) -> Iterator[Chunk]:
    """The key ranges that a migration with the default options would read."""
    size = MigrationOptions(bucket="", glue_role_arn="").rows_per_chunk
    with connect(address, seconds=SECONDS) as session:
        found = plan_chunks(session, "orders", ["id"], size, None, max_chunks=1_000_000, max_seconds=SECONDS)
    lower: tuple[str, ...] | None = None
    for number, bound in enumerate(found.bounds):
        upper = tuple(str(cell) for cell in bound.upper)
        yield Chunk(number, lower, None if number == len(found.bounds) - 1 else upper, bound.rows)
        lower = upper
