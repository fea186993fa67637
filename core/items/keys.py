"""What DynamoDB asks of key attributes; a key that breaks it is a reject, never a shortened or invented key.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, "Partition key length" and
"Sort key length".
"""

from __future__ import annotations

from typing import Any, Callable

from core.items.plan import Key
from core.items.rejects import Reason, RejectedRow
from core.items.size import text_size

MAX_BYTES = {"pk": 2_048, "sk": 1_024}

KeyCheck = Callable[[dict[str, dict[str, Any]]], None]


def key_check(key: Key) -> KeyCheck | None:
    """A function that raises RejectedRow when an item breaks the rules of `key`; None when there is nothing to check.

    Table keys: key_null, key_empty, key_too_long. Index keys may be absent: index_key_empty, index_key_too_long.
    """
    if key.type == "N":
        return _present(key) if key.index is None else None
    return _table_key(key) if key.index is None else _index_key(key)


def _present(key: Key) -> KeyCheck:
    def check(item: dict[str, dict[str, Any]]) -> None:
        if key.name not in item:
            raise RejectedRow(Reason.KEY_NULL, "the table's key is NULL", key.name)

    return check


def _table_key(key: Key) -> KeyCheck:
    name, type_, limit = key.name, key.type, MAX_BYTES[key.role]

    def check(item: dict[str, dict[str, Any]]) -> None:
        value = item.get(name)
        if value is None:
            raise RejectedRow(Reason.KEY_NULL, "the table's key is NULL", name)
        content = value[type_]
        if not content:
            raise RejectedRow(Reason.KEY_EMPTY, "the table's key is empty", name)
        if len(content) * 4 > limit and _bytes(content) > limit:
            raise RejectedRow(Reason.KEY_TOO_LONG, f"the table's {key.role} has over {limit:,} bytes", name)

    return check


def _index_key(key: Key) -> KeyCheck:
    name, type_, limit = key.name, key.type, MAX_BYTES[key.role]

    def check(item: dict[str, dict[str, Any]]) -> None:
        value = item.get(name)
        if value is None:
            return
        content = value[type_]
        if not content:
            raise RejectedRow(Reason.INDEX_KEY_EMPTY, f"the key of index {key.index} is empty", name)
        if len(content) * 4 > limit and _bytes(content) > limit:
            message = f"the {key.role} of index {key.index} has over {limit:,} bytes"
            raise RejectedRow(Reason.INDEX_KEY_TOO_LONG, message, name)

    return check


def _bytes(content: str | bytes) -> int:
    return len(content) if isinstance(content, bytes) else text_size(content)
