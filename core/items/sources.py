"""Where an attribute's value comes from: a column of the view, or texts and rows made of several of them.

Guarantee: `from_document` gives back what `to_document` was given.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Union


@dataclass(frozen=True)
class FromColumn:
    """The cell of one column, an index into `ItemPlan.columns`."""

    column: int


@dataclass(frozen=True)
class WithDefault:
    """`of`, or the literal text where that is NULL; for S and N."""

    of: Source
    text: str


@dataclass(frozen=True)
class Chosen:
    """`of` where the cell of column `flag` is "1"; else the literal text, or NULL."""

    flag: int
    of: Source
    otherwise: str | None


@dataclass(frozen=True)
class JoinedText:
    """The texts of `of` with the separator between; one NULL makes it NULL, unless `skip_null` leaves NULLs out."""

    of: tuple[Source, ...]
    separator: str
    skip_null: bool


@dataclass(frozen=True)
class Template:
    """Literals (str) and texts one after the other; NULL when a text is; a constant when there is none."""

    parts: tuple[str | Source, ...]


@dataclass(frozen=True)
class DateFormatted:
    """A date or time written anew: YYYY MM DD HH mm ss are replaced wherever they stand, all else is literal.

    `source_format` (same tokens, exact match) says how to read the text; None reads MySQL's own texts.
    """

    of: Source
    format: str
    source_format: str | None = None


@dataclass(frozen=True)
class NumberFormatted:
    """A number as text, rounded half away from zero; `grouping` puts a comma before every three whole digits."""

    of: Source
    decimals: int
    grouping: bool
    minimum_integer_digits: int


@dataclass(frozen=True)
class ParsedJson:
    """A text that is JSON."""

    of: Source


@dataclass(frozen=True)
class Field:
    """One column of joined rows: its key in a map, and the kind (`core.items.plan.Kind`) of its texts."""

    key: str
    kind: str


class Shape:
    """How the JSON of a `Rows` cell is laid out."""

    VALUES = "values"  # ["text" or null, ...]: one field of each row
    ARRAY = "array"  # [["text" or null, ... one per field], ...]; a NULL cell is no rows
    OBJECT = "object"  # ["text" or null, ... one per field]; a NULL cell is no row

    ALL = (VALUES, ARRAY, OBJECT)


@dataclass(frozen=True)
class Rows:
    """Joined rows: the cell is JSON of the SQL texts (binary as HEX digits, numbers and JSON as text) of `fields`."""

    column: int
    fields: tuple[Field, ...]
    shape: str


Source = Union[
    FromColumn, WithDefault, Chosen, JoinedText, Template, DateFormatted, NumberFormatted, ParsedJson, Rows
]  # fmt: skip

_CLASSES: dict[str, type[Any]] = {
    "column": FromColumn,
    "default": WithDefault,
    "chosen": Chosen,
    "joined": JoinedText,
    "template": Template,
    "date": DateFormatted,
    "number": NumberFormatted,
    "json": ParsedJson,
    "rows": Rows,
    "field": Field,
}
_OPS = {class_: op for op, class_ in _CLASSES.items()}


def to_document(source: Source) -> dict[str, Any]:
    """The source as JSON values, tagged with "op"."""
    document: dict[str, Any] = _written(source)
    return document


def from_document(document: dict[str, Any]) -> Source:
    """Read `to_document`'s result. Raises KeyError for an unknown op, TypeError for wrong members."""
    source: Source = _read(document)
    return source


def columns_of(source: Source) -> tuple[int, ...]:
    """The indexes of the columns that it reads, each once, in the order of reading."""
    return tuple(dict.fromkeys(_columns(source)))


def _columns(source: Any) -> list[int]:
    if isinstance(source, (FromColumn, Rows)):
        return [source.column]
    if isinstance(source, Chosen):
        return [source.flag, *_columns(source.of)]
    if isinstance(source, str):
        return []
    inner = source.parts if isinstance(source, Template) else source.of
    return [column for part in (inner if isinstance(inner, tuple) else (inner,)) for column in _columns(part)]


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(member) for member in value]
    op = _OPS.get(type(value))
    if op is None:
        return value
    return {"op": op, **{field.name: _written(getattr(value, field.name)) for field in fields(value)}}


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_read(member) for member in value)
    if not isinstance(value, dict):
        return value
    members = {name: _read(member) for name, member in value.items() if name != "op"}
    return _CLASSES[value["op"]](**members)
