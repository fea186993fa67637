"""Puts one batch with BatchWriteItem and returns only when DynamoDB has acknowledged every item of it.

Guarantees:
- Unprocessed items, throttling, server errors and lost connections are retried until they are written.
- An invalid item is never dropped: it stops the load, with the source row's key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own name
from core.items.item import Item
from core.items.plan import Cell

from adapters.loader.backoff import Backoff, Progress
from adapters.loader.batches import Batch, RowKey
from adapters.loader.errors import ItemRefusedError, LoadError, NoProgressError
from adapters.loader.throttles import passing

_TOO_LARGE = 413


@dataclass
class WriteCounts:
    """What was written so far; `seconds` adds up over all writers and may exceed the wall clock.

    `already_there` are those of `items` that the table held already, equal, where writers look before they put.
    """

    items: int = 0
    bytes: int = 0
    capacity_units: float = 0.0
    retries: int = 0
    unprocessed_items: int = 0
    already_there: int = 0
    seconds: float = 0.0


class StoppedError(LoadError):
    """Another writer failed; this one gave up its batch."""


class RefusedError(Exception):
    """DynamoDB calls the request invalid: it will never pass."""


class BatchSender:
    """Sends batches to one table; shared by writers. `client` is a DynamoDB client that does not retry by itself."""

    def __init__(
        self, client: Any, table: str, *, row_key: RowKey, backoff: Backoff, stop: threading.Event | None = None
    ) -> None:
        self._client = client
        self._table = table
        self._row_key = row_key
        self._backoff = backoff
        self._progress = Progress()
        self._lock = threading.Lock()
        self.stop = stop or threading.Event()
        self.counts = WriteCounts()

    def send(self, batch: Batch) -> None:
        """Put the batch. Raises ItemRefusedError, NoProgressError, or botocore's ClientError for what cannot pass."""
        began = time.monotonic()
        try:
            self._until_acknowledged(batch.items)
        except RefusedError:
            self._one_by_one(batch)
        with self._lock:
            self.counts.items += len(batch.items)
            self.counts.bytes += batch.bytes
            self.counts.seconds += time.monotonic() - began

    def _one_by_one(self, batch: Batch) -> None:
        """DynamoDB does not say which item of a batch it refuses; puts are idempotent, so each is asked for itself."""
        for item, row in zip(batch.items, batch.rows):
            try:
                self._until_acknowledged([item])
            except RefusedError as refused:
                raise ItemRefusedError(self._refusal(row, refused)) from refused

    def _refusal(self, row: Sequence[Cell], refused: RefusedError) -> str:
        return f"DynamoDB refused the item of source row {self._row_key(row)} for table {self._table}: {refused}"

    def _until_acknowledged(self, items: Sequence[Item]) -> None:
        began = time.monotonic()
        requests: list[Any] = [{"PutRequest": {"Item": item}} for item in items]
        attempt = 0
        while True:
            unprocessed, reason = self._put(requests)
            if len(unprocessed) < len(requests):
                self._progress.mark()
            else:
                attempt += 1
            if not unprocessed:
                return
            requests = unprocessed
            self._wait(attempt, began, reason)

    def _put(self, requests: list[Any]) -> tuple[list[Any], str]:
        """What is still to be written, and why."""
        try:
            response = self._client.batch_write_item(
                RequestItems={self._table: requests}, ReturnConsumedCapacity="TOTAL"
            )
        except ClientError as error:
            return requests, require_passing(error)
        except (ConnectionError, HTTPClientError) as error:
            return requests, str(error)
        unprocessed = response.get("UnprocessedItems", {}).get(self._table, [])
        with self._lock:
            self.counts.capacity_units += sum(c.get("CapacityUnits", 0.0) for c in response.get("ConsumedCapacity", []))
            self.counts.unprocessed_items += len(unprocessed)
        return unprocessed, f"{len(unprocessed)} unprocessed items"

    def _wait(self, attempt: int, began: float, reason: str) -> None:
        idle = self._progress.idle_seconds(began)
        if idle > self._backoff.deadline_seconds:
            raise NoProgressError(
                f"table {self._table} acknowledged no item for {idle:.0f} seconds ({reason}); "
                "see whether it is throttled or its capacity is used up, then run the load again"
            )
        with self._lock:
            self.counts.retries += 1
        if self.stop.wait(self._backoff.delay(attempt)):
            raise StoppedError("another writer failed")


def require_passing(error: ClientError) -> str:
    """Why it may pass later. Raises RefusedError for an invalid request, and the error itself for all else."""
    reason = passing(error)
    if reason:
        return reason
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ValidationException" or status == _TOO_LARGE:
        raise RefusedError(error.response.get("Error", {}).get("Message", code)) from error
    raise error
