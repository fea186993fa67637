"""A chunk of a view costs its own rows: the server pushes the key range down to the source table, whatever its key."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from adapters.servers.mysql.address import Address
from adapters.servers.mysql.connection import Session, connect
from adapters.servers.mysql.schema import describe_schema
from core.compile import ENTITY_COLUMN, CompiledTable, compile_contract
from core.contract import parse_contract
from core.items.plan import Chunk
from core.items.ranges import item_condition, quoted
from core.source_schema import SourceSchema
from core.target_table import TargetOptions
from tests.conftest import Database

pytestmark = pytest.mark.server

ROWS = 2_000
CHUNK = 50
KEYS = {
    "INT": "n",
    "BIGINT UNSIGNED": "18446744073709549000 + n",
    "DECIMAL(30,4)": "n + 0.0001",
    "DATE": "'2000-01-01' + INTERVAL n DAY",
    "DATETIME(3)": "'2000-01-01 00:00:00.001' + INTERVAL n SECOND",
    "VARCHAR(20)": "CONCAT('k', LPAD(n, 8, '0'))",
    "BINARY(4)": "UNHEX(LPAD(HEX(n), 8, '0'))",
}
TOTAL = {
    "name": "total",
    "type": "N",
    "calculation": {
        "type": "aggregate",
        "target_table": "lines_of",
        "join_condition": "lines_of.doc = docs.n",
        "operation": "SUM",
        "select_column": "amount",
    },
}


@pytest.mark.parametrize("several", [False, True], ids=["one entity", "two entities"])
@pytest.mark.parametrize("key", KEYS)
def test_a_chunk_reads_little_more_than_its_own_rows(database: Database, key: str, several: bool) -> None:
    with connect(_address(database)) as session:
        _fill(session, key)
        compiled = _compiled(session, several)
        expected = session.texts(f"SELECT n FROM docs WHERE n > 1000 AND n <= {1000 + CHUNK} ORDER BY n")
        bounds = session.rows(f"SELECT k FROM docs WHERE n IN (1000, {1000 + CHUNK}) ORDER BY n")
        lower, upper = (
            tuple(c.decode() if isinstance(c, bytes) and "BIN" not in key else c for c in b) for b in bounds
        )
        item = compiled.entities[0].item
        where, texts = item_condition(item, Chunk(0, lower, upper, CHUNK), ENTITY_COLUMN)
        names = ", ".join(f"`{c.name}`" for c in item.columns)
        sql = f"SELECT {names} FROM {quoted(compiled.view.name)} WHERE {where}"
        before = _reads(session)
        with session.raw.cursor() as cursor:
            cursor.execute(sql, texts)
            found = cursor.fetchall()
        reads = _reads(session) - before
    column = next(i for i, c in enumerate(item.columns) if c.name == "n")
    assert sorted(_text(row[column]) for row in found) == sorted(n for (n,) in expected if n is not None)
    # Each row once from the source, twice from the two lines it sums, and once from where the view was put together.
    assert reads < 10 * CHUNK


def _address(database: Database) -> Address:
    parts = urlsplit(database.url)
    return Address(
        parts.hostname or "",
        parts.port or 0,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        database.name,
    )


def _fill(session: Session, key: str) -> None:
    limit = "max_recursive_iterations" if session.version.engine == "mariadb" else "cte_max_recursion_depth"
    session.rows(f"SET SESSION {limit} = {ROWS}")
    session.rows(f"CREATE TABLE docs (k {key} PRIMARY KEY, n INT NOT NULL)")
    session.rows("CREATE TABLE lines_of (id INT AUTO_INCREMENT PRIMARY KEY, doc INT NOT NULL, amount INT, KEY (doc))")
    session.rows("CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20))")
    numbers = f"WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < {ROWS})"
    session.rows(f"INSERT INTO docs {numbers} SELECT {KEYS[key]}, n FROM c")
    session.rows("INSERT INTO lines_of (doc, amount) SELECT n, n FROM docs UNION ALL SELECT n, 1 FROM docs")
    session.rows("INSERT INTO people SELECT n, 'x' FROM docs")
    session.rows("ANALYZE TABLE docs, lines_of, people")


def _compiled(session: Session, several: bool) -> CompiledTable:
    docs: list[dict[str, Any]] = [{"name": "n", "type": "N", "source_column": "n"}, TOTAL]
    table: dict[str, Any] = {"table": "Docs", "type": "single-entity", "source_table": "docs", "pk": "n"}
    table["attributes"] = docs
    if several:
        entities = [
            _entity("DOC", "docs", "DOC#{n}", docs),
            _entity("PERSON", "people", "P#{id}", [{"name": "id", "type": "N", "source_column": "id"}]),
        ]
        table = {"table": "Docs", "type": "multi-entity", "pk": "pk", "sk": "sk", "entities": entities}
    contract = parse_contract(json.dumps({"tables": [table]}).encode())
    schema = SourceSchema.from_wire(describe_schema(session, []).model_dump())
    (compiled,) = compile_contract(contract, schema, TargetOptions())
    session.rows(compiled.view.create_sql(replace=False))
    return compiled


def _entity(name: str, source: str, pk: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "entity_type": name,
        "source_table": source,
        "pk_template": pk,
        "sk_template": "META",
        "attributes": attributes,
    }


def _reads(session: Session) -> int:
    """How many rows or index entries the session has read so far."""
    return sum(int(str(count)) for _, count in session.texts("SHOW SESSION STATUS LIKE 'Handler_read%'"))


def _text(cell: Any) -> str:
    return cell.decode() if isinstance(cell, bytes) else str(cell)
