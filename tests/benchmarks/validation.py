"""What a full validation takes beside the load it follows: seconds and peak memory of real loader processes.

    python -m tests.benchmarks.validation [rows ...]

The source is the server of TABLEFERRY_TEST_MYSQL_URL, or one that it starts; the target is an AWS emulator of its own,
which scans its whole table again for every page: what is measured there grows faster than the table, unlike on AWS.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from tests.benchmarks.loader_memory import (
    cpu_seconds,
    run_loader,
    runtime_environment,
    secret_of,
    server,
    stored_plan,
    table,
)

ROWS = (1_000_000,)


def main(counts: list[int]) -> None:
    """Measure and print one line per number of rows, for an equal table and for one with three damages."""
    with (
        tempfile.TemporaryDirectory() as directory,
        server(Path(directory) / "server") as url,
        runtime_environment(Path(directory) / "runtime") as environment,
    ):
        at = urlsplit(url)
        _print("rows", "what", "seconds, CPU", "of load's", "peak MiB", "found")
        for rows in counts:
            with table(at.hostname or "", at.port or 3306, at.username or "root", rows) as source:
                _measure(Path(directory), environment, source, rows)


def _measure(directory: Path, environment: dict[str, str], source: dict[str, Any], rows: int) -> None:
    plan, secret = stored_plan(environment["TABLEFERRY_BUCKET"], source["dbname"], rows), secret_of(source)
    with cpu_seconds() as load_cpu:
        peak, load_seconds = run_loader(directory, environment, plan, secret)
    _print(f"{rows:,}", "load", _both(load_seconds, load_cpu[0]), "1.00, 1.00", f"{peak:.1f}", "")
    for what in ("equal", "damaged"):
        if what == "damaged":
            _damage(source["dbname"])
        with cpu_seconds() as cpu:
            peak, seconds = run_loader(directory, environment, plan, secret, "--task", "validate", "--validation", what)
        ratio = f"{seconds / load_seconds:.2f}, {cpu[0] / load_cpu[0]:.2f}"
        _print(f"{rows:,}", what, _both(seconds, cpu[0]), ratio, f"{peak:.1f}", _found(plan, what))


def _damage(name: str) -> None:
    dynamodb: Any = boto3.client("dynamodb")
    dynamodb.delete_item(TableName=name, Key={"pk": {"N": "1"}})
    dynamodb.put_item(TableName=name, Item={"pk": {"N": "-1"}})
    dynamodb.put_item(TableName=name, Item={"pk": {"N": "2"}})


def _found(plan: str, validation: str) -> str:
    bucket, _, key = plan.removeprefix("s3://").partition("/")
    s3: Any = boto3.client("s3")
    body = s3.get_object(Bucket=bucket, Key=key.replace("plan.json", f"validation/{validation}/result.json"))["Body"]
    result = json.loads(body.read())
    kinds = ", ".join(f"{result[k]} {k}" for k in ("missing", "extra", "differing"))
    return f"{result['compared']:,} compared, {kinds}, first pass {result['first_pass_seconds']:.1f} s"


def _both(seconds: float, cpu: float) -> str:
    return f"{seconds:.1f}, {cpu:.1f}"


def _print(*cells: str) -> None:
    print(f"{cells[0]:>10} {cells[1]:>8} {cells[2]:>14} {cells[3]:>11} {cells[4]:>9}  {cells[5]}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main([int(rows) for rows in sys.argv[1:]] or list(ROWS))
