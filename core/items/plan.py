"""The load plan: what the loader must know about one table, as JSON in S3.

Guarantees:
- `to_json` and `from_json` are inverses; a plan of another format number is refused.
- A plan holds no credentials, no host, and no row of the source beyond the chunk bounds.

A cell is what the SQL server sends in its text protocol: None for NULL, `bytes` for binary columns, `str` for all else.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any, Union

FORMAT = 1

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
    """One column of the view: its name there and its kind."""

    name: str
    kind: str


@dataclass(frozen=True)
class Attribute:
    """One attribute of the item: `type` is DynamoDB's, `column` an index into `ItemPlan.columns`."""

    name: str
    type: str
    column: int


@dataclass(frozen=True)
class Composed:
    """A composed key `a#b`: the S texts of `columns`, joined with '#'; absent when a part is NULL."""

    name: str
    columns: tuple[int, ...]


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
    (a view may carry them under others).
    """

    columns: tuple[Column, ...]
    row_key: tuple[int, ...]
    attributes: tuple[Attribute, ...]
    composed: tuple[Composed, ...]
    keys: tuple[Key, ...]
    row_key_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chunk:
    """A key range of the view, `lower` excluded and `upper` included; None is open. `rows` is what the plan counted."""

    number: int
    lower: tuple[Cell, ...] | None
    upper: tuple[Cell, ...] | None
    rows: int


@dataclass(frozen=True)
class LoadPlan:
    """Everything the loader needs for one table; `prefix` is the S3 key prefix (with a final "/") of its results."""

    migration: str
    table: str
    target_table: str
    database: str
    view: str
    view_hash: str
    item: ItemPlan
    chunk_columns: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    prefix: str

    def result_key(self, number: int) -> str:
        """The S3 key of a chunk's result object; it exists only after all the chunk's writes were acknowledged."""
        return f"{self.prefix}results/chunk-{number:08d}.json"

    def rejects_key(self, number: int) -> str:
        """The S3 key of a chunk's rejects (JSON lines); it exists only if the chunk had any."""
        return f"{self.prefix}rejects/chunk-{number:08d}.jsonl"

    def to_json(self) -> str:
        """The plan as one JSON document, the same text for the same plan."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True, separators=(",", ":"), default=_encode)

    @classmethod
    def from_json(cls, text: str) -> LoadPlan:
        """Read `to_json`'s text. Raises ValueError when its format number is not this program's."""
        data = json.loads(text, object_hook=_decode)
        if data.pop("format", None) != FORMAT:
            raise ValueError("the load plan has another format than this loader; run tableferry of one version only")
        item = data.pop("item")
        return cls(
            item=ItemPlan(
                columns=tuple(Column(**c) for c in item["columns"]),
                row_key=tuple(item["row_key"]),
                attributes=tuple(Attribute(**a) for a in item["attributes"]),
                composed=tuple(Composed(c["name"], tuple(c["columns"])) for c in item["composed"]),
                keys=tuple(Key(**k) for k in item["keys"]),
                row_key_names=tuple(item["row_key_names"]),
            ),
            chunk_columns=tuple(data.pop("chunk_columns")),
            chunks=tuple(_chunk(c) for c in data.pop("chunks")),
            **data,
        )


def _chunk(data: dict[str, Any]) -> Chunk:
    lower, upper = data["lower"], data["upper"]
    return Chunk(
        number=data["number"],
        lower=None if lower is None else tuple(lower),
        upper=None if upper is None else tuple(upper),
        rows=data["rows"],
    )


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} is no part of a load plan")


def _decode(data: dict[str, Any]) -> Any:
    return base64.b64decode(data["b64"]) if set(data) == {"b64"} else data
