"""What a preflight costs: time, rows a second and the loader's peak memory, by SQL and by a run, on a private server.

    python -m tests.benchmarks.preflight [rows]

The table has a text key without a unique index, a text that must be a number, and JSON; ten keys are shared by two rows
and ten numbers are none. Both ways must find exactly these, or it fails.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pymysql

from adapters.loader_package import MODULES, build_loader_package
from adapters.local.glue_python import installed_modules, interpreter
from adapters.local.sql_server import SqlServer
from core.items.plan import Attribute, Cell, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.preflight import result_key
from core.items.sources import FromColumn
from core.ports import QueryResult
from core.preflight import ColumnFacts, EntityRows, plan_preflight
from core.steps.preflight_sql import ask
from tests.benchmarks.loader_memory import PEAK, runtime_environment

ROWS = 5_000_000
CHUNK_ROWS = 10_000
BROKEN = 10
COLUMNS = (
    *(ColumnFacts("id", Kind.INTEGER, False, "int"), ColumnFacts("code", Kind.TEXT, True, "varchar(60)")),
    *(ColumnFacts("amount", Kind.TEXT, True, "varchar(20)"), ColumnFacts("doc", Kind.JSON, True, "json")),
)
ATTRIBUTES = (
    *(Attribute("code", "S", FromColumn(1)), Attribute("amount", "N", FromColumn(2))),
    Attribute("doc", "M", FromColumn(3)),
)
ITEM = ItemPlan(
    columns=tuple(Column(c.name, c.kind) for c in COLUMNS),
    row_key=(0,),
    row_key_names=("id",),
    attributes=ATTRIBUTES,
    keys=(Key("code", "S", "pk"),),
    chunk_columns=(0,),
)
NAME = "tf_preflight"


def main(rows: int) -> None:
    """Fill the table, look at it both ways, and print what they took."""
    with tempfile.TemporaryDirectory() as directory, SqlServer(Path(directory) / "server") as server:
        url = urlsplit(server.url)
        host, port, user = url.hostname or "", url.port or 3306, url.username or "root"
        with pymysql.connect(host=host, port=port, user=user, autocommit=True) as connection:
            began = time.monotonic()
            _fill(connection, rows)
            _say("filled", rows, time.monotonic() - began)
            began = time.monotonic()
            findings = asyncio.run(ask(_Source(connection), "v", "", _sql_plan(), print))  # type: ignore[arg-type]
            _require([(f["reason"], f["count"]) for f in findings or []], [("key_collision", 2 * BROKEN)])
            _say("SQL", rows, time.monotonic() - began)
        with runtime_environment(Path(directory) / "runtime") as environment:
            source = {"host": host, "port": port, "username": user, "password": ""}
            _by_a_run(Path(directory), environment, source, rows)


class _Source:
    """The one method of the source's port that a preflight needs."""

    def __init__(self, connection: pymysql.Connection[Any]) -> None:
        self._connection = connection

    async def query(self, sql: str, parameters: Sequence[Cell] = (), **_: Any) -> QueryResult:
        with self._connection.cursor() as cursor:
            cursor.execute(f"USE {NAME}")
            cursor.execute(sql)
            return QueryResult((), tuple(cursor.fetchall()), False)


def _sql_plan() -> Any:
    """The key alone, which SQL can say; the rest of the table is the run's."""
    of_key = ItemPlan(ITEM.columns, (0,), ("id",), ATTRIBUTES[:1], ITEM.keys, (0,))
    return plan_preflight([EntityRows(of_key, COLUMNS)], distinct_keys=False)


def _fill(connection: pymysql.Connection[Any], rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {NAME}")
        cursor.execute(f"USE {NAME}")
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(60), amount VARCHAR(20), doc JSON)")
        for start in range(0, rows, 100_000):
            last = min(start + 100_000, rows) - 1
            cursor.execute(
                "INSERT INTO t SELECT seq, CONCAT('customer-', LPAD(seq, 12, '0')), seq / 7,"
                f" JSON_OBJECT('n', seq, 'tags', JSON_ARRAY('a', 2.5)) FROM seq_{start}_to_{last}"
            )
        for number in range(BROKEN):
            at = (number + 1) * (rows // (BROKEN + 1))
            cursor.execute(
                f"UPDATE t SET code = (SELECT code FROM (SELECT code FROM t WHERE id = {number}) AS o) WHERE id = {at}"
            )
            cursor.execute(f"UPDATE t SET amount = 'much' WHERE id = {at + 1}")
        cursor.execute("CREATE VIEW v AS SELECT * FROM t")


def _by_a_run(directory: Path, environment: dict[str, str], source: dict[str, Any], rows: int) -> None:
    bucket = environment["TABLEFERRY_BUCKET"]
    edges = [None, *((str(edge),) for edge in range(CHUNK_ROWS - 1, rows - 1, CHUNK_ROWS)), None]
    chunks = tuple(Chunk(at, edges[at], edges[at + 1], CHUNK_ROWS) for at in range(len(edges) - 1))
    plan = LoadPlan("bench", "v", NAME, NAME, "v", "hash", (ITEM,), None, chunks, f"{NAME}/")
    s3: Any = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key=f"{NAME}/plan.json", Body=plan.to_json().encode())
    secret: Any = boto3.client("secretsmanager")
    arn = secret.create_secret(Name=NAME, SecretString=json.dumps({**source, "dbname": NAME}))["ARN"]
    package = build_loader_package()
    script = directory / package.script_name
    script.write_bytes(PEAK.encode() + b"\n" + package.script_bytes)
    arguments = ["--plan", f"s3://{bucket}/{NAME}/plan.json", "--secret-arn", arn, "--run-token", "t"]
    began = time.monotonic()
    done = subprocess.run(
        [str(interpreter()), str(script), *arguments, "--task", "preflight"],
        env={**environment, "PYTHONPATH": str(installed_modules(interpreter(), [MODULES]))},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    seconds = time.monotonic() - began
    result = json.loads(s3.get_object(Bucket=bucket, Key=result_key(plan.prefix, "t"))["Body"].read())
    found = {f["reason"]: f["count"] for f in result["findings"]}
    _require((result["rows"], found), (rows, {"not_a_number": BROKEN, "key_collision": 2 * BROKEN}))
    _say("run", rows, seconds, int(done.stderr.splitlines()[-1]) / 1024)


def _require(found: object, expected: object) -> None:
    if found != expected:
        raise SystemExit(f"found {found}, planted {expected}")


def _say(what: str, rows: int, seconds: float, peak: float | None = None) -> None:
    memory = "" if peak is None else f", peak {peak:.0f} MB"
    print(f"{what}: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows/s{memory}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
