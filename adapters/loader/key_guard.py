"""Keeps rows that share a key out of the table, all but the one that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Callable

from core.items.canonical import key_digest
from core.items.collisions import Collisions, row_digest, row_identity
from core.items.item import Item, ItemConverter
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.rejects import Reason, RejectedRow

from adapters.loader.objects import Bucket

_MESSAGE = "several rows have this key; {}"


def read_collisions(bucket: Bucket, key: str) -> Collisions:
    """The keys that the preflight found to be shared; none for the key ""."""
    return Collisions.from_bytes(bucket.read(key)) if key else Collisions()


Holds = Callable[[Item], bool]


def no(_: Item) -> bool:
    """Nothing is held."""
    return False


class KeyGuard:
    """Judges the rows of one chunk, each once.

    `holds` says whether the table holds this very item: a row that was loaded before others took its key stays loaded.
    `held` are keys of which an earlier match of a row was loaded, which this guard did not see.
    A source row that a key join made several items of is one row: the first of them stands for it. They are all in one
    chunk, because chunks are cut by the source row's key.
    """

    def __init__(
        self, plan: LoadPlan, chunk: Chunk, converter: ItemConverter, collisions: Collisions, holds: Holds = no,
        held: AbstractSet[bytes] = frozenset(),
    ) -> None:  # fmt: skip
        self._collisions = collisions
        self._holds = holds
        self._held = held
        self._item = chunk.item
        self._keys = [key.name for key in plan.item_of(chunk).keys if key.index is None]
        self._row_key = converter.row_key
        self._loaded: set[bytes] = set()

    def check(self, item: Item, row: Sequence[Cell]) -> None:
        """Raises RejectedRow (key_collision) for a row that shares its key and was not chosen."""
        if not self._collisions:
            return
        key = key_digest(item, self._keys)
        if key not in self._collisions:
            return
        if not self.is_chosen(key, row) and not (key not in self._loaded and self._holds(item)):
            raise RejectedRow(Reason.KEY_COLLISION, _MESSAGE.format("this one was not chosen"))
        if key in self._loaded or key in self._held:
            raise RejectedRow(Reason.KEY_COLLISION, _MESSAGE.format("an earlier match of this source row has it"))
        self._loaded.add(key)

    def is_chosen(self, key: bytes, row: Sequence[Cell]) -> bool:
        """Whether the row is the one to be loaded of those that share the key."""
        return self._collisions.chosen(key) == row_digest(row_identity(self._item, self._row_key(row)))
