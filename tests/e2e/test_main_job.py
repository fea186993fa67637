"""The main job, end to end: what the contract says is what DynamoDB holds, item by item."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.conftest import Ferry

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect]

SCHEMA = """
CREATE TABLE categories (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, parent_id INT NULL);
CREATE TABLE `the products` (
  id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(80) CHARACTER SET latin1, title TEXT, price DECIMAL(30,10),
  category_id INT, active TINYINT(1), flags BIT(12), tags SET('a','b','c'), doc JSON, list_doc JSON, sizes JSON,
  made DATETIME(3), seen TIMESTAMP(6) NULL, day DATE, length_of TIME(2), raw VARBINARY(40), ratio DOUBLE, rough FLOAT,
  code CHAR(6)
);
INSERT INTO categories VALUES (1, 'Electronics', NULL), (2, 'Laptops', 1), (3, 'null', 1);
SET time_zone = '+00:00';
INSERT INTO `the products` VALUES
 (1, 'Ünïcode', 'smile 😀 \0 end', 10.5000000000, 2, 1, b'101000000001', 'a,c',
  '{"n": 12345678901234.5, "t": true, "z": null}',
  '[1, "x", {"y": []}]', '[3, 1, 2]', '2024-02-29 23:59:59.120', '2038-01-19 03:14:07.000001', '2024-02-29',
  '-838:59:59', x'00ff10', 0.1, 0.1, 'ab   '),
 (18446744073709551615, '', 'None', -99999999999999999999.9999999999, 3, 0, b'0', '', '{}', '[]', '[]',
  '2024-01-01 00:00:00.000', '1970-01-01 00:00:01', '1000-01-01', '00:00:00', '', 1e300, 3.4e38, ''),
 (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


def plain(name: str, type_: str, column: str | None = None) -> dict[str, Any]:
    """An attribute that is a column."""
    return {"name": name, "type": type_, "source_column": column or name}


def joined(name: str, condition: str, select: str) -> dict[str, Any]:
    """An attribute from the categories."""
    join = {"type": "foreign-key", "target_table": "categories", "join_condition": condition, "select_column": select}
    return {"name": name, "type": "S", "join": join}


PRODUCTS: dict[str, Any] = {
    "table": "Products",
    "type": "single-entity",
    "source_table": "the products",
    "pk": "product_id",
    "sk": "id#day",
    "gsis": [
        {"index_name": "ByCategory", "pk": "category", "sk": "price", "projection": "INCLUDE",
         "projected_attributes": ["name"]},
        {"index_name": "ByCode", "pk": "raw", "projection": "KEYS_ONLY"},
    ],
    "attributes": [
        plain("product_id", "S", "id"),
        plain("number", "N", "id"),
        *(plain(n, "S") for n in ("name", "title", "made", "seen", "length_of", "code")),
        plain("price", "N"),
        plain("price_text", "S", "price"),
        plain("active", "BOOL"),
        plain("flags", "N"),
        plain("tags", "SS"),
        plain("doc", "M"),
        plain("list_doc", "L"),
        plain("sizes", "NS"),
        plain("raw", "B"),
        plain("ratio", "N"),
        plain("rough", "S"),
        joined("category", "categories.id = `the products`.category_id", "categories.name"),
    ],
}  # fmt: skip

FIRST = {
    "product_id": {"S": "1"},
    "id#day": {"S": "1#2024-02-29"},
    "number": {"N": "1"},
    "name": {"S": "Ünïcode"},
    "title": {"S": "smile 😀 \0 end"},
    "price": {"N": "10.5"},
    "price_text": {"S": "10.5000000000"},
    "category": {"S": "Laptops"},
    "active": {"BOOL": True},
    "flags": {"N": "2561"},
    "tags": {"SS": ["a", "c"]},
    "doc": {"M": {"n": {"N": "12345678901234.5"}, "t": {"BOOL": True}, "z": {"NULL": True}}},
    "list_doc": {"L": [{"N": "1"}, {"S": "x"}, {"M": {"y": {"L": []}}}]},
    "sizes": {"NS": ["1", "2", "3"]},
    "made": {"S": "2024-02-29 23:59:59.120"},
    "seen": {"S": "2038-01-19 03:14:07.000001"},
    "length_of": {"S": "-838:59:59.00"},
    "raw": {"B": b"\x00\xff\x10"},
    "ratio": {"N": "0.1"},
    "rough": {"S": "0.1"},
    "code": {"S": "ab"},
}


def normal(value: Any) -> Any:
    """Numbers by value and sets in order, so that two items compare by DynamoDB's own terms."""
    ((type_, content),) = value.items()
    if type_ == "N":
        return type_, Decimal(content)
    if type_ in {"SS", "NS", "BS"}:
        return type_, sorted(content)
    if type_ == "M":
        return type_, {k: normal(v) for k, v in content.items()}
    return (type_, [normal(v) for v in content]) if type_ == "L" else (type_, content)


def by_key(items: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """Items by the text of one key, normalised."""
    return {i[key].get("S") or i[key]["N"]: {k: normal(v) for k, v in i.items()} for i in items}


def test_every_value_rule(ferry: Ferry, database: Database) -> None:
    """Each kind of value, extremes and NULLs; the row that cannot become an item is a reject with its reason."""
    database.execute(SCHEMA)
    categories = {
        "table": "Categories",
        "type": "single-entity",
        "source_table": "categories",
        "pk": "id",
        "attributes": [
            plain("id", "N"),
            plain("name", "S"),
            joined("parent", "categories.id = categories.parent_id", "name"),
        ],
    }
    result = ferry.result("run", ferry.contract(PRODUCTS, categories), code=3, TABLEFERRY_REJECTS="keep")

    found = by_key(ferry.items("Products"), "product_id")
    assert found["1"] == {k: normal(v) for k, v in FIRST.items()}
    assert "18446744073709551615" not in found  # its binary index key is empty, and the double is out of range
    assert "3" not in found  # its sort key has a NULL part
    assert by_key(ferry.items("Categories"), "id") == by_key(
        [
            {"id": {"N": "1"}, "name": {"S": "Electronics"}},
            {"id": {"N": "2"}, "name": {"S": "Laptops"}, "parent": {"S": "Electronics"}},
            {"id": {"N": "3"}, "name": {"S": "null"}, "parent": {"S": "Electronics"}},
        ],
        "id",
    )
    checks = {v["table"]: v for v in result["validation"]}
    assert checks["Products"]["rows_in_view"] == 3
    assert checks["Products"]["items_written"] == 1
    assert sum(checks["Products"]["rejects_by_reason"].values()) == 2
    assert checks["Categories"]["rows_in_view"] == checks["Categories"]["items_in_target"] == 3
    _rejects_are_kept(ferry, result["migration_id"])


def _rejects_are_kept(ferry: Ferry, migration: str) -> None:
    s3 = ferry.client("s3")
    bucket = ferry.environment["TABLEFERRY_BUCKET"]
    prefix = f"{ferry.environment['TABLEFERRY_KEY_PREFIX']}migrations/{migration}/Products/rejects/"
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    lines = [json.loads(line) for k in keys for line in s3.get_object(Bucket=bucket, Key=k)["Body"].read().splitlines()]
    assert {line["row"]["id"] for line in lines} == {"3", "18446744073709551615"}
    assert all(line["reason"] and line["attribute"] for line in lines)


def test_many_chunks_of_a_composite_key(ferry: Ferry, database: Database) -> None:
    """Chunks over a two-column text and number key cover every row once, under a case-insensitive collation."""
    database.execute(
        "CREATE TABLE `lines` (region VARCHAR(10), line INT, amount DECIMAL(8,2), PRIMARY KEY (region, line))"
    )
    regions = ["", "A", "a b", "É", "zz", "'q'", "%s", "日本"]
    rows = [(r, n, f"{n}.{n % 100:02d}") for r in regions for n in range(-20, 40)]
    values = ", ".join(["(%s, %s, %s)"] * len(rows))
    database.execute(f"INSERT INTO `lines` VALUES {values}", *(cell for row in rows for cell in row))
    table = {
        "table": "Lines",
        "type": "single-entity",
        "source_table": "lines",
        "pk": "line#region",
        "sk": "line",
        "attributes": [plain("line", "N"), plain("region", "S"), plain("amount", "N")],
    }
    result = ferry.result("run", ferry.contract(table), TABLEFERRY_ROWS_PER_CHUNK="7")
    expected = {(r, n): Decimal(a) for r, n, a in rows}
    found = {(i["region"]["S"], int(i["line"]["N"])): Decimal(i["amount"]["N"]) for i in ferry.items("Lines")}
    assert found == expected
    assert result["metrics"]["records"] == len(rows)


@pytest.mark.once
def test_runs_without_a_prefect_server(ferry: Ferry, database: Database, tmp_path: Any) -> None:
    """With no PREFECT_API_URL the run starts what it needs by itself."""
    database.execute("CREATE TABLE one (id INT PRIMARY KEY); INSERT INTO one VALUES (7)")
    del ferry.environment["PREFECT_API_URL"]
    ferry.environment["PREFECT_HOME"] = str(tmp_path / "prefect")
    table = {
        "table": "One",
        "type": "single-entity",
        "source_table": "one",
        "pk": "id",
        "attributes": [plain("id", "N")],
    }
    ferry.result("run", ferry.contract(table))
    assert ferry.items("One") == [{"id": {"N": "7"}}]
