"""One read of the benchmark's rows in a process of its own, so that its peak memory is that of this read alone.

    python -m tests.benchmarks.view_reads < REQUEST

Prints what `Measured` holds as JSON.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import COMMAND
from pymysql.cursors import SSCursor

from adapters.loader.credentials import Source
from adapters.loader.rows import RowReader
from core.items.item import ItemConverter
from core.items.plan import LoadPlan
from core.items.ranges import item_condition, quoted

Row = tuple[Any, ...]
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Request:
    """What to read: the first `chunks` chunks of a plan's view as the loader does, or `sql` in one statement.

    With `digest` rows are also made into items, which takes time: such a read is compared, not timed. With `unread`
    their bytes are thrown away as they come, so that the time is that of the server.
    """

    host: str
    port: int
    user: str
    password: str
    database: str
    plan: str | None = None
    chunks: int = 0
    sql: str = ""
    digest: bool = False
    unread: bool = False


@dataclass(frozen=True)
class Measured:
    """What a read cost; `digest` is the same for the same items in any order."""

    rows: int
    seconds: float
    peak_mb: float
    digest: str


def read(request: Request) -> Measured:
    """Read it all and forget it, group after group."""
    plan = None if request.plan is None else LoadPlan.from_json(request.plan)
    if request.unread:
        return _unread(request, [request.sql] if plan is None else _chunk_statements(request, plan))
    count, total = 0, 0
    item_of: Callable[[Row], Any] = _item_by_hand if plan is None else ItemConverter(plan.item).convert
    began = time.perf_counter()
    for group in _by_hand(request) if plan is None else _by_loader(request, plan):
        count += len(group)
        if request.digest:
            total += sum(_fingerprint(item_of(row)) for row in group)
    return Measured(count, time.perf_counter() - began, _peak_mb(), f"{total % 2**128:032x}")


def _unread(request: Request, statements: Iterable[str]) -> Measured:
    began = time.perf_counter()
    with _connected(request) as connection:
        count = sum(_skipped_rows(connection, sql) for sql in statements)
    return Measured(count, time.perf_counter() - began, _peak_mb(), "")


def _chunk_statements(request: Request, plan: LoadPlan) -> Iterator[str]:
    names = ", ".join(quoted(column.name) for column in plan.item.columns)
    for chunk in plan.chunks[: request.chunks]:
        where, texts = item_condition(plan.item, chunk, plan.entity_column)
        if texts:
            raise ValueError("the shop's keys are numbers, which need no parameters")
        yield f"SELECT {names} FROM {quoted(plan.view)} WHERE {where}"


def _skipped_rows(connection: Any, sql: str) -> int:
    """Run a statement and count its rows by the headers of their packets alone."""
    connection._execute_command(COMMAND.COM_QUERY, sql)
    columns = connection._read_packet().read_length_encoded_integer()
    for _ in range(columns + 1):  # and the packet that ends them
        connection._read_packet()
    stream, count = connection._rfile, 0
    while True:
        length = int.from_bytes(stream.read(4)[:3], "little")
        packet = stream.read(length)
        if packet[0] == 0xFF:
            raise SystemExit(f"the server broke off: {packet[9:].decode()}")
        if packet[0] == 0xFE and length < 9:
            return count
        count += 1


def _by_loader(request: Request, plan: LoadPlan) -> Iterator[list[Any]]:
    reader = RowReader(Source(request.host, request.port, request.user, request.password), plan)
    for chunk in plan.chunks[: request.chunks]:
        yield from reader.read(chunk)
    reader.close()


def _by_hand(request: Request) -> Iterator[Sequence[Row]]:
    with _connected(request) as connection, connection.cursor() as cursor:
        cursor.execute(request.sql)
        while group := cursor.fetchmany(200):
            yield group


def _connected(request: Request) -> pymysql.Connection[SSCursor]:
    return pymysql.connect(
        host=request.host,
        port=request.port,
        user=request.user,
        password=request.password,
        database=request.database,
        charset="utf8mb4",
        conv={},
        autocommit=None,
        cursorclass=SSCursor,
        init_command="SET SESSION net_write_timeout = 600, group_concat_max_len = 1073741824",
    )


def _item_by_hand(row: Row) -> dict[str, Any]:
    """The item of a hand-written query's row, without the product's conversion."""
    item: dict[str, Any] = {"id": {"N": row[0]}}
    item |= _present("S", zip(("placed_at", "status", "note", "customer", "city"), row[1:6], strict=True))
    item |= _present("N", zip(("goods", "paid"), row[6:8], strict=True))
    found = json.loads(row[8] or "[]", parse_float=Decimal)
    item["dearest"] = {"L": [{"M": _item_of_sale(sale)} for sale in found]}
    return item


def _present(type_: str, cells: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: {type_: cell} for name, cell in cells if cell is not None}


def _item_of_sale(sale: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: {"N": str(sale[name])} for name in ("price", "quantity")}
    return {"sku": {"S": sale["sku"]}, **numbers}


def _fingerprint(item: Any) -> int:
    text = json.dumps(_normal(item), sort_keys=True).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")


def _normal(value: Any) -> Any:
    """The value with every number in one spelling."""
    if isinstance(value, dict):
        return {
            k: str(Decimal(v).normalize()) if k == "N" and isinstance(v, str) else _normal(v) for k, v in value.items()
        }
    return [_normal(v) for v in value] if isinstance(value, list) else value


def _peak_mb() -> float:
    # Linux hands the peak of the parent on to a child in getrusage, but not in this file.
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(read(Request(**json.load(sys.stdin))))))
