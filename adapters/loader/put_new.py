"""Puts items one by one, each only where its key is still free: what somebody else wrote is never overwritten.

Guarantees:
- A key that holds an equal item counts as written: an earlier attempt's put, or one whose answer was lost.
- A key that holds another item stays as it is, and the row becomes a reject that names the key.
- Throttling, server errors and lost connections are retried as for batches.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Callable

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own name
from core.items.canonical import item_digest
from core.items.item import Item
from core.items.plan import Cell
from core.items.rejects import Reason, RejectedRow
from core.items.size import item_size

from adapters.loader.backoff import Backoff
from adapters.loader.batches import Batch, RowKey
from adapters.loader.errors import ItemRefusedError
from adapters.loader.sender import BatchSender, RefusedError, require_passing

OnReject = Callable[[Sequence[Cell], RejectedRow], None]

# A put waits for its answer alone, where a batch carries 25: the same throughput takes more threads.
WRITERS_FACTOR = 4


class NewItemSender(BatchSender):
    """Sends batches item by item; shared by writers. Rows whose key is taken go to `on_taken`, from any thread.

    `keys` are the names of the table's own key attributes.
    """

    def __init__(
        self, client: Any, table: str, *, keys: Sequence[str], on_taken: OnReject, row_key: RowKey, backoff: Backoff
    ) -> None:
        super().__init__(client, table, row_key=row_key, backoff=backoff)
        self._keys = keys
        self._on_taken = on_taken
        # Glue's own boto3 is of 2022 and does not know it; then the item that is there is read for itself.
        members = client.meta.service_model.operation_model("PutItem").input_shape.members
        asked = "ReturnValuesOnConditionCheckFailure"
        self._return_old = {asked: "ALL_OLD"} if asked in members else {}

    def send(self, batch: Batch) -> None:
        """Put the items. Raises ItemRefusedError, NoProgressError, or botocore's ClientError for what cannot pass."""
        began = time.monotonic()
        for item, row in zip(batch.items, batch.rows):
            try:
                self._put_new(item, row)
            except RefusedError as refused:
                raise ItemRefusedError(self._refusal(row, refused)) from refused
        with self._lock:
            self.counts.seconds += time.monotonic() - began

    def _put_new(self, item: Item, row: Sequence[Cell]) -> None:
        began, attempt = time.monotonic(), 0
        while True:
            done, reason = self._tried(item, row)
            if done:
                self._progress.mark()
                return
            attempt += 1
            self._wait(attempt, began, reason)

    def _tried(self, item: Item, row: Sequence[Cell]) -> tuple[bool, str]:
        """Whether the row is accounted for; else why the same may work later."""
        try:
            return self._put_or_compare(item, row)
        except ClientError as error:
            return False, require_passing(error)
        except (ConnectionError, HTTPClientError) as error:
            return False, str(error)

    def _put_or_compare(self, item: Item, row: Sequence[Cell]) -> tuple[bool, str]:
        try:
            answer = self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": self._keys[0]},
                ReturnConsumedCapacity="TOTAL",
                **self._return_old,
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            old: Any = error.response.get("Item")
            return self._compared(item, row, old or self._found(item))
        self._count(item, answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0), there=False)
        return True, ""

    def _compared(self, item: Item, row: Sequence[Cell], there: Item | None) -> tuple[bool, str]:
        if there is None:
            return False, "the item that held the key was deleted just now"
        if item_digest(there) == item_digest(item):
            self._count(item, 0.0, there=True)
        else:
            self._on_taken(row, key_taken(item, self._keys))
        return True, ""

    def _found(self, item: Item) -> Item | None:
        key = {name: item[name] for name in self._keys}
        found: Item | None = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return found

    def _count(self, item: Item, capacity_units: float, *, there: bool) -> None:
        with self._lock:
            self.counts.items += 1
            self.counts.already_there += there
            self.counts.bytes += item_size(item)
            self.counts.capacity_units += capacity_units


def key_taken(item: Item, keys: Sequence[str]) -> RejectedRow:
    """The reject of a row whose key holds another item."""
    shown = ", ".join(f"{name}={_shown(item[name])}" for name in keys)
    return RejectedRow(Reason.KEY_TAKEN, f"the table holds another item of the key {shown}", keys[0])


def _shown(value: Any) -> str:
    ((_, content),) = value.items()
    return "0x" + content.hex() if isinstance(content, bytes) else str(content)
