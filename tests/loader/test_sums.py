"""Bucket sums: equal contents in any order are equal, all else is not, and nothing is lost on the way to S3."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from adapters.loader.second_pass import rounds_of
from adapters.loader.sums import BUCKETS, BucketSums, Tally, bucket_of

DIGESTS = st.binary(min_size=16, max_size=16)
ITEMS = st.lists(st.tuples(DIGESTS, DIGESTS | st.sampled_from([b"\x00" * 16, b"\xff" * 16])), max_size=30)


def sums_of(items: list[tuple[bytes, bytes]]) -> BucketSums:
    sums = BucketSums()
    for key, digest in items:
        sums.add(key, digest)
    return sums


@given(ITEMS, st.integers(0, 30), st.randoms(use_true_random=False))
def test_order_and_parts_do_not_matter(items: list[tuple[bytes, bytes]], cut: int, chance: random.Random) -> None:
    shuffled = items.copy()
    chance.shuffle(shuffled)
    parts = sums_of(shuffled[:cut])
    parts.merge(BucketSums.from_bytes(sums_of(shuffled[cut:]).to_bytes()))
    assert sums_of(items).differing(parts) == []
    assert parts.items == len(items)


@given(ITEMS, ITEMS)
def test_what_differs_is_in_the_buckets_that_differ(
    left: list[tuple[bytes, bytes]], right: list[tuple[bytes, bytes]]
) -> None:
    differ = {bucket_of(key) for key, _ in (Counter(left) - Counter(right)) + (Counter(right) - Counter(left))}
    found = sums_of(left).differing(sums_of(right))
    assert found == sorted(found)
    assert differ == set(found)
    assert all(0 <= bucket < BUCKETS for bucket in found)


def test_rounds_hold_what_there_is_room_for() -> None:
    source, target = Tally(), Tally()
    for bucket, (rows, items) in {1: (3, 0), 2: (1, 1), 3: (0, 9), 4: (2, 2), 5: (2, 1)}.items():
        for tally, count in ((source, rows), (target, items)):
            for n in range(count):
                tally.sums.add(bucket.to_bytes(2, "big") + b"k" * 14, bytes([n]) * 16 if bucket != 2 else b"=" * 16)
    assert rounds_of(source, target, 4) == [[1], [3], [5]]
    assert rounds_of(source, target, 100) == [[1, 3, 5]]
