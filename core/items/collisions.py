"""Keys that several rows share, and which of the rows is loaded: what a preflight hands to the loader as one object.

The object has 32 bytes for each key, in no order: the key's digest (`core.items.canonical.key_digest`), then the digest
of the row that is loaded, zeros where none is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Optional

from core.items.canonical import DIGEST_BYTES
from core.items.plan import ItemPlan, Kind

# 8 MB of object, about 60 MB in the loader: far more shared keys than this are not accidents but a wrong key.
MAX_KEYS = 250_000
NOBODY = bytes(DIGEST_BYTES)
FIRST, LAST = "first", "last"  # which row is loaded, by `row_order`; any other word: none

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE)

RowKey = Mapping[str, Optional[str]]


def row_identity(item: int, row_key: RowKey) -> bytes:
    """One source row as bytes: `item` is the index of its plan, `row_key` what `ItemConverter.row_key` says."""
    return json.dumps([item, *row_key.values()], ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def row_digest(identity: bytes) -> bytes:
    """16 bytes of a `row_identity`."""
    return hashlib.blake2b(identity, digest_size=DIGEST_BYTES).digest()


def row_order(items: Sequence[ItemPlan], identity: bytes) -> tuple[Any, ...]:
    """What rows are ordered by: their plan, then their key: numbers by value, all else byte by byte."""
    item, *texts = json.loads(identity)
    kinds = [items[item].columns[index].kind for index in items[item].row_key]
    return (item, *(Decimal(text) if kind in _NUMBERS else text.encode("utf-8") for kind, text in zip(kinds, texts)))


class Collisions:
    """The keys that several rows share; empty where there are none."""

    def __init__(self, chosen: Mapping[bytes, bytes] = {}) -> None:
        self._chosen = chosen

    @classmethod
    def from_bytes(cls, packed: bytes) -> Collisions:
        """Read the object. Raises ValueError when it was cut off."""
        if len(packed) % (2 * DIGEST_BYTES):
            raise ValueError("the object of shared keys is not a whole number of entries")
        starts = range(0, len(packed), 2 * DIGEST_BYTES)
        return cls({packed[s : s + DIGEST_BYTES]: packed[s + DIGEST_BYTES : s + 2 * DIGEST_BYTES] for s in starts})

    def __len__(self) -> int:
        return len(self._chosen)

    def __contains__(self, key: bytes) -> bool:
        return key in self._chosen

    def chosen(self, key: bytes) -> bytes:
        """The digest of the row that is loaded of those that share the key, `NOBODY` for none."""
        return self._chosen[key]
