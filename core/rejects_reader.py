"""Reads the rejects files of a table, page by page, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from core.errors import StateError
from core.ports import ObjectStore

PAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class RejectedLine:
    """One rejected row, as docs/rejects.md describes it, with its table."""

    table: str
    document: dict[str, Any]

    @property
    def reason(self) -> str:
        """Its fixed word (`core.items.rejects.Reason`)."""
        return str(self.document["reason"])


async def rejected_lines(objects: ObjectStore, prefix: str, table: str) -> AsyncIterator[RejectedLine]:
    """Every rejected row of a table, chunk by chunk; `prefix` is the table's. Raises StateError for a damaged file."""
    for key in await objects.keys(f"{prefix}rejects/"):
        async for line in _lines(objects, key):
            try:
                document = json.loads(line)
            except ValueError as error:
                raise StateError(
                    f"s3://{objects.bucket}/{key} is not what the loader wrote: a line is no JSON.",
                    remedy=f"`tableferry retry-rejects --table {table}` writes it anew.",
                    key=key,
                ) from error
            yield RejectedLine(table, {"table": table, **document})


async def _lines(objects: ObjectStore, key: str) -> AsyncIterator[bytes]:
    rest, start = b"", 0
    while True:
        page = await objects.read(key, start, PAGE_BYTES)
        start += len(page)
        *whole, rest = (rest + page).split(b"\n")
        for line in whole:
            yield line
        if len(page) < PAGE_BYTES:
            return
