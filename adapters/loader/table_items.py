"""Single items of the target table, read consistently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from core.items.canonical import item_digest, key_digest
from core.items.item import Item

from adapters.loader.scan import TableScan

_KEYS_PER_CALL = 100  # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html


class TableItems:
    """Items of one table by their keys, whose names are `keys`; `calls` makes the calls of `client`."""

    def __init__(self, client: Any, table: str, keys: Sequence[str], calls: TableScan) -> None:
        self._client = client
        self._table = table
        self._keys = keys
        self._calls = calls

    def find(self, key: Item) -> Item | None:
        """The item of this key, as it is now. Raises what `TableScan` raises."""
        request = {"TableName": self._table, "Key": key, "ConsistentRead": True}
        found: Item | None = self._calls.until_answered(partial(self._client.get_item, **request)).get("Item")
        return found

    def lacks(self, items: Iterable[Item]) -> set[bytes]:
        """The digests of those of the items' keys that the table has no item of."""
        keys = {key_digest(item, self._keys): {name: item[name] for name in self._keys} for item in items}
        missing = set(keys)
        digests = sorted(keys)
        for start in range(0, len(digests), _KEYS_PER_CALL):
            missing -= self._there([keys[digest] for digest in digests[start : start + _KEYS_PER_CALL]])
        return missing

    def _there(self, keys: list[Item]) -> set[bytes]:
        there: set[bytes] = set()
        names = {f"#k{number}": name for number, name in enumerate(self._keys)}
        wanted = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names, "ConsistentRead": True}
        while keys:
            request = {self._table: {"Keys": keys, **wanted}}
            found = self._calls.until_answered(partial(self._client.batch_get_item, RequestItems=request))
            there.update(key_digest(item, self._keys) for item in found["Responses"].get(self._table, ()))
            keys = found.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return there

    def holds(self, item: Item) -> bool:
        """Whether the table has an item that is equal to this one."""
        found = self.find({name: item[name] for name in self._keys})
        return found is not None and item_digest(found) == item_digest(item)
