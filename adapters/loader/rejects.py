"""The rows of a chunk that cannot become items, as JSON lines in a temporary file: a chunk may hold nothing else."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import IO

from core.items.canonical import key_digest
from core.items.item import ItemConverter
from core.items.plan import Cell, ItemPlan
from core.items.rejects import FOR_ANOTHERS_SAKE, ITEM_KEY, RejectedRow

from adapters.loader.load_rejects import row_name
from adapters.loader.objects import Bucket


class ChunkRejects:
    """A context that collects one chunk's rejects: `{"row", "attribute", "reason", "message", "values"}` a line.

    Rows of a table with several entities have "entity" as well. docs/rejects.md explains each member.
    """

    def __init__(self, converter: ItemConverter, item: ItemPlan) -> None:
        self._converter = converter
        self._item = item
        self._entity = {"entity": item.entity_name} if item.entity_name else {}
        self._keys = item.table_keys()
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._lock = threading.Lock()
        self.by_reason: Counter[str] = Counter()

    def __enter__(self) -> ChunkRejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def count(self) -> int:
        """How many rows so far."""
        return sum(self.by_reason.values())

    def add(self, row: Sequence[Cell], reject: RejectedRow) -> None:
        """Keep a rejected row: its key, the reason, and the beginning of the cells to blame. For any thread."""
        line = {
            **self._entity,
            **row_name(self._converter, self._item, row).members(),
            "attribute": reject.attribute,
            "reason": reject.reason,
            "message": reject.message,
            "values": self._converter.preview(row, self._to_blame(reject)),
            **self._item_key(row, reject),
        }
        written = json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n"
        with self._lock:
            self._file.write(written)
            self.by_reason[reject.reason] += 1

    def _item_key(self, row: Sequence[Cell], reject: RejectedRow) -> dict[str, str]:
        """A row that has another key by now was not left out under that one."""
        if reject.reason not in FOR_ANOTHERS_SAKE:
            return {}
        return {ITEM_KEY: key_digest(self._converter.convert(row), self._keys).hex()}

    def _to_blame(self, reject: RejectedRow) -> Sequence[str] | None:
        if reject.reason in FOR_ANOTHERS_SAKE:
            return self._keys
        return [reject.attribute] if reject.attribute else None

    def store(self, bucket: Bucket, key: str, *, always: bool = False) -> None:
        """Write the lines to `key`; without rejects only over those of an earlier attempt, or `always`."""
        # Emptied rather than deleted: the loader's role needs no right to delete anything.
        if not always and not self.by_reason and key not in bucket.keys(key):
            return
        self._file.seek(0)
        bucket.put(key, self._file, content_type="application/jsonlines")
