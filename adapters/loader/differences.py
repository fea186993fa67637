"""Two sides of some buckets, spilled to a file, and what differs between them, exactly and in the order of the keys.

Guarantees:
- Memory does not grow with the number of items; the file does, by about 200 bytes an item and `content_bytes` in all.
- An item is missing, extra, differing, colliding (a row whose key another row has already), or not listed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.items.compare import differences
from core.items.item import Item
from core.items.plan import Cell, Chunk

from adapters.loader.plain_json import cells_document, item_of, item_text, shown

MISSING, EXTRA, DIFFERING, COLLIDING = "missing", "extra", "differing", "colliding"
KINDS = (MISSING, EXTRA, DIFFERING, COLLIDING)

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected (id BLOB PRIMARY KEY, digest BLOB, name TEXT, item TEXT, chunk INT, cells TEXT) WITHOUT ROWID;
CREATE TABLE actual (id BLOB PRIMARY KEY, digest BLOB, name TEXT, item TEXT) WITHOUT ROWID;
CREATE TABLE colliding (id BLOB, name TEXT, item TEXT, chunk INT, cells TEXT);
"""
_FINDINGS = """
SELECT 'missing', e.id, e.name, e.item, NULL, e.chunk, e.cells, NULL FROM expected e
  WHERE NOT EXISTS (SELECT 1 FROM actual a WHERE a.id = e.id)
UNION ALL
SELECT 'extra', a.id, a.name, NULL, a.item, NULL, NULL, a.digest FROM actual a
  WHERE NOT EXISTS (SELECT 1 FROM expected e WHERE e.id = a.id)
UNION ALL
SELECT 'differing', e.id, e.name, e.item, a.item, e.chunk, e.cells, a.digest FROM expected e
  JOIN actual a ON a.id = e.id WHERE a.digest <> e.digest
UNION ALL
SELECT 'colliding', id, name, item, NULL, chunk, cells, NULL FROM colliding
ORDER BY 2, 1
"""


@dataclass(frozen=True)
class Finding:
    """One item that is not as it should be; `changed` are (attribute, expected, actual), None for absent.

    `changed` is empty where the contents are not known any more: their room was used up.
    """

    kind: str
    key: Item
    changed: Sequence[tuple[str, Any, Any]]
    chunk: int | None
    cells: list[Any] | None
    actual_digest: bytes | None

    def line(self) -> bytes:
        """What a repair must know, as one JSON line: no values but the key's."""
        document = {
            "kind": self.kind,
            "key": json.loads(item_text(self.key)),
            "attributes": [name for name, _, _ in self.changed],
            "chunk": self.chunk,
            "cells": self.cells,
            "actual_digest": None if self.actual_digest is None else self.actual_digest.hex(),
        }
        return json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n"

    def mismatches(self, row: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The same for people: one entry for each attribute that differs, or one for the whole item."""
        head = {"kind": self.kind, "key": item_text(self.key), "row": row}
        if self.kind != DIFFERING or not self.changed:
            whole = {MISSING: ("an item", "missing"), EXTRA: ("no item", "an item")}
            expected, actual = whole.get(self.kind, ("one item", "another one"))
            return [{**head, "attribute": None, "expected": expected, "actual": actual}]
        return [
            {**head, "attribute": name, "expected": shown(wanted), "actual": shown(was)}
            for name, wanted, was in self.changed
        ]


class Differences:
    """Collects both sides of some buckets; threads may add at the same time."""

    def __init__(self, path: Path, *, content_bytes: int) -> None:
        self._database = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")
        self._room = content_bytes
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def forget_chunk(self, chunk: Chunk) -> None:
        """Forget what was expected of a chunk: it is read again."""
        with self._lock:
            for table in ("expected", "colliding"):
                self._database.execute(f"DELETE FROM {table} WHERE chunk = ?", (chunk.number,))  # noqa: S608 - our own

    def expect(self, id_: bytes, digest: bytes, key: Item, item: Item, chunk: Chunk, cells: Sequence[Cell]) -> None:
        """There should be this item."""
        name, place = item_text(key), json.dumps(cells_document(cells), ensure_ascii=False)
        with self._lock:
            content = self._content(item)
            added = self._database.execute(
                "INSERT OR IGNORE INTO expected VALUES (?, ?, ?, ?, ?, ?)",
                (id_, digest, name, content, chunk.number, place),
            )
            if added.rowcount == 0:
                self._database.execute(
                    "INSERT INTO colliding VALUES (?, ?, ?, ?, ?)", (id_, name, content, chunk.number, place)
                )

    def find(self, id_: bytes, digest: bytes, key: Item, item: Item) -> None:
        """There is this item; the last one counts where a table that changes shows one twice."""
        with self._lock:
            row = (id_, digest, item_text(key), self._content(item))
            self._database.execute("INSERT OR REPLACE INTO actual VALUES (?, ?, ?, ?)", row)

    def findings(self) -> Iterator[Finding]:
        """What differs, in the order of the keys' digests."""
        for kind, _, name, expected, actual, chunk, cells, digest in self._database.execute(_FINDINGS):
            changed: Sequence[tuple[str, Any, Any]] = ()
            if expected is not None and actual is not None:
                changed = differences(_item(expected), _item(actual))
            place = None if cells is None else json.loads(cells)
            yield Finding(kind, _item(name), changed, chunk, place, digest)

    def _content(self, item: Item) -> str | None:
        if self._room <= 0:
            return None
        text = item_text(item)
        self._room -= len(text)
        return text


def _item(text: str) -> Any:
    return item_of(json.loads(text))
