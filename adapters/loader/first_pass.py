"""The first pass of a full validation: every row and every item once, summed up in buckets, both sides at a time.

Guarantees:
- Memory does not grow with the table.
- A run that is killed goes on after the last stored chunk and, in each segment, after the last stored page.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, TypeVar

from core.items.canonical import key_digest
from core.items.plan import Chunk, LoadPlan

from adapters.loader.control import Control
from adapters.loader.errors import StopRequestedError
from adapters.loader.expected import ExpectedItems, add_item
from adapters.loader.outages import with_source
from adapters.loader.plain_json import item_of, item_text
from adapters.loader.scan import TableScan
from adapters.loader.sender import StoppedError
from adapters.loader.sums import Tally
from adapters.loader.together import together
from adapters.loader.validation_store import ValidationStore

T = TypeVar("T")

_DONE = "done"
_KEEP_SECONDS = 15.0


@dataclass
class _Due:
    """Says now and then that it is time to store."""

    seconds: float
    last: float = field(default_factory=time.monotonic)

    def now(self) -> bool:
        if time.monotonic() - self.last < self.seconds:
            return False
        self.last = time.monotonic()
        return True


class FirstPass:
    """Sums up the view and the table of one plan."""

    def __init__(
        self, plan: LoadPlan, expected: ExpectedItems, scan: TableScan, store: ValidationStore, control: Control, *,
        segments: int, keep_seconds: float = _KEEP_SECONDS, wait: Callable[[float], Any] = time.sleep,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._expected = expected
        self._scan = scan
        self._store = store
        self._control = control
        self._keep_seconds = keep_seconds
        self._wait = wait
        self._lock = threading.Lock()
        self._source, done = store.side("source")
        self._chunks_done = int(done or 0)
        self._target, positions = store.side("target")
        self._positions: list[Any] = positions or [None] * segments

    def run(self) -> tuple[Tally, Tally]:
        """What the view says that there should be, and what the table holds."""
        due = _Due(self._keep_seconds)
        beside = [partial(self._read_segment, segment, due) for segment in self._unfinished()]
        try:
            together(self._scan.stop, self._read_source, beside)
        except StopRequestedError:
            self._keep()
            raise
        return self._source, self._target

    def _keep(self) -> None:
        """What every thread has now that all are over; a run that goes on begins there."""
        self._store.keep_side("source", self._source, self._chunks_done)
        self._store.keep_side("target", self._target, self._positions)

    def _unfinished(self) -> list[int]:
        return [segment for segment, position in enumerate(self._positions) if position != _DONE]

    def _read_source(self) -> None:
        due = _Due(self._keep_seconds)
        total = sum(chunk.rows for chunk in self._plan.chunks) or None
        for chunk in self._plan.chunks[self._chunks_done :]:
            self._control.go_on()
            self._source.merge(with_source(partial(self._tally, chunk), self._wait))
            self._chunks_done += 1
            if due.now():
                self._store.keep_side("source", self._source, self._chunks_done)
            self._store.say("comparing every item", self._source.rows, total)
        self._store.keep_side("source", self._source, self._chunks_done)

    def _tally(self, chunk: Chunk) -> Tally:
        if self._scan.stop.is_set():
            raise StoppedError("a reader of the table failed")
        return self._expected.tally(chunk)

    def _read_segment(self, segment: int, due: _Due) -> None:
        at = self._positions[segment]
        for page in self._scan.pages(segment, len(self._positions), None if at is None else item_of(at)):
            self._control.go_on()
            part = Tally(rows=len(page.items))
            for item in page.items:
                add_item(part, item, key_digest(item, self._expected.keys), self._expected.indexes)
            with self._lock:
                self._target.merge(part)
                self._positions[segment] = _DONE if page.next_key is None else plain(page.next_key)
                if due.now() or not self._unfinished():
                    self._store.keep_side("target", self._target, self._positions)


def plain(key: Any) -> Any:
    """A key in DynamoDB JSON."""
    return json.loads(item_text(key))
