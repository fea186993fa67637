"""Cells: SQL values as text or bytes, never converted, on the wire and in SQL."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidRequestError


class Binary(BaseModel):
    """Bytes as base64."""

    model_config = ConfigDict(extra="forbid")

    b64: str


WireCell = Annotated[str | Binary | None, Field(description="null, SQL's own text, or {'b64': base64} for bytes")]
SqlCell = str | bytes | None


def to_wire(cell: SqlCell) -> str | Binary | None:
    """A cell as the answer carries it."""
    return Binary(b64=base64.b64encode(cell).decode("ascii")) if isinstance(cell, bytes) else cell


def from_wire(cell: str | Binary | None) -> SqlCell:
    """A cell as the caller gave it. Raises InvalidRequestError for text that is no base64."""
    if not isinstance(cell, Binary):
        return cell
    try:
        return base64.b64decode(cell.b64, validate=True)
    except binascii.Error:
        raise InvalidRequestError("A cell's b64 is not base64.", remedy="Encode the bytes as base64.") from None


def literal(cell: SqlCell) -> str:
    """The cell as a SQL literal, for a session whose sql_mode lacks NO_BACKSLASH_ESCAPES."""
    from pymysql.converters import escape_string

    if cell is None:
        return "NULL"
    if isinstance(cell, bytes):
        # With the introducer it is a binary string everywhere; a bare hexadecimal literal can become a number.
        return f"_binary X'{cell.hex()}'"
    return f"'{escape_string(cell)}'"


def bind(sql: str, cells: Sequence[SqlCell]) -> str:
    """Put the cells in the places of `%s`; with cells, a percent sign is written `%%`."""
    if not cells:
        return sql
    try:
        return sql % tuple(literal(cell) for cell in cells)
    except (TypeError, ValueError):
        raise InvalidRequestError(
            f"The statement does not have a %s for each of its {len(cells)} parameters.",
            remedy="Write one %s for each parameter, and %% for a percent sign.",
        ) from None


def identifier(name: str) -> str:
    """A name as a quoted identifier."""
    return "`" + name.replace("`", "``") + "`"
