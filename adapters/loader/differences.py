"""Two sides of some buckets, spilled to a file, and what differs between them, exactly and in the order of the keys.

Guarantees:
- Memory does not grow with the number of items; the file does, by about 200 bytes an item and `content_bytes` in all.
- An item is missing, extra, differing, colliding (a row whose key another row has already), taken (no row's, under the
  key of a row that was left out), or not listed.
- A row that was left out for another's sake is so as long as another row has its key (key_collision), or as the table
  holds another item of it (key_taken); one that is not any more should be an item.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.items.compare import differences
from core.items.item import Item
from core.items.plan import Cell, Chunk

from adapters.loader.plain_json import cells_document, item_of, item_text, shown

MISSING, EXTRA, DIFFERING, COLLIDING, TAKEN = "missing", "extra", "differing", "colliding", "taken"
KINDS = (MISSING, EXTRA, DIFFERING, COLLIDING, TAKEN)

# `reason` is why the load left a row out; NULL of one that it did not, and in `left_out` never.
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE expected (id BLOB PRIMARY KEY, digest BLOB, name TEXT, item TEXT, chunk INT, cells TEXT, reason TEXT)
  WITHOUT ROWID;
CREATE TABLE actual (id BLOB PRIMARY KEY, digest BLOB, name TEXT, item TEXT) WITHOUT ROWID;
CREATE TABLE colliding (id BLOB, name TEXT, item TEXT, chunk INT, cells TEXT, reason TEXT);
CREATE TABLE left_out (id BLOB, digest BLOB, name TEXT, item TEXT, chunk INT, cells TEXT, reason TEXT);
CREATE INDEX left_out_by_id ON left_out (id);
"""
# Glue's SQLite may be too old for window functions.
_SETTLE = """
CREATE TEMP TABLE ceased AS SELECT l.rowid AS place, l.* FROM left_out l WHERE
  CASE l.reason WHEN 'key_taken'
    THEN NOT EXISTS (SELECT 1 FROM actual a WHERE a.id = l.id AND a.digest <> l.digest)
    ELSE NOT EXISTS (SELECT 1 FROM expected e WHERE e.id = l.id)
      AND (SELECT COUNT(*) FROM left_out o WHERE o.id = l.id) = 1
  END;
CREATE INDEX ceased_by_id ON ceased (id);
DELETE FROM left_out WHERE rowid IN (SELECT place FROM ceased);
INSERT INTO colliding SELECT c.id, c.name, c.item, c.chunk, c.cells, c.reason FROM ceased c
  WHERE EXISTS (SELECT 1 FROM expected e WHERE e.id = c.id)
    OR c.place > (SELECT MIN(o.place) FROM ceased o WHERE o.id = c.id);
INSERT OR IGNORE INTO expected SELECT c.id, c.digest, c.name, c.item, c.chunk, c.cells, c.reason FROM ceased c
  ORDER BY c.place;
"""
# A key that was taken from one row alone is that row's; rows that share one are told apart at the source.
_FINDINGS = """
SELECT 'missing', e.id, e.name, e.item, NULL, e.chunk, e.cells, NULL, e.reason FROM expected e
  WHERE NOT EXISTS (SELECT 1 FROM actual a WHERE a.id = e.id)
UNION ALL
SELECT 'extra', a.id, a.name, NULL, a.item, NULL, NULL, a.digest, NULL FROM actual a
  WHERE NOT EXISTS (SELECT 1 FROM expected e WHERE e.id = a.id)
    AND NOT EXISTS (SELECT 1 FROM left_out l WHERE l.id = a.id)
UNION ALL
SELECT 'differing', e.id, e.name, e.item, a.item, e.chunk, e.cells, a.digest, e.reason FROM expected e
  JOIN actual a ON a.id = e.id WHERE a.digest <> e.digest
UNION ALL
SELECT 'colliding', id, name, item, NULL, chunk, cells, NULL, reason FROM colliding
UNION ALL
SELECT 'taken', a.id, a.name, NULL, a.item, l.chunk, l.cells, a.digest,
    (SELECT CASE COUNT(*) WHEN 1 THEN 'key_taken' END FROM left_out o WHERE o.id = a.id AND o.reason = 'key_taken')
  FROM actual a JOIN left_out l
    ON l.rowid = (SELECT o.rowid FROM left_out o WHERE o.id = a.id ORDER BY o.reason DESC, o.rowid LIMIT 1)
  WHERE NOT EXISTS (SELECT 1 FROM expected e WHERE e.id = a.id)
ORDER BY 2, 1
"""


@dataclass(frozen=True)
class Finding:
    """One item that is not as it should be; `changed` are (attribute, expected, actual), None for absent.

    `changed` is empty where the contents are not known any more: their room was used up. `left_out` is why the load
    left the row out that should have the key now; of a taken one None while several rows should.
    """

    kind: str
    key: Item
    changed: Sequence[tuple[str, Any, Any]]
    chunk: int | None
    cells: list[Any] | None
    actual_digest: bytes | None
    left_out: str | None = None

    def line(self) -> bytes:
        """What a repair must know, as one JSON line: no values but the key's."""
        document = {
            "kind": self.kind,
            "key": json.loads(item_text(self.key)),
            "attributes": [name for name, _, _ in self.changed],
            "chunk": self.chunk,
            "cells": self.cells,
            "actual_digest": None if self.actual_digest is None else self.actual_digest.hex(),
            "left_out": self.left_out,
        }
        return json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n"

    def mismatches(self, row: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The same for people: one entry for each attribute that differs, or one for the whole item."""
        head = {"kind": self.kind, "key": item_text(self.key), "row": row}
        if self.kind != DIFFERING or not self.changed:
            whole = {
                MISSING: ("an item", "missing"),
                EXTRA: ("no item", "an item"),
                TAKEN: ("the row's item", "another one"),
            }
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
            for table in ("expected", "colliding", "left_out"):
                self._database.execute(f"DELETE FROM {table} WHERE chunk = ?", (chunk.number,))  # noqa: S608 - our own

    def expect(self, id_: bytes, digest: bytes, key: Item, item: Item, chunk: Chunk, cells: Sequence[Cell]) -> None:
        """There should be this item."""
        name, place = item_text(key), json.dumps(cells_document(cells), ensure_ascii=False)
        with self._lock:
            content = self._content(item)
            added = self._database.execute(
                "INSERT OR IGNORE INTO expected VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (id_, digest, name, content, chunk.number, place),
            )
            if added.rowcount == 0:
                self._database.execute(
                    "INSERT INTO colliding VALUES (?, ?, ?, ?, ?, NULL)", (id_, name, content, chunk.number, place)
                )

    def leave_out(
        self, id_: bytes, digest: bytes, key: Item, item: Item, chunk: Chunk, cells: Sequence[Cell], reason: str
    ) -> None:
        """There should be this item, had the load not left it out for this reason."""
        name, place = item_text(key), json.dumps(cells_document(cells), ensure_ascii=False)
        with self._lock:
            row = (id_, digest, name, self._content(item), chunk.number, place, reason)
            self._database.execute("INSERT INTO left_out VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def find(self, id_: bytes, digest: bytes, key: Item, item: Item) -> None:
        """There is this item; the last one counts where a table that changes shows one twice."""
        with self._lock:
            row = (id_, digest, item_text(key), self._content(item))
            self._database.execute("INSERT OR REPLACE INTO actual VALUES (?, ?, ?, ?)", row)

    def settle(self) -> Counter[str]:
        """Expect the items of rows whose reason to be left out is gone, and say how many; once, at the end."""
        for statement in _SETTLE.split(";"):
            self._database.execute(statement)
        return Counter(dict(self._database.execute("SELECT reason, COUNT(*) FROM ceased GROUP BY reason")))

    def findings(self) -> Iterator[Finding]:
        """What differs, in the order of the keys' digests."""
        for kind, _, name, expected, actual, chunk, cells, digest, reason in self._database.execute(_FINDINGS):
            changed: Sequence[tuple[str, Any, Any]] = ()
            if expected is not None and actual is not None:
                changed = differences(_item(expected), _item(actual))
            place = None if cells is None else json.loads(cells)
            yield Finding(kind, _item(name), changed, chunk, place, digest, reason)

    def _content(self, item: Item) -> str | None:
        if self._room <= 0:
            return None
        text = item_text(item)
        self._room -= len(text)
        return text


def _item(text: str) -> Any:
    return item_of(json.loads(text))
