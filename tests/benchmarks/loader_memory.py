"""Peak memory of a real loader process at growing numbers of rows: it should not grow with them.

    python -m tests.benchmarks.loader_memory [rows ...]

The source is the server of TABLEFERRY_TEST_MYSQL_URL, or one that it starts; the target is an AWS emulator of its own.
The loader runs from its package on the Python of local Glue runs (3.9 where there is one).
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pymysql

from adapters.loader_package import MODULES, build_loader_package
from adapters.local import runtime
from adapters.local.glue_python import installed_modules, interpreter
from adapters.local.sql_server import SqlServer
from core.items.plan import Attribute, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.sources import FromColumn

ROWS = (10_000, 500_000)
CHUNK_ROWS = 50_000
ITEM = ItemPlan(
    columns=(
        *(Column("id", Kind.INTEGER), Column("name", Kind.TEXT), Column("price", Kind.DECIMAL)),
        *(Column("at", Kind.DATETIME), Column("doc", Kind.JSON), Column("raw", Kind.BINARY)),
    ),
    row_key=(0,),
    row_key_names=("id",),
    attributes=(
        *(
            Attribute("pk", "N", FromColumn(0)),
            Attribute("name", "S", FromColumn(1)),
            Attribute("price", "N", FromColumn(2)),
        ),
        *(
            Attribute("at", "S", FromColumn(3)),
            Attribute("doc", "M", FromColumn(4)),
            Attribute("raw", "B", FromColumn(5)),
        ),
    ),
    keys=(Key("pk", "N", "pk"),),
    chunk_columns=(0,),
)
# What the loader's process says about itself at its end, on the last line of its standard error.
PEAK = "import atexit, resource, sys; atexit.register(lambda: sys.stderr.write(str(resource.getrusage(0).ru_maxrss)))"


def main(counts: list[int]) -> None:
    """Measure and print one line per number of rows."""
    with (
        tempfile.TemporaryDirectory() as directory,
        server(Path(directory) / "server") as url,
        runtime_environment(Path(directory) / "runtime") as environment,
    ):
        at = urlsplit(url)
        print(f"{'rows':>9} {'peak MB':>8} {'seconds':>8} {'rows/s':>8}")  # noqa: T201
        for rows in counts:
            with table(at.hostname or "", at.port or 3306, at.username or "root", rows) as database:
                peak, seconds = _measure(Path(directory), environment, database, rows)
            print(f"{rows:>9,} {peak:>8.1f} {seconds:>8.1f} {rows / seconds:>8.0f}")  # noqa: T201


@contextmanager
def server(directory: Path) -> Iterator[str]:
    """The URL of the server of TABLEFERRY_TEST_MYSQL_URL, or of one of its own."""
    if given := os.environ.get("TABLEFERRY_TEST_MYSQL_URL"):
        yield given
        return
    with SqlServer(directory) as server:
        yield server.url


@contextmanager
def runtime_environment(directory: Path) -> Iterator[dict[str, str]]:
    """The environment of a local runtime of its own, in `os.environ` too."""
    state = runtime.up(directory)
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    try:
        os.environ.update(state.env)
        yield {**own, **state.env}
    finally:
        runtime.down(directory)


@contextmanager
def table(host: str, port: int, user: str, rows: int) -> Iterator[dict[str, Any]]:
    """A view `v` of so many rows in a database of its own: what a secret says about it."""
    name = f"tf_memory_{secrets.token_hex(4)}"
    with pymysql.connect(host=host, port=port, user=user, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            cursor.execute(
                f"CREATE TABLE {name}.v (id INT PRIMARY KEY, name VARCHAR(200), price DECIMAL(12,4), at DATETIME(3),"
                " doc JSON, raw VARBINARY(100))"
            )
            # MySQL and MariaDB stop a recursion at 1,000 steps unless told otherwise, each by a name of its own.
            cursor.execute("SELECT VERSION()")
            version = str((cursor.fetchone() or [""])[0])
            limit = "max_recursive_iterations" if "MariaDB" in version else "cte_max_recursion_depth"
            cursor.execute(f"SET SESSION {limit} = 10000")
            for start in range(0, rows, 10_000):
                cursor.execute(
                    f"INSERT INTO {name}.v WITH RECURSIVE n AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM n WHERE"
                    f" n < {min(10_000, rows - start) - 1}) SELECT"
                    f" n + {start}, REPEAT('x', 150), n / 7, NOW(3), JSON_OBJECT('n', n, 'l', JSON_ARRAY(1, 2.5, 'x')),"
                    " REPEAT('y', 80) FROM n"
                )
            yield {"host": host, "port": port, "username": user, "password": "", "dbname": name}
        finally:
            cursor.execute(f"DROP DATABASE {name}")


def _measure(directory: Path, environment: dict[str, str], source: dict[str, Any], rows: int) -> tuple[float, float]:
    plan = stored_plan(environment["TABLEFERRY_BUCKET"], source["dbname"], rows)
    return run_loader(directory, environment, plan, secret_of(source))


def secret_of(source: dict[str, Any]) -> str:
    """A secret that names the source; returns its ARN."""
    secret: Any = boto3.client("secretsmanager")
    return str(secret.create_secret(Name=source["dbname"], SecretString=json.dumps(source))["ARN"])


@contextmanager
def cpu_seconds() -> Iterator[list[float]]:
    """What the processes that ended inside the block used of the processor, in a list of one, after it."""
    before, used = resource.getrusage(resource.RUSAGE_CHILDREN), [0.0]
    yield used
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used[0] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_loader(directory: Path, environment: dict[str, str], plan: str, secret: str, *more: str) -> tuple[float, float]:
    """Run the loader's package as a process of its own; returns its peak memory in MiB and its seconds."""
    package = build_loader_package()
    script = directory / package.script_name
    script.write_bytes(PEAK.encode() + b"\n" + package.script_bytes)
    arguments = ["--plan", plan, "--secret-arn", secret, "--run-token", "memory", *more]
    modules = installed_modules(interpreter(), [MODULES])
    began = time.monotonic()
    done = subprocess.run(
        [str(interpreter()), str(script), *arguments],
        env={**environment, "PYTHONPATH": str(modules)},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return int(done.stderr.splitlines()[-1]) / 1024, time.monotonic() - began


def stored_plan(bucket: str, database: str, rows: int) -> str:
    """Make the target table and store the plan of a load into it; returns the plan's address."""
    edges = [None, *((str(edge),) for edge in range(CHUNK_ROWS - 1, rows - 1, CHUNK_ROWS)), None]
    plan = LoadPlan(
        migration="memory",
        table="v",
        target_table=database,
        database=database,
        view="v",
        view_hash="memory",
        items=(ITEM,),
        entity_column=None,
        chunks=tuple(Chunk(at, edges[at], edges[at + 1], CHUNK_ROWS) for at in range(len(edges) - 1)),
        prefix=f"{database}/",
    )
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{database}/plan.json", Body=plan.to_json().encode())
    boto3.client("dynamodb").create_table(
        TableName=database,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return f"s3://{bucket}/{database}/plan.json"


if __name__ == "__main__":
    main([int(rows) for rows in sys.argv[1:]] or list(ROWS))
