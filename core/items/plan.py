"""The load plan: what the loader must know about one table, as JSON in S3.

Guarantees:
- `to_json` and `from_json` are inverses; a plan of another format number is refused.
- A plan holds no credentials, no host, and no row of the source beyond the chunk bounds.

A cell is what the SQL server sends in its text protocol: None for NULL, `bytes` for binary columns, `str` for all else.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Union

from core.items.sources import Source, Template, from_document, to_document

FORMAT = 2
ENTITY_TYPE = "entity_type"  # the attribute that items of a multi-entity table have besides (rule 8)

Cell = Union[None, str, bytes]


class Kind:
    """What a view column holds, as its converter must know it (the source's SQL type, engine differences removed)."""

    INTEGER = "integer"  # also YEAR; text of digits
    DECIMAL = "decimal"
    FLOAT = "float"  # the text MySQL shows
    DOUBLE = "double"
    BIT = "bit"  # big-endian bytes
    TEXT = "text"  # CHAR, VARCHAR, TEXT, ENUM, and WKT of geometry
    BINARY = "binary"  # BINARY, VARBINARY, BLOB, and WKB of geometry
    DATE = "date"
    DATETIME = "datetime"  # also TIMESTAMP, in UTC
    TIME = "time"
    SET = "set"  # text, members separated by commas
    JSON = "json"  # JSON text

    ALL = (INTEGER, DECIMAL, FLOAT, DOUBLE, BIT, TEXT, BINARY, DATE, DATETIME, TIME, SET, JSON)


@dataclass(frozen=True)
class Column:
    """One column of the view: its name there, its kind, and what it is to be called where a view cannot carry that."""

    name: str
    kind: str
    label: str = ""


@dataclass(frozen=True)
class Attribute:
    """One attribute of the item: `type` is DynamoDB's."""

    name: str
    type: str
    source: Source


@dataclass(frozen=True)
class Key:
    """A key attribute of the table (`index` None) or of a GSI; `role` is "pk" or "sk", `type` S, N or B."""

    name: str
    type: str
    role: str
    index: str | None = None


@dataclass(frozen=True)
class ItemPlan:
    """How one row becomes one item.

    `row_key` are the indexes of the columns that identify the source row, `row_key_names` their names at the source
    (a view may carry them under others). `chunk_columns` are the indexes of the columns that ranges are cut by.
    `entity` names the rows that are meant in a view of several entities; None where the view has one.
    `several_items`: a source row may give several rows of the view, one for each match of a key join.
    """

    columns: tuple[Column, ...]
    row_key: tuple[int, ...]
    row_key_names: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    keys: tuple[Key, ...]
    chunk_columns: tuple[int, ...] = ()
    entity: str | None = None
    several_items: bool = False

    @property
    def rows_have_names(self) -> bool:
        """Whether `row_key` tells every row of the view from every other."""
        return bool(self.row_key) and not self.several_items

    def table_keys(self) -> tuple[str, ...]:
        """The table's own key attributes, pk first."""
        keys = sorted((key for key in self.keys if key.index is None), key=lambda key: key.role)
        return tuple(key.name for key in keys)

    @property
    def entity_name(self) -> str:
        """The entity as people call it: its `entity_type`; "" in a plan that has one kind of rows only."""
        if self.entity is None:
            return ""
        constants = (
            a.source.parts for a in self.attributes if a.name == ENTITY_TYPE and isinstance(a.source, Template)
        )
        return next(("".join(parts) for parts in constants if all(isinstance(p, str) for p in parts)), self.entity)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Chunk:
    """A key range of the view, `lower` excluded and `upper` included; None is open. `rows` is what the plan counted.

    `item` is the index of its rows' plan in `LoadPlan.items`.
    """

    number: int
    lower: tuple[Cell, ...] | None
    upper: tuple[Cell, ...] | None
    rows: int
    item: int = 0


@dataclass(frozen=True)
class LoadPlan:
    """Everything the loader needs for one table; `prefix` is the S3 key prefix (with a final "/") of its results.

    `entity_column` is the view's text column that says which `ItemPlan.entity` a row belongs to; None without entities.
    """

    migration: str
    table: str
    target_table: str
    database: str
    view: str
    view_hash: str
    items: tuple[ItemPlan, ...]
    entity_column: str | None
    chunks: tuple[Chunk, ...]
    prefix: str

    @property
    def item(self) -> ItemPlan:
        """The one item plan of a table without entities; the first of several."""
        return self.items[0]

    def item_of(self, chunk: Chunk) -> ItemPlan:
        """How the rows of a chunk become items."""
        return self.items[chunk.item]

    def result_key(self, number: int) -> str:
        """The S3 key of a chunk's result object; it exists only after all the chunk's writes were acknowledged."""
        return f"{self.prefix}results/chunk-{number:08d}.json"

    def rejects_key(self, number: int) -> str:
        """The S3 key of a chunk's rejects (JSON lines); it exists only if the chunk had any."""
        return f"{self.prefix}rejects/chunk-{number:08d}.jsonl"

    def to_json(self) -> str:
        """The plan as one JSON document, the same text for the same plan."""
        members = {field.name: getattr(self, field.name) for field in fields(self)}
        document = {
            "format": FORMAT,
            **members,
            "items": [_item_document(item) for item in self.items],
            "chunks": [asdict(chunk) for chunk in self.chunks],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), default=_encode)

    @classmethod
    def from_json(cls, text: str) -> LoadPlan:
        """Read `to_json`'s text. Raises ValueError when its format number is not this program's."""
        members = json.loads(text, object_hook=_decode)
        if members.pop("format", None) != FORMAT:
            raise ValueError("the load plan has another format than this loader; run tableferry of one version only")
        items, chunks = members.pop("items"), members.pop("chunks")
        return cls(items=tuple(map(_item, items)), chunks=tuple(map(_chunk, chunks)), **members)


def _item_document(item: ItemPlan) -> dict[str, Any]:
    attributes = [{"name": a.name, "type": a.type, "source": to_document(a.source)} for a in item.attributes]
    members = {field.name: getattr(item, field.name) for field in fields(item)}
    return {
        **members,
        "columns": [asdict(column) for column in item.columns],
        "attributes": attributes,
        "keys": [asdict(key) for key in item.keys],
    }


def _item(document: dict[str, Any]) -> ItemPlan:
    return ItemPlan(
        columns=tuple(Column(**c) for c in document["columns"]),
        row_key=tuple(document["row_key"]),
        row_key_names=tuple(document["row_key_names"]),
        attributes=tuple(Attribute(a["name"], a["type"], from_document(a["source"])) for a in document["attributes"]),
        keys=tuple(Key(**k) for k in document["keys"]),
        chunk_columns=tuple(document["chunk_columns"]),
        entity=document["entity"],
        several_items=document.get("several_items", False),  # an earlier version did not say
    )


def _chunk(document: dict[str, Any]) -> Chunk:
    return Chunk(**{**document, "lower": _bound(document["lower"]), "upper": _bound(document["upper"])})


def _bound(cells: list[Cell] | None) -> tuple[Cell, ...] | None:
    return None if cells is None else tuple(cells)


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} is no part of a load plan")


def _decode(data: dict[str, Any]) -> Any:
    return base64.b64decode(data["b64"]) if set(data) == {"b64"} else data
