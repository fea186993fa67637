"""What a side of the comparison holds, in bounded memory: per bucket of hashed keys a count and a sum of item digests.

Guarantees:
- The order in which items are added does not matter; equal contents give equal sums.
- A side that lacks, has over or has another item differs in that item's bucket; by chance it would not once in 2^128.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field

from core.items.canonical import DIGEST_BYTES

BUCKETS = 1 << 16

_MASK = (1 << 8 * DIGEST_BYTES) - 1
_ENTRY = struct.Struct(f">HQ{DIGEST_BYTES}s")


def bucket_of(key_digest: bytes) -> int:
    """Which bucket a key belongs to: the digest's first two bytes."""
    return (key_digest[0] << 8) | key_digest[1]


class BucketSums:
    """65,536 counts and sums, about 4 MB."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self._sums = [0] * BUCKETS

    @property
    def items(self) -> int:
        """How many items were added."""
        return sum(self._counts)

    def add(self, key_digest: bytes, digest: bytes) -> None:
        """Add one item."""
        self._add(bucket_of(key_digest), 1, int.from_bytes(digest, "big"))

    def merge(self, other: BucketSums) -> None:
        """Add what another holds."""
        for bucket in other._used():
            self._add(bucket, other._counts[bucket], other._sums[bucket])

    def count(self, bucket: int) -> int:
        """How many items a bucket holds."""
        return self._counts[bucket]

    def differing(self, other: BucketSums) -> list[int]:
        """The buckets in which the two do not hold the same, ascending."""
        return [
            bucket
            for bucket in range(BUCKETS)
            if self._counts[bucket] != other._counts[bucket] or self._sums[bucket] != other._sums[bucket]
        ]

    def to_bytes(self) -> bytes:
        """26 bytes for each bucket in use."""
        return b"".join(
            _ENTRY.pack(bucket, self._counts[bucket], self._sums[bucket].to_bytes(DIGEST_BYTES, "big"))
            for bucket in self._used()
        )

    @classmethod
    def from_bytes(cls, packed: bytes) -> BucketSums:
        """Read `to_bytes`' result."""
        sums = cls()
        for bucket, count, total in _ENTRY.iter_unpack(packed):
            sums._add(bucket, count, int.from_bytes(total, "big"))
        return sums

    def _used(self) -> list[int]:
        return [bucket for bucket, count in enumerate(self._counts) if count]

    def _add(self, bucket: int, count: int, total: int) -> None:
        self._counts[bucket] += count
        self._sums[bucket] = (self._sums[bucket] + total) & _MASK


@dataclass
class Tally:
    """One side's contents: sums, and the plain counts beside them.

    `rows` is what was read, `rejects` the rows among them that should be no items, by reason; `rejects_since` those of
    them that were none when they were loaded; `left_out` those that were left out for another's sake, by the bucket of
    their key; `indexes` the items that have the key attributes of each index.
    """

    sums: BucketSums = field(default_factory=BucketSums)
    rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    rejects_since: int = 0
    left_out: Counter[int] = field(default_factory=Counter)
    indexes: Counter[str] = field(default_factory=Counter)

    def merge(self, other: Tally) -> None:
        """Add what another holds."""
        self.sums.merge(other.sums)
        self.rows += other.rows
        self.rejects.update(other.rejects)
        self.rejects_since += other.rejects_since
        self.left_out.update(other.left_out)
        self.indexes.update(other.indexes)
