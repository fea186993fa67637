"""Keys on disk: what came more than once comes back, whatever was cut again, forgotten or repeated."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.loader import key_spill
from adapters.loader.key_spill import KeySpill
from core.items.collisions import MAX_KEYS, NOBODY, Collisions, row_digest, row_identity, row_order
from core.items.plan import Column, ItemPlan, Kind


def digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def shared(spill: KeySpill) -> dict[bytes, set[bytes]]:
    found: dict[bytes, set[bytes]] = {}
    for records in spill.shared():
        for key, row in records:
            found.setdefault(key, set()).add(row)
    return found


@pytest.mark.parametrize("most", [3, 50, 200_000])
def test_only_keys_that_came_twice_come_back_also_when_files_are_cut_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(key_spill, "MAX_DISTINCT", most)
    spill = KeySpill(tmp_path / "keys")
    for number in range(3_000):
        spill.add(digest(f"k{number % 2_900}"), f"row {number}".encode())
    found = shared(spill)
    assert found == {digest(f"k{n}"): {b"row %d" % n, b"row %d" % (n + 2_900)} for n in range(100)}
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_one_key_of_all_rows_is_counted_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_spill, "MAX_DISTINCT", 1)
    spill = KeySpill(tmp_path / "keys")
    for number in range(1_000):
        spill.add(digest("same"), b"%d" % number)
    assert {key: len(rows) for key, rows in shared(spill).items()} == {digest("same"): 1_000}


def test_what_a_lost_chunk_added_is_forgotten(tmp_path: Path) -> None:
    spill = KeySpill(tmp_path / "keys")
    spill.add(digest("a"), b"1")
    mark = spill.mark()
    spill.add(digest("a"), b"2")
    spill.add(digest("b"), b"x" * 100_000)
    spill.back_to(mark)
    spill.add(digest("b"), b"3")
    spill.add(digest("c"), b"4")
    spill.add(digest("c"), b"5")
    assert shared(spill) == {digest("c"): {b"4", b"5"}}


def test_rows_are_ordered_by_entity_then_numbers_by_value_and_texts_by_bytes() -> None:
    columns = (Column("n", Kind.DECIMAL), Column("t", Kind.TEXT))
    items = [ItemPlan(columns, (0, 1), ("n", "t"), (), ()), ItemPlan(columns, (1,), ("t",), (), ())]
    rows = [
        (0, "-1", "z"),
        (0, "9", "Z"),
        (0, "9.0", "a"),
        (0, "10", ""),
        (0, "10", "é"),
        (0, "10", "😀"),
        (1, "", ""),
        (1, "0", "0"),
    ]
    identities = [
        row_identity(item, dict(zip(items[item].row_key_names, (n, t) if item == 0 else (t,), strict=True)))
        for item, n, t in rows
    ]
    assert sorted(set(identities), key=lambda identity: row_order(items, identity)) == identities


@given(st.dictionaries(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), max_size=50))
def test_shared_keys_come_back_from_their_object(chosen: dict[bytes, bytes]) -> None:
    read = Collisions.from_bytes(b"".join(key + row for key, row in chosen.items()))
    assert len(read) == len(chosen) <= MAX_KEYS
    assert all(key in read and read.chosen(key) == row for key, row in chosen.items())
    assert digest("another") not in read


def test_an_object_that_was_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number"):
        Collisions.from_bytes(b"x" * 33)


def test_no_row_is_taken_for_nobody() -> None:
    assert row_digest(row_identity(0, {"id": "1"})) != NOBODY
