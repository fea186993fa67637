"""The second pass of a full validation: the buckets that differ, and those of rows that were left out, item by item.

Guarantees:
- The counts of all kinds of differences are exact, and every one of them is listed in S3.
- There are as many rounds as the room of one asks for.
- A run that is killed goes on after the last finished round.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from core.items.canonical import item_digest, key_digest
from core.items.item import Item, shown_cell
from core.items.plan import Chunk, LoadPlan

from adapters.loader.control import Control
from adapters.loader.differences import BROKEN, EXTRA, REJECTED, TAKEN, Differences, Finding
from adapters.loader.expected import ExpectedItems
from adapters.loader.key_group import Rules
from adapters.loader.outages import with_source
from adapters.loader.plain_json import cells_of
from adapters.loader.rows import Row
from adapters.loader.scan import TableScan
from adapters.loader.sender import StoppedError
from adapters.loader.sums import Tally, bucket_of
from adapters.loader.together import together
from adapters.loader.validation_store import ValidationStore


@dataclass(frozen=True)
class Limits:
    """How much one round may hold: items of either side, bytes of their contents; and how many mismatches are shown."""

    items: int = 1_000_000
    content_bytes: int = 500_000_000
    shown: int = 100


@dataclass
class SecondLook:
    """What a second pass found: items of each kind, and the first differences with their values, in so many rounds.

    `repairable` is how many missing and differing ones a repair may write, `claims` how many taken ones; `ceased` are
    the rows left out for a reason that is gone, by reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    ceased: Counter[str] = field(default_factory=Counter)
    mismatches: list[dict[str, Any]] = field(default_factory=list)
    repairable: int = 0
    claims: int = 0
    rounds: int = 0


class SecondPass:
    """Looks again at the buckets of one plan that differ."""

    def __init__(
        self, plan: LoadPlan, expected: ExpectedItems, scan: TableScan, store: ValidationStore, control: Control, *,
        segments: int, limits: Limits, rules: Rules,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._expected = expected
        self._scan = scan
        self._store = store
        self._control = control
        self._segments = segments
        self._limits = limits
        self._rules = rules

    def run(self, source: Tally, target: Tally) -> SecondLook:
        """What is found in the buckets in which these two differ, or rows were left out."""
        looked = SecondLook()
        for number, buckets in enumerate(rounds_of(source, target, self._limits.items)):
            found = self._store.round(number, buckets) or self._round(number, buckets)
            looked.counts.update(found["counts"])
            looked.ceased.update(found.get("ceased", {}))  # an earlier version did not look
            looked.repairable += found.get("repairable", 0)
            looked.claims += found.get("claims", 0)
            looked.mismatches = first_shown([*looked.mismatches, *found["mismatches"]], self._limits.shown)
            looked.rounds += 1
        return looked

    def _round(self, number: int, buckets: Sequence[int]) -> dict[str, Any]:
        wanted = frozenset(buckets)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "differences.db"
            order_of, room = self._expected.order_of, self._limits.content_bytes
            with closing(Differences(path, content_bytes=room, rules=self._rules, order_of=order_of)) as found:
                together(
                    self._scan.stop,
                    partial(self._read_source, found, wanted),
                    [partial(self._read_segment, found, wanted, segment) for segment in range(self._segments)],
                )
                return self._keep(number, buckets, found)

    def _read_source(self, found: Differences, wanted: frozenset[int]) -> None:
        rows = 0
        for chunk in self._plan.chunks:
            self._control.go_on()
            rows += with_source(partial(self._read_chunk, found, wanted, chunk))
            self._store.say("looking at what differs", rows, sum(c.rows for c in self._plan.chunks) or None)

    def _read_chunk(self, found: Differences, wanted: frozenset[int], chunk: Chunk) -> int:
        if self._scan.stop.is_set():
            raise StoppedError("a reader of the table failed")
        found.forget_chunk(chunk)
        counts = Tally()

        def claim(row: Row, since: bool) -> None:
            # A row that was a reject already may have been an item before: an attempt that died may have written it.
            key = self._expected.converter(chunk).key_of(row)
            if key is None:
                if since:
                    found.lose_key()
            elif bucket_of(id_ := key_digest(key, self._expected.keys)) in wanted:
                found.claim(self._expected.row_at(chunk, row), id_, key, BROKEN if since else REJECTED)

        for row, item, id_, left_out in self._expected.items(chunk, counts=counts, on_reject=claim):
            if bucket_of(id_) in wanted:
                found.expect(self._expected.row_at(chunk, row), id_, self._key(item), item, left_out)
        return counts.rows

    def _read_segment(self, found: Differences, wanted: frozenset[int], segment: int) -> None:
        for page in self._scan.pages(segment, self._segments):
            self._control.go_on()
            for item in page.items:
                id_ = key_digest(item, self._expected.keys)
                if bucket_of(id_) in wanted:
                    found.find(id_, item_digest(item), self._key(item), item)

    def _key(self, item: Item) -> Item:
        return {name: item[name] for name in self._expected.keys}

    def _keep(self, number: int, buckets: Sequence[int], found: Differences) -> dict[str, Any]:
        ceased = found.settle()
        counts: Counter[str] = Counter()
        mismatches: list[dict[str, Any]] = []
        repairable = claims = 0
        with tempfile.TemporaryFile() as lines:
            for finding in found.findings():
                if counts[finding.kind] < self._limits.shown:
                    mismatches += finding.mismatches(self._row(finding))
                counts[finding.kind] += 1
                repairable += finding.repairable and finding.kind != TAKEN
                claims += finding.repairable and finding.kind == TAKEN
                lines.write(finding.line())
            lines.seek(0)
            shown = first_shown(mismatches, self._limits.shown)
            written = {"repairable": repairable, "claims": claims}
            found_here: dict[str, Any] = {"counts": counts, "ceased": ceased, **written}
            result = {"buckets": list(buckets), **found_here, "mismatches": shown}
            self._store.keep_round(number, lines, result)
        return result

    def _row(self, finding: Finding) -> dict[str, Any] | None:
        """What identifies the source row, as rejects name it."""
        if finding.chunk is None or finding.cells is None:
            return None
        item = self._plan.items[next(c.item for c in self._plan.chunks if c.number == finding.chunk)]
        cells = cells_of(finding.cells)
        return {name: shown_cell(cell) for name, cell in zip(item.row_key_names, cells)}


def first_shown(mismatches: Sequence[dict[str, Any]], shown: int) -> list[dict[str, Any]]:
    """The first of them; before the items of others, which may be many and no fault, what rows lack."""
    of_others = (EXTRA, TAKEN)
    return sorted(mismatches, key=lambda mismatch: mismatch["kind"] in of_others)[:shown]


def rounds_of(source: Tally, target: Tally, items: int) -> list[list[int]]:
    """The buckets to look at in groups of at most `items` items of either side; a single bucket may hold more."""
    rounds: list[list[int]] = []
    room = 0
    for bucket in sorted({*source.sums.differing(target.sums), *source.left_out}):
        size = max(source.sums.count(bucket) + source.left_out[bucket], target.sums.count(bucket))
        if not rounds or size > room:
            rounds.append([])
            room = items
        rounds[-1].append(bucket)
        room -= size
    return rounds
