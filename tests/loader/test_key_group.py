"""Who should have a key that several rows have: every small group, by the rules that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from adapters.loader.key_group import Decision, KeyGroup, Member, Rules

REASONS = (None, "key_collision", "key_taken")
DIGESTS = (b"a", b"b")


def members(count: int) -> Iterator[list[Member]]:
    """Every way in which so many rows can be, in the order of their keys."""
    for kinds in product(product(REASONS, DIGESTS), repeat=count):
        yield [Member(n, digest, reason, (0, n)) for n, (reason, digest) in enumerate(kinds)]


def groups() -> Iterator[tuple[str, Member | None, list[Member], bytes | None, bool]]:
    """Policy, expected row, other rows, digest of the item that is there, and whether a row of the key broke."""
    for count, choose, actual, broken in product((0, 1, 2, 3), ("none", "first", "last"), (None, b"a", b"z"), (0, 1)):
        for rows in members(count):
            first = next((row for row in rows if row.reason is None), None)
            yield choose, first, [row for row in rows if row is not first], actual, bool(broken)


def decided(choose: str, expected: Member | None, others: list[Member], actual: bytes | None, broken: bool) -> Decision:
    group = KeyGroup(Rules(choose), expected, actual, broken)
    for row in others:
        group.add(row)
    return group.decide()


def test_every_group_is_decided_by_the_rules() -> None:
    seen = 0
    for choose, expected, others, actual, broken in groups():
        rows = [*([] if expected is None else [expected]), *others]
        by_place = {row.place: row for row in rows}
        decision = decided(choose, expected, others, actual, broken)
        case = f"{choose} {expected} {others} {actual!r} broken={broken}: {decision}"
        seen += 1
        assert decision.expect is None or decision.claim is None, case
        assert decision.expect is None or expected is None or decision.release, case
        if decision.ceased is not None:
            assert by_place[decision.expect or 0].reason == decision.ceased, case
        if broken:
            assert (decision.ceased, decision.claim) == (None, None), case
            assert decision.contested, case
        if expected is not None and expected.digest == actual:
            assert not decision.release, case
        if choose == "none" and len(rows) > 1 and expected is None and all(row.digest != actual for row in rows):
            assert (decision.expect, decision.claim) == (None, None), case
        if len([row for row in rows if row.reason is None]) > 1:
            assert decision.contested, case
    assert seen > 4_000


@pytest.mark.parametrize(("choose", "chosen"), [("first", 0), ("last", 2)])
def test_of_rows_that_were_left_out_the_one_that_is_to_be_chosen_is_expected(choose: str, chosen: int) -> None:
    for rows in members(3):
        if any(row.reason is None for row in rows):
            continue
        for actual in (None, b"a", b"z"):
            decision = decided(choose, None, rows, actual, broken=False)
            held = rows[chosen].reason == "key_taken" and actual not in (None, rows[chosen].digest)
            assert (decision.claim if held else decision.expect) == chosen


def test_a_row_alone_is_left_out_only_for_an_item_of_another() -> None:
    for (row,), actual in product(members(1), (None, b"a", b"z")):
        if row.reason is not None:
            stays = row.reason == "key_taken" and actual not in (None, row.digest)
            decision = decided("none", None, [row], actual, broken=False)
            assert decision == (Decision(claim=0) if stays else Decision(expect=0, ceased=row.reason))


def test_beside_items_of_others_none_is_expected_in_an_items_place() -> None:
    """What is there may be theirs: the row's reject is over, and a retry says that its key is taken."""
    group = KeyGroup(Rules("first", keeps=True), None, b"z")
    for row in (Member(0, b"a", "key_collision", (0, 0)), Member(1, b"a", "key_collision", (0, 1))):
        group.add(row)
    assert group.decide() == Decision(ceased="key_collision")
