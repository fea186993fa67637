"""Two sides of some buckets, spilled to a file, and what differs between them, exactly and in the order of the keys.

Guarantees:
- Memory does not grow with the number of items; the file does, by about 200 bytes an item and `content_bytes` in all.
- An item is missing, extra, differing, colliding (a row whose key another row has already), taken (no row's, under the
  key of a row that is a reject), or not listed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from core.items.canonical import item_digest
from core.items.compare import differences
from core.items.item import Item
from core.items.plan import Cell, Chunk

from adapters.loader.differences_sql import APPLY, FINDINGS, GROUPS, SCHEMA
from adapters.loader.key_group import Decision, KeyGroup, Member, Order, Rules
from adapters.loader.plain_json import cells_document, item_of, item_text, shown

MISSING, EXTRA, DIFFERING, COLLIDING, TAKEN = "missing", "extra", "differing", "colliding", "taken"
KINDS = (MISSING, EXTRA, DIFFERING, COLLIDING, TAKEN)
# Rows that cannot be items now: since the load, and then already.
BROKEN, REJECTED = "broken", "rejected"

OrderOf = Callable[[int, Sequence[Any]], Order]


@dataclass(frozen=True)
class RowAt:
    """Where a row of the view stands, and what it is known by there."""

    chunk: Chunk
    cells: Sequence[Cell]
    content: str | None

    def known_by(self) -> list[Any]:
        """What a finding says of it."""
        return [cells_document(self.cells), self.content]

    def place(self) -> tuple[int, str, str | None]:
        """The same as columns."""
        return self.chunk.number, json.dumps(cells_document(self.cells), ensure_ascii=False), self.content


@dataclass(frozen=True)
class Finding:
    """One item that is not as it should be; `changed` are (attribute, expected, actual), None for absent.

    `changed` is empty where the contents are not known any more: their room was used up. The row that should have the
    key is known by `chunk`, `cells` and `content`; `left_out`: the load left it out. `repairable`: a repair may do it.
    """

    kind: str
    key: Item
    changed: Sequence[tuple[str, Any, Any]]
    chunk: int | None
    cells: list[Any] | None
    content: str | None
    actual_digest: bytes | None
    repairable: bool
    left_out: bool

    def line(self) -> bytes:
        """What a repair must know, as one JSON line: no values but the key's."""
        document = {
            "kind": self.kind,
            "key": json.loads(item_text(self.key)),
            "attributes": [name for name, _, _ in self.changed],
            "chunk": self.chunk,
            "cells": self.cells,
            "actual_digest": None if self.actual_digest is None else self.actual_digest.hex(),
            "content": self.content,
            "repairable": self.repairable,
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
    """Collects both sides of some buckets; threads may add at the same time.

    `order_of` says what a row, of this chunk and with these cells, is ordered by among rows with one key.
    """

    def __init__(
        self, path: Path, *, content_bytes: int, rules: Rules | None = None, order_of: OrderOf = lambda *_: None
    ) -> None:
        self._database = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._database.executescript(SCHEMA)
        self._database.execute("BEGIN")
        self._room = content_bytes
        self._rules = rules or Rules()
        self._order_of = order_of
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def forget_chunk(self, chunk: Chunk) -> None:
        """Forget what was expected of a chunk: it is read again."""
        with self._lock:
            for table in ("expected", "others"):
                self._database.execute(f"DELETE FROM {table} WHERE chunk = ?", (chunk.number,))  # noqa: S608 - our own

    def expect(self, row: RowAt, id_: bytes, key: Item, item: Item, reason: str | None = None) -> None:
        """There should be this item of the row, had the load not left it out for this reason."""
        name, digest = item_text(key), item_digest(item)
        with self._lock:
            values = (id_, digest, name, self._content(item), *row.place(), reason)
            if reason is None and self._insert("OR IGNORE INTO expected", values):
                return
            self._insert("INTO others", values)

    def claim(self, row: RowAt, id_: bytes, key: Item, reason: str) -> None:
        """This row has the key, but cannot be an item: BROKEN or REJECTED."""
        with self._lock:
            self._insert("INTO others", (id_, b"", item_text(key), None, *row.place(), reason))

    def lose_key(self) -> None:
        """A row became a reject whose key nobody can tell by now: any item may be the last that is left of it."""
        with self._lock:
            self._insert("OR IGNORE INTO lost", (1,))

    def find(self, id_: bytes, digest: bytes, key: Item, item: Item) -> None:
        """There is this item; the last one counts where a table that changes shows one twice."""
        with self._lock:
            row = (id_, digest, item_text(key), self._content(item))
            self._database.execute("INSERT OR REPLACE INTO actual VALUES (?, ?, ?, ?)", row)

    def settle(self) -> Counter[str]:
        """Decide who should have each key that several rows have, or that rows were left out of; once, at the end.

        The rows whose reason to be left out is gone, by reason: their items are expected from now on.
        """
        ceased: Counter[str] = Counter()
        group: KeyGroup | None = None
        at: bytes | None = None
        for place, id_, digest, reason, chunk, cells, *of in self._database.execute(GROUPS):
            if group is None or id_ != at:
                self._keep(at, group, ceased)
                at, group = id_, self._group(*of)
            if reason in (BROKEN, REJECTED):
                group.broken = group.broken or reason == BROKEN
            else:
                group.add(Member(place, digest, reason, self._order(chunk, cells)))
        self._keep(at, group, ceased)
        for statement in APPLY.split(";"):
            self._database.execute(statement)
        return ceased

    def findings(self) -> Iterator[Finding]:
        """What differs, in the order of the keys' digests."""
        found = self._database.execute(FINDINGS)
        for kind, _, name, expected, actual, chunk, cells, content, digest, repairable, left_out in found:
            changed: Sequence[tuple[str, Any, Any]] = ()
            if expected is not None and actual is not None:
                changed = differences(_item(expected), _item(actual))
            place = None if cells is None else json.loads(cells)
            yield Finding(kind, _item(name), changed, chunk, place, content, digest, bool(repairable), bool(left_out))

    def _group(self, digest: bytes | None, chunk: int, cells: str, actual: bytes | None) -> KeyGroup:
        expected = None if digest is None else Member(-1, digest, None, self._order(chunk, cells))
        return KeyGroup(self._rules, expected, actual)

    def _order(self, chunk: int, cells: str) -> Order:
        return None if self._rules.choose == "none" else self._order_of(chunk, json.loads(cells))

    def _keep(self, id_: bytes | None, group: KeyGroup | None, ceased: Counter[str]) -> None:
        decision = Decision() if group is None else group.decide()
        if decision.ceased is not None:
            ceased[decision.ceased] += 1
        if decision.release:
            self._insert("INTO released", (id_,))
        if decision.expect is not None:
            self._insert("INTO promoted", (decision.expect,))
        if decision.claim is not None:
            self._insert("INTO claims", (id_, decision.claim))
        if decision.contested:
            self._insert("INTO contested", (id_,))

    def _insert(self, into: str, values: tuple[Any, ...]) -> bool:
        marks = ", ".join("?" * len(values))
        return self._database.execute(f"INSERT {into} VALUES ({marks})", values).rowcount == 1  # noqa: S608 - our own

    def _content(self, item: Item) -> str | None:
        if self._room <= 0:
            return None
        text = item_text(item)
        self._room -= len(text)
        return text


def _item(text: str) -> Any:
    return item_of(json.loads(text))
