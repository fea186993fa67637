"""Every MySQL type at its extremes where more than a column makes the value: joins, texts, lists, maps, unions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Database
from tests.e2e.cell_tables import (
    KEEP_REJECTS,
    NUMBERS,
    Items,
    Rejects,
    cell_of,
    fill,
    found_items,
    found_rejects,
    single,
)
from tests.e2e.cells import CellRow, Source
from tests.e2e.conftest import Ferry
from tests.e2e.test_main_job import plain
from tests.items.evaluator import REJECT, evaluate, read_json, with_decimals
from tests.items.reasons import reason_of

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.shared_servers]

OF_CELLS = {"target_table": "cells", "join_condition": "cells.id = others.id"}
UNORDERED = {"set", "json", "geometry"}  # MAX of these is refused
PADDED = {"filled", "filled20", "dec_zero", "year_"}  # the engines disagree about the leading zeros of a MAX


def joined(name: str, type_: str, join: str, **parts: Any) -> dict[str, Any]:
    """An attribute made of the one row of `cells` with the same id."""
    return {"name": name, "type": type_, "join": {"type": join, **OF_CELLS, **parts}}


def one_map(name: str, type_: str, columns: list[Source]) -> dict[str, Any]:
    """These columns in one map."""
    construction = {"type": "object", "select_columns": {s.name: s.name for s in columns}, "limit": 1}
    return joined(name, type_, "json-construction", construction=construction)


def greatest(source: Source, type_: str) -> dict[str, Any]:
    """The greatest of one value, which is that value."""
    parts = {"type": "aggregate", "operation": "MAX", "select_column": source.name, **OF_CELLS}
    return {"name": f"max_{source.name}", "type": type_, "calculation": parts}


def has_greatest(name: str, kind: str) -> bool:
    """Whether MAX says the column's own text."""
    return kind not in UNORDERED and name not in PADDED


def formatted(name: str, of: str) -> dict[str, Any]:
    """The text of a column or of another attribute between literals."""
    return {
        "name": f"t_{name}",
        "type": "S",
        "transformation": {"type": "string-format", "format": f"\u8868'{{{of}}}\\"},
    }


def texts_table(found: list[Source]) -> dict[str, Any]:
    """Texts of every type: joined, in templates, as greatest values, in JSON text."""
    attributes: list[dict[str, Any]] = []
    for source in found:
        attributes.append(joined(f"s_{source.name}", "S", "foreign-key", select_column=source.name))
        attributes.append(formatted(source.name, f"s_{source.name}"))
        if has_greatest(source.name, source.kind):
            attributes.append(greatest(source, "S"))
    return single("Texts", "others", [*attributes, one_map("json", "S", in_arrays(found, "binary"))])


def rows_table(found: list[Source]) -> dict[str, Any]:
    """Native values of every type: in a map, and each column's in a list."""
    lists = [joined(f"l_{s.name}", "L", "lookup-table", select_column=s.name) for s in in_arrays(found, "json", "set")]
    bytes_ = [greatest(s, "B") for s in found if s.kind == "binary"]
    return single("Rows", "others", [one_map("map", "M", in_arrays(found)), *lists, *bytes_])


def union_table(found: list[Source]) -> dict[str, Any]:
    """Two kinds of items in one view: columns of every type beside NULLs."""
    key = plain("id", "N")
    native = [key, *(plain(s.name, native_type(s.kind)) for s in found)]
    shown = [key, *(plain(s.name, "S") for s in found)]
    shown += [formatted(s.name, s.name) for s in found if s.kind != "geometry"]
    return {
        "table": "Union",
        "type": "multi-entity",
        "pk": "PK",
        "sk": "id",
        "entities": [
            {"entity_type": "NATIVE", "source_table": "cells", "pk_template": "N", "attributes": native},
            {"entity_type": "SHOWN", "source_table": "cells", "pk_template": "S", "attributes": shown},
        ],
    }  # fmt: skip


def native_type(kind: str) -> str:
    """The type that keeps most of a kind."""
    numbers = dict.fromkeys(NUMBERS | {"bit"}, "N")
    return {**numbers, "binary": "B", "geometry": "B", "set": "SS"}.get(kind, "S")


def in_arrays(found: list[Source], *without: str) -> list[Source]:
    """The columns that may stand in arrays: the server rounds the text of FLOAT(M,D) there, which is refused."""
    return [s for s in found if s.kind not in without and s.name != "float_md"]


def nested(kind: str, shown: Any) -> Any:
    """The value of a cell in a list or map."""
    of_kind, cell = cell_of("S", kind, shown)
    if of_kind in NUMBERS | {"bit"}:
        return evaluate("N", of_kind, cell)
    if of_kind == "json":
        whole = evaluate("M", "json", f'{{"x": {cell}}}')
        return whole if whole is REJECT else whole["M"]["x"]
    return {"B": cell} if of_kind == "binary" else {"S": cell}


def nested_reason(kind: str, shown: Any) -> str:
    """Why it is none."""
    return reason_of("M", "json", f'{{"x": {shown}}}') if kind == "json" else reason_of("N", kind, shown)


def in_json(kind: str, shown: Any) -> Any:
    """The value of a cell in JSON text, as Python reads it; REJECT for a document that is ambiguous."""
    of_kind, cell = cell_of("S", kind, shown)
    if of_kind in NUMBERS | {"bit"}:
        return Decimal(evaluate("S", of_kind, cell)["S"])
    return read_json(cell) if of_kind == "json" else cell


def expected_texts(found: list[Source], rows: list[CellRow]) -> tuple[Items, Rejects]:
    """The items of `texts_table`; `json` as what Python reads."""
    items: Items = {}
    rejects: Rejects = {}
    for row in rows:
        item: dict[str, Any] = {"id": {"N": row.id}}
        document = {s.name: None for s in in_arrays(found, "binary")}
        for name, (kind, shown) in row.shown.items():
            value = evaluate("S", *cell_of("S", kind, shown))
            if value is REJECT:
                rejects[row.id] = (f"s_{name}", "not_text")
                continue
            item |= {f"s_{name}": value, f"t_{name}": {"S": f"\u8868'{value['S']}\\"}}
            if has_greatest(name, kind):
                item[f"max_{name}"] = value
            if name in document:
                document[name] = in_json(kind, shown)
                if document[name] is REJECT:
                    rejects[row.id] = ("json", reason_of("M", "json", shown))
        items[row.id] = {**item, "json": document}
    return {i: item for i, item in items.items() if i not in rejects}, rejects


def expected_rows(found: list[Source], rows: list[CellRow]) -> tuple[Items, Rejects]:
    """The items of `rows_table`."""
    items: Items = {}
    rejects: Rejects = {}
    for row in rows:
        map_: dict[str, Any] = {s.name: {"NULL": True} for s in in_arrays(found)}
        lists = {f"l_{s.name}": {"L": [{"NULL": True}]} for s in in_arrays(found, "json", "set")}
        item: dict[str, Any] = {"id": {"N": row.id}, "map": {"M": map_}, **lists}
        for name, (kind, shown) in row.shown.items():
            value = nested(kind, shown)
            if name in map_:
                map_[name] = value
                if value is REJECT:
                    rejects[row.id] = ("map", nested_reason(kind, shown))
            if f"l_{name}" in lists:
                item[f"l_{name}"] = {"L": [value]}
            if kind == "binary":
                item[f"max_{name}"] = value
        items[row.id] = item
    return {i: item for i, item in items.items() if i not in rejects}, rejects


def expected_union(rows: list[CellRow]) -> tuple[dict[tuple[str, int], Any], Rejects]:
    """The items of `union_table` by partition and id."""
    items: dict[tuple[str, int], Any] = {}
    rejects: Rejects = {}
    for partition, entity in (("N", "NATIVE"), ("S", "SHOWN")):
        for row in rows:
            item: dict[str, Any] = {"PK": {"S": partition}, "id": {"N": row.id}, "entity_type": {"S": entity}}
            for name, (kind, shown) in row.shown.items():
                type_ = native_type(kind) if partition == "N" else "S"
                value = evaluate(type_, *cell_of(type_, kind, shown))
                if value is REJECT:
                    rejects[row.id] = (name, reason_of(type_, *cell_of(type_, kind, shown)))
                    break
                item |= {} if value is None else {name: value}
                if partition == "S" and kind != "geometry":
                    item[f"t_{name}"] = {"S": f"\u8868'{value['S']}\\"}
            else:
                items[partition, row.id] = item
    return items, rejects


def test_every_type_in_joins_texts_and_unions(ferry: Ferry, database: Database) -> None:
    """The same values as a column of its own would have, wherever the value passes through."""
    found, rows = fill(database, longest=66_000)
    tables = [texts_table(found), rows_table(found), union_table(found)]
    result = ferry.result("run", ferry.contract(*tables), code=3, **KEEP_REJECTS)
    migration = result["migration_id"]

    items, rejects = expected_texts(found, rows)
    assert found_rejects(ferry, migration, "Texts") == rejects
    texts = found_items(ferry, "Texts")
    for item in texts.values():
        item["json"] = read_json(item["json"]["S"])
    assert texts == items

    items, rejects = expected_rows(found, rows)
    assert found_rejects(ferry, migration, "Rows") == rejects
    assert found_items(ferry, "Rows") == items

    union, rejects = expected_union(rows)
    assert found_rejects(ferry, migration, "Union") == rejects
    shown = [{name: with_decimals(value) for name, value in item.items()} for item in ferry.items("Union")]
    assert {(item["PK"]["S"], int(item["id"]["N"])): item for item in shown} == union
    for check in result["validation"]:
        assert check["rows_in_view"] == check["items_written"] + sum(check["rejects_by_reason"].values())
