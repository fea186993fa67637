"""What the live schema says of a view's columns: how long, how many digits, never NULL, never empty."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.items.plan import Kind

_LENGTH = re.compile(r"\((\d+)(?:,(\d+))?\)")
_MEMBER = re.compile(r"'((?:[^']|'')*)'")
_TEXTS = {"tinytext": 255, "text": 65_535, "tinyblob": 255, "blob": 65_535, "mediumtext": 2**24, "mediumblob": 2**24}
# The longest text of each kind: a BIGINT's zeros by ZEROFILL, -838:59:59.000000, 9999-12-31 23:59:59.999999.
_SHOWN = {
    Kind.INTEGER: 255,
    Kind.DATE: 10,
    Kind.TIME: 17,
    Kind.DATETIME: 26,
    Kind.BIT: 20,
    Kind.FLOAT: 330,
    Kind.DOUBLE: 330,
}
_NEVER_EMPTY = {*_SHOWN, Kind.DECIMAL, Kind.JSON}


@dataclass(frozen=True)
class ColumnFacts:
    """One column of a view; `column_type` is information_schema's, "" where it is not known."""

    name: str
    kind: str
    nullable: bool
    column_type: str = ""
    collation: str | None = None

    @property
    def data_type(self) -> str:
        """The type without its length, lower case."""
        return self.column_type.lower().split("(")[0].split(" ")[0]

    @property
    def may_be_empty(self) -> bool:
        """Whether a value that is not NULL can have no characters or bytes."""
        return self.kind not in _NEVER_EMPTY and not (self.data_type == "binary" and self._lengths != (0, 0))

    @property
    def most_bytes(self) -> int | None:
        """How many bytes a value has at most (of UTF-8 where it is a text); None where nothing bounds it."""
        if self.kind in _SHOWN:
            return _SHOWN[self.kind]
        if self.kind == Kind.DECIMAL:
            return 68  # 65 digits, a point, a sign, and the zero before the point
        if self.data_type in {"char", "varchar"}:
            return self._lengths[0] * (1 if (self.collation or "").startswith("ascii") else 4)
        if self.data_type in {"binary", "varbinary"}:
            return self._lengths[0]
        if self.data_type in {"enum", "set"}:
            members = [len(m.encode()) for m in _MEMBER.findall(self.column_type)]
            return max(members, default=0) if self.data_type == "enum" else sum(members) + len(members)
        if self.data_type in _TEXTS:
            return _TEXTS[self.data_type] * self._bytes_of_a_byte
        return None

    @property
    def digits(self) -> tuple[int, int] | None:
        """A DECIMAL's (digits, digits after the point), a DOUBLE's if it has them; None where they are not known."""
        found = self._lengths
        return found if self.data_type in {"decimal", "numeric", "double", "float"} and found != (0, 0) else None

    @property
    def _lengths(self) -> tuple[int, int]:
        match = _LENGTH.search(self.column_type)
        return (int(match[1]), int(match[2] or 0)) if match else (0, 0)

    @property
    def _bytes_of_a_byte(self) -> int:
        """How many bytes of UTF-8 one byte of the column's character set can become."""
        unchanged = self.collation is None or self.collation.startswith(("utf8", "ascii", "binary"))
        return 1 if unchanged else 3
