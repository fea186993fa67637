"""Repair: what a full validation found missing or differing is written again from the view as it is now.

Guarantees:
- Only the keys that the validation named are written; rows of the source that are gone or cannot be items are reported.
- Where others' items may stand in the table, an item is only put where its key is free, as the load does it.
- Rows that the load rejected are written like all others; retry-rejects, which keeps the accounts, finds them there.
- Nothing is deleted unless asked for, and then only an item that is exactly the one that the validation saw.
- Doing it twice does no harm.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any

from botocore.exceptions import ClientError
from core.items.canonical import item_digest, key_digest
from core.items.item import Item
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.size import item_size

from adapters.loader.arguments import Arguments
from adapters.loader.backoff import Backoff
from adapters.loader.batches import Batcher
from adapters.loader.chunks import NewWriter
from adapters.loader.control import Control
from adapters.loader.differences import COLLIDING, DIFFERING, EXTRA, MISSING, TAKEN
from adapters.loader.ends import source_of, writer_factory
from adapters.loader.errors import ArgumentsError
from adapters.loader.expected import ExpectedItems
from adapters.loader.objects import Bucket
from adapters.loader.outages import with_source
from adapters.loader.plain_json import cells_of, item_of, item_text
from adapters.loader.progress_report import ProgressReport, print_event
from adapters.loader.rows import Row, RowReader
from adapters.loader.scan import TableScan
from adapters.loader.validate import dynamodb_client
from adapters.loader.validation_store import ValidationStore

WRITTEN, GONE, DELETED, CHANGED, LEFT = "written", "gone", "deleted", "changed", "left"
# DynamoDB: an expression has at most 4 KB, and 300 operators.
_CONDITIONS = 100
# Beyond this, reading the whole key range is cheaper than asking for its rows one by one.
_ROWS_BY_KEY = 500


def repair(arguments: Arguments, plan: LoadPlan, bucket: Bucket) -> None:
    """The task: repair what the validation that the arguments name found, and leave `repair.json` beside it."""
    if not arguments.validation:
        raise ArgumentsError("--task repair needs the --validation whose findings it is to repair")
    client = dynamodb_client(arguments.writers)
    with closing(RowReader(source_of(arguments), plan)) as reader:
        Repair(plan, reader, client, bucket, arguments.validation, writer_factory(plan, arguments)).run(
            delete_extra=arguments.delete_extra
        )


@dataclass
class _Chunk:
    """What is to be written again of one chunk: key digests, whether the load left that row out for another's sake,
    and the rows' own keys while they are few.
    """

    ids: dict[bytes, bool] = field(default_factory=dict)
    cells: list[Any] = field(default_factory=list)


class Repair:
    """Repairs the table of one plan."""

    def __init__(
        self, plan: LoadPlan, reader: RowReader, client: Any, bucket: Bucket, validation: str, new_writer: NewWriter
    ) -> None:
        self._plan = plan
        self._control = Control(bucket, plan)
        self._reader = reader
        self._client = client
        self._bucket = bucket
        self._validation = validation
        self._new_writer = new_writer
        self._prefix = f"{plan.prefix}validation/{validation}/"
        self._calls = TableScan(client, plan.target_table, backoff=Backoff())
        self._expected = ExpectedItems(plan, reader, bucket)
        self._counts: Counter[str] = Counter()

    def run(self, *, delete_extra: bool) -> dict[str, Any]:
        """What was done: counts of items written, rows gone, items deleted, changed since, and left alone."""
        store = ValidationStore(self._bucket, self._plan, self._validation)
        if store.result() is None:
            raise ArgumentsError(f"the validation {self._validation} has not come to its end")
        progress = ProgressReport(self._bucket, f"{self._prefix}repair-progress.json")
        with tempfile.TemporaryFile() as actions:
            for key in sorted(self._bucket.keys(f"{self._prefix}findings/")):
                progress.say("repairing", self._counts[WRITTEN] + self._counts[DELETED])
                self._repair_round(key, actions, delete_extra=delete_extra)
            actions.seek(0)
            self._bucket.put(f"{self._prefix}repair.jsonl", actions, content_type="application/jsonlines")
        result = {
            "validation": self._validation,
            **{n: self._counts[n] for n in (WRITTEN, GONE, DELETED, CHANGED, LEFT)},
        }
        self._bucket.put(f"{self._prefix}repair.json", json.dumps(result).encode(), content_type="application/json")
        print_event(event="repaired", **result)
        return result

    def _repair_round(self, key: str, actions: IO[bytes], *, delete_extra: bool) -> None:
        wanted: dict[int, _Chunk] = {}
        # A round's findings are at most as many as its limit of items, without their contents; a key's are all in one.
        contested = self._contested(key)
        for finding in map(json.loads, self._bucket.lines(key)):
            self._control.go_on()
            item_key = item_of(finding["key"])
            if finding["kind"] == EXTRA:
                done = self._delete(item_key, finding["actual_digest"]) if delete_extra else LEFT
                self._note(actions, done, item_key)
            elif (id_ := key_digest(item_key, self._expected.keys)) not in contested and _is_to_be_written(finding):
                of_chunk = wanted.setdefault(finding["chunk"], _Chunk())
                of_chunk.ids[id_] = finding.get("left_out") is not None
                if len(of_chunk.cells) <= _ROWS_BY_KEY:
                    of_chunk.cells.append(finding["cells"])
            else:
                self._note(actions, LEFT, item_key)
        for chunk in self._plan.chunks:
            if chunk.number in wanted:
                self._control.go_on()
                self._write_chunk(chunk, wanted[chunk.number], actions)

    def _contested(self, key: str) -> frozenset[bytes]:
        """The keys that several rows have: which of them is right is not for a repair to say."""
        found = (finding for finding in map(json.loads, self._bucket.lines(key)) if finding["kind"] == COLLIDING)
        return frozenset(key_digest(item_of(finding["key"]), self._expected.keys) for finding in found)

    def _write_chunk(self, chunk: Chunk, wanted: _Chunk, actions: IO[bytes]) -> None:
        found = with_source(partial(self._write, chunk, wanted))
        for done, key in found.values():
            self._note(actions, done, key)
        self._counts[GONE] += len(wanted.ids) - len(found)

    def _write(self, chunk: Chunk, wanted: _Chunk) -> dict[bytes, tuple[str, Item]]:
        """What was done about each key, by its digest; what has no row any more is not in it."""
        converter = self._expected.converter(chunk)
        found: dict[bytes, tuple[str, Item]] = {}
        taken: list[Sequence[Cell]] = []
        with self._new_writer(converter, lambda row, _: taken.append(row)) as writer:
            batcher = Batcher(self._plan.item_of(chunk), converter.row_key)
            for row, item, id_, left_out in self._expected.items(chunk, self._rows(chunk, wanted)):
                is_the_one = id_ in wanted.ids and wanted.ids[id_] == (left_out is not None)
                if not is_the_one or id_ in found:
                    continue
                found[id_] = (WRITTEN, self._key(item))
                batch = batcher.add(item, row, item_size(item))
                if batch is not None:
                    writer.put(batch)
            rest = batcher.rest()
            if rest is not None:
                writer.put(rest)
        for item in map(converter.convert, taken):
            found[key_digest(item, self._expected.keys)] = (LEFT, self._key(item))
        return found

    def _key(self, item: Item) -> Item:
        return {name: item[name] for name in self._expected.keys}

    def _rows(self, chunk: Chunk, wanted: _Chunk) -> Iterator[list[Row]]:
        item = self._plan.item_of(chunk)
        # Only columns that ranges can be cut by can be asked for exactly.
        if item.chunk_columns and item.chunk_columns == item.row_key and len(wanted.cells) <= _ROWS_BY_KEY:
            return self._reader.read_rows(chunk, [cells_of(cells) for cells in wanted.cells])
        return self._reader.read(chunk)

    def _delete(self, key: Item, seen: str) -> str:
        """Delete the item if it still is the one that the validation saw."""
        found = self._there(key)
        if found is None:
            return GONE
        if item_digest(found) != bytes.fromhex(seen):
            return CHANGED
        request = {"TableName": self._plan.target_table, "Key": key, **_still(found)}
        try:
            self._calls.until_answered(partial(self._client.delete_item, **request))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            # An attempt whose answer was lost may have deleted it.
            return DELETED if self._there(key) is None else CHANGED
        return DELETED

    def _there(self, key: Item) -> Item | None:
        request = {"TableName": self._plan.target_table, "Key": key, "ConsistentRead": True}
        found: Item | None = self._calls.until_answered(partial(self._client.get_item, **request)).get("Item")
        return found

    def _note(self, actions: IO[bytes], done: str, key: Item) -> None:
        self._counts[done] += 1
        line = {"action": done, "key": json.loads(item_text(key))}
        actions.write(json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n")


def _is_to_be_written(finding: dict[str, Any]) -> bool:
    """Whether one row alone should have the key."""
    kind = finding["kind"]
    return kind in (MISSING, DIFFERING) or (kind == TAKEN and finding["left_out"] is not None)


def _still(item: Item) -> dict[str, Any]:
    """The condition that an item is as it was read, as far as an expression can say it: its first 100 attributes."""
    names = sorted(item)[:_CONDITIONS]
    return {
        "ConditionExpression": " AND ".join(f"#a{n} = :v{n}" for n in range(len(names))),
        "ExpressionAttributeNames": {f"#a{n}": name for n, name in enumerate(names)},
        "ExpressionAttributeValues": {f":v{n}": item[name] for n, name in enumerate(names)},
    }
