"""The table `cells` of every type, filled, and what a run made of it: items and rejects by the row's id."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import Database
from tests.e2e.cell_numbers import SESSION_ZONE, numbers
from tests.e2e.cell_texts import texts
from tests.e2e.cells import CellRow, Source, rows_of
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain
from tests.items.evaluator import with_decimals

Items = dict[int, dict[str, Any]]
Rejects = dict[int, tuple[str, str]]

# The tests compare every item themselves, with values that do not come from the product.
KEEP_REJECTS = {
    "TABLEFERRY_REJECTS": "keep",
    "TABLEFERRY_ROWS_PER_CHUNK": "150",
    "TABLEFERRY_VALIDATION": "sample",
}

NUMBERS = {"integer", "decimal", "float", "double"}


def fill(database: Database, longest: int = 1_000_000) -> tuple[list[Source], list[CellRow]]:
    """The table `cells` with a column for every type and a row for every value up to `longest` characters.

    The table `others` has the same ids and nothing else.
    """
    found = [*numbers(database.engine), *texts(database.engine)]
    rows = rows_of(found, longest)
    columns = ", ".join(f"{s.name} {s.definition}" for s in found)
    statements = [
        f"SET sql_mode = '', time_zone = '{SESSION_ZONE}'",
        f"CREATE TABLE cells (id INT PRIMARY KEY, {columns})",
        "CREATE TABLE others (id INT PRIMARY KEY)",
        "INSERT INTO others VALUES " + ", ".join(f"({row.id})" for row in rows),
    ]
    values: list[Any] = []
    for row in rows:
        if row.source is None:
            statements.append(f"INSERT INTO cells (id) VALUES ({row.id})")
        else:
            place = f"(id, {row.source.name}) VALUES ({row.id}, {row.source.placeholder})"
            statements.append(f"INSERT INTO cells {place}")
            values.append(row.inserted)
    database.execute("; ".join(statements), *values)
    return found, rows


def cell_of(type_: str, kind: str, shown: Any) -> tuple[str, Any]:
    """The kind and cell that the evaluator is asked about; geometry is WKT in S and WKB in B."""
    if kind != "geometry":
        return kind, shown
    return ("binary", shown[1]) if type_ == "B" else ("text", shown[0])


def single(name: str, source: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """A table with the rows' id as its key."""
    base = {"table": name, "type": "single-entity", "source_table": source, "pk": "id"}
    return {**base, "attributes": [plain("id", "N"), *attributes]}


def found_items(ferry: Ferry, table: str) -> Items:
    """The items of a target table by id, numbers as Decimals."""
    items = [{name: with_decimals(value) for name, value in item.items()} for item in ferry.items(table)]
    return {int(item["id"]["N"]): item for item in items}


def found_rejects(ferry: Ferry, migration: str, table: str) -> Rejects:
    """What the rejects' objects say: attribute and reason by the row's id."""
    bucket = ferry.environment["TABLEFERRY_BUCKET"]
    prefix = f"{ferry.environment['TABLEFERRY_KEY_PREFIX']}migrations/{migration}/{table}/rejects/"
    s3 = ferry.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
    lines = [json.loads(line) for k in keys for line in s3.get_object(Bucket=bucket, Key=k)["Body"].read().splitlines()]
    return {int(line["row"]["id"]): (line["attribute"], line["reason"]) for line in lines}
