"""Reads a whole table: parallel segments, consistent, page by page, until DynamoDB answered every one of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own name
from core.items.item import Item

from adapters.loader.backoff import Backoff, Progress
from adapters.loader.errors import NoProgressError
from adapters.loader.sender import StoppedError
from adapters.loader.throttles import passing


@dataclass(frozen=True)
class Page:
    """Some items, and the key to go on after; None when the segment has no more."""

    items: list[Item]
    next_key: Item | None


class TableScan:
    """Reads one table; shared by threads. `client` is a DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, *, backoff: Backoff, stop: threading.Event | None = None) -> None:
        self._client = client
        self._table = table
        self._backoff = backoff
        self._progress = Progress()
        self.stop = stop or threading.Event()

    def pages(self, segment: int, segments: int, after: Item | None = None) -> Iterator[Page]:
        """The pages of one of `segments` segments, from the key `after` on.

        Raises NoProgressError, StoppedError, or botocore's ClientError for what cannot pass.
        """
        more = True
        while more:
            found = self._page(TotalSegments=segments, Segment=segment, ConsistentRead=True, **_start(after))
            after = found.get("LastEvaluatedKey")
            more = bool(after)
            yield Page(found["Items"], after or None)

    def count_index(self, index: str) -> int | None:
        """How many items an index holds by an eventually consistent read; None: there is no such index."""
        try:
            return self._count_index(index)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ValidationException":
                return None
            raise

    def _count_index(self, index: str) -> int:
        counted, after, more = 0, None, True
        while more:
            found = self._page(IndexName=index, Select="COUNT", **_start(after))
            counted += found["Count"]
            after = found.get("LastEvaluatedKey")
            more = bool(after)
        return counted

    def _page(self, **request: Any) -> Any:
        return self.until_answered(lambda: self._client.scan(TableName=self._table, **request))

    def until_answered(self, call: Callable[[], Any]) -> Any:
        """Call again until it is neither throttled nor lost; reads and conditional deletes may be repeated."""
        began, attempt = time.monotonic(), 0
        while True:
            try:
                answer = call()
            except ClientError as error:
                reason = passing(error)
                if not reason:
                    raise
            except (ConnectionError, HTTPClientError) as error:
                reason = str(error)
            else:
                self._progress.mark()
                return answer
            attempt += 1
            self._wait(attempt, began, reason)

    def _wait(self, attempt: int, began: float, reason: str) -> None:
        idle = self._progress.idle_seconds(began)
        if idle > self._backoff.deadline_seconds:
            raise NoProgressError(
                f"table {self._table} answered nothing for {idle:.0f} seconds ({reason}); "
                "see whether it is throttled or its capacity is used up, then go on"
            )
        if self.stop.wait(self._backoff.delay(attempt)):
            raise StoppedError("another reader failed")


def _start(after: Item | None) -> dict[str, Any]:
    return {} if after is None else {"ExclusiveStartKey": after}
