"""What should hold a key that rows of the load's rejects share: which row is expected, and which may stay left out.

A row that the load left out for another's sake is so as long as that other is there: another row of the view for a
`key_collision`, another item of the table for a `key_taken`. Which row of several is loaded `--on-collision` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from core.items.collisions import FIRST, LAST
from core.items.rejects import Reason

# What a row's place among others is compared by; None where rows have none, or nobody asked for it.
Order = Optional[tuple[Any, ...]]


@dataclass(frozen=True)
class Member:
    """A row that can be an item: its place, its item's digest, and why the load left it out (None: it did not)."""

    place: int
    digest: bytes
    reason: str | None = None
    order: Order = None


@dataclass(frozen=True)
class Rules:
    """How the table was loaded.

    `choose` is which of several rows with one key was to be loaded: none, first or last. `keeps`: items of others may
    stand in the table, and stay.
    """

    choose: str = "none"
    keeps: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do about the rows of one key, by their places.

    `expect`: this row should be the item (`ceased`: the load left it out for a reason that is gone). `release`: the row
    that is expected so far should not be. `claim`: the item that is there may be replaced by this row's. `contested`:
    who should have the key is decided at the source, or not yet, so a repair leaves it.
    """

    expect: int | None = None
    ceased: str | None = None
    release: bool = False
    claim: int | None = None
    contested: bool = False


@dataclass
class KeyGroup:
    """The rows of one key, added one after the other, so that memory does not grow with them.

    `expected` is the row of it that is expected so far, `actual` the digest of the item that is there. `broken`: a row
    that became a reject since the load has this key, and its item may be the last that is left of it.
    """

    rules: Rules
    expected: Member | None
    actual: bytes | None
    broken: bool = False
    _colliding: int = 0
    _left_out: int = 0
    _equal: Member | None = None
    _equal_left_out: Member | None = None
    _only: Member | None = None
    _taken: bool = False
    _chosen: Member | None = None

    def __post_init__(self) -> None:
        if self.expected is not None:
            self._compare(self.expected)

    def add(self, member: Member) -> None:
        """Take another row of the key."""
        self._compare(member)
        is_there = member.digest == self.actual
        if member.reason is None:
            self._colliding += 1
            self._equal = self._equal or (member if is_there else None)
            return
        self._left_out += 1
        self._only = member
        self._taken = self._taken or member.reason == Reason.KEY_TAKEN
        self._equal_left_out = self._equal_left_out or (member if is_there else None)

    def decide(self) -> Decision:
        """What is to be done, when all rows were added."""
        if self.expected is None:
            return self._of_left_out()
        if self._colliding:
            return self._of_colliding(self.expected)
        if not self._left_out or self._is_right(self.expected):
            return Decision(contested=self.broken)
        return Decision(release=True, contested=True)

    def _of_left_out(self) -> Decision:
        """No row is expected: of one alone the reason must hold, of several one may have been chosen."""
        if self.broken or not self._left_out:
            return Decision(contested=True)
        if self._left_out == 1 and self._only is not None:
            return self._of_one(self._only)
        if self._chosen is not None:
            return self._of_one(self._chosen)
        if self._equal_left_out is None:
            return Decision(contested=True)
        return Decision(expect=self._equal_left_out.place, ceased=self._equal_left_out.reason)

    def _of_one(self, member: Member) -> Decision:
        others_item = self.actual is not None and self.actual != member.digest
        if member.reason == Reason.KEY_TAKEN and others_item:
            return Decision(claim=member.place)
        # What may be an item of others is not expected to be this row's: a retry says that the key is taken.
        return Decision(expect=None if others_item and self.rules.keeps else member.place, ceased=member.reason)

    def _of_colliding(self, expected: Member) -> Decision:
        """Several rows that the load did not leave out; the one that is there is right."""
        if expected.digest != self.actual and self._equal is not None:
            return Decision(expect=self._equal.place, release=True, contested=True)
        return Decision(contested=True)

    def _is_right(self, expected: Member) -> bool:
        """Whether the one row that the load did not leave out is the one that should be there.

        A row that nobody chose may have come since; one that an item kept others off for was that item.
        """
        return expected.digest == self.actual or self._taken or self._chosen is expected

    def _compare(self, member: Member) -> None:
        if self.rules.choose not in (FIRST, LAST) or member.order is None:
            return  # a row without a key is never chosen, and keeps none of the others from it
        if (
            self._chosen is None
            or self._chosen.order is None
            or (
                member.order != self._chosen.order
                and (member.order < self._chosen.order) == (self.rules.choose == FIRST)
            )
        ):
            self._chosen = member
