from __future__ import annotations

import pytest

from adapters.loader.batches import MAX_BYTES, Batch, Batcher
from core.items.item import ItemConverter
from core.items.plan import Attribute, Column, ItemPlan, Key, Kind
from core.items.rejects import Reason, RejectedRow
from core.items.sources import FromColumn

PLAN = ItemPlan(
    columns=(Column("id", Kind.INTEGER), Column("pk", Kind.TEXT), Column("sk", Kind.TEXT)),
    row_key=(0,),
    row_key_names=("id",),
    attributes=(Attribute("pk", "S", FromColumn(1)), Attribute("sk", "N", FromColumn(2))),
    keys=(Key("pk", "S", "pk"), Key("sk", "N", "sk"), Key("sk", "N", "pk", "BySk")),
)
CONVERTER = ItemConverter(PLAN)


def batches(rows: list[tuple[str, str, str]], size: int | None = None) -> list[Batch]:
    batcher = Batcher(PLAN, CONVERTER.row_key)
    found = []
    for row in rows:
        item, its_size = CONVERTER.convert_sized(row)
        found.append(batcher.add(item, row, its_size if size is None else size))
    found.append(batcher.rest())
    return [batch for batch in found if batch is not None]


def test_a_batch_has_at_most_25_items_in_their_order() -> None:
    rows = [(str(n), "p", str(n)) for n in range(60)]
    found = batches(rows)
    assert [len(batch.items) for batch in found] == [25, 25, 10]
    assert [row for batch in found for row in batch.rows] == rows


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES // 2 + 1, MAX_BYTES // 3])
def test_a_batch_stays_below_its_bytes(size: int) -> None:
    found = batches([(str(n), "p", str(n)) for n in range(10)], size=size)
    assert sum(len(batch.items) for batch in found) == 10
    assert all(batch.bytes <= MAX_BYTES for batch in found)
    assert all(batch.bytes == size * len(batch.items) for batch in found)


def test_two_rows_with_one_key_in_a_batch_are_named() -> None:
    with pytest.raises(RejectedRow, match="the source row id=1 has") as collision:
        batches([("1", "p", "1"), ("2", "p", "2"), ("3", "p", "1.0")])
    assert collision.value.reason == Reason.KEY_COLLISION


def test_keys_that_only_a_collation_calls_equal_are_different() -> None:
    (batch,) = batches([("1", "abc", "1"), ("2", "ABC", "1"), ("3", "abc ", "1"), ("4", "abc", "2")])
    assert len(batch.items) == 4


def test_only_the_keys_of_one_batch_are_remembered() -> None:
    """Collisions between batches are found by the preflight; here memory must not grow with the table."""
    found = batches([*((str(n), "p", str(n)) for n in range(25)), ("25", "p", "0")])
    assert [len(batch.items) for batch in found] == [25, 1]


def test_nothing_is_no_batch() -> None:
    assert batches([]) == []
