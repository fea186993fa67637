"""Repair: what a full validation found missing or differing is written again from the view as it is now.

Guarantees:
- Only the keys that the validation named are written; rows of the source that are gone or cannot be items are reported.
- Where others' items may stand in the table, an item is only put where its key is free, as the load does it.
- Rows that the load rejected are written like all others, and are rejects no longer.
- A key that several rows should have, or a row that broke since the load, is left as it is.
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
from core.items.item import Item, can_be_asked_for
from core.items.plan import Cell, Chunk, LoadPlan
from core.items.size import item_size

from adapters.loader.accounts import Accounts
from adapters.loader.arguments import Arguments
from adapters.loader.backoff import Backoff
from adapters.loader.batches import Batcher
from adapters.loader.chunks import NewWriter
from adapters.loader.control import Control
from adapters.loader.differences import EXTRA, TAKEN
from adapters.loader.ends import source_of, writer_factory
from adapters.loader.errors import ArgumentsError
from adapters.loader.expected import ExpectedItems
from adapters.loader.load_rejects import RowName, row_name
from adapters.loader.objects import Bucket
from adapters.loader.outages import with_source
from adapters.loader.plain_json import cells_of, item_of, item_text
from adapters.loader.progress_report import ProgressReport, print_event
from adapters.loader.rows import Row, RowReader
from adapters.loader.scan import TableScan
from adapters.loader.table_items import TableItems
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
        new_writer, of = writer_factory(plan, arguments), arguments.validation
        repairing = Repair(plan, reader, client, bucket, of, new_writer, claims=arguments.claims)
        repairing.run(delete_extra=arguments.delete_extra)


@dataclass
class _Chunk:
    """What is to be written again of one chunk: by the digests of keys the rows that should have them.

    `left_out` are those that the load had left out, `cells` the rows' own keys while they are few.
    """

    ids: dict[bytes, Any] = field(default_factory=dict)
    left_out: set[bytes] = field(default_factory=set)
    cells: list[Any] = field(default_factory=list)


class Repair:
    """Repairs the table of one plan; `claims`: also rejected rows whose keys items of no row hold."""

    def __init__(
        self, plan: LoadPlan, reader: RowReader, client: Any, bucket: Bucket, validation: str, new_writer: NewWriter,
        *, claims: bool = True,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._control = Control(bucket, plan)
        self._reader = reader
        self._client = client
        self._bucket = bucket
        self._validation = validation
        self._new_writer = new_writer
        self._claims = claims
        self._prefix = f"{plan.prefix}validation/{validation}/"
        self._calls = TableScan(client, plan.target_table, backoff=Backoff())
        self._expected = ExpectedItems(plan, reader, bucket)
        self._items = TableItems(client, plan.target_table, self._expected.keys, self._calls)
        self._accounts = Accounts(bucket, plan)
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
        # A round's findings are at most as many as its limit of items, without their contents.
        for finding in map(json.loads, self._bucket.lines(key)):
            self._control.go_on()
            item_key = item_of(finding["key"])
            if finding["kind"] == EXTRA:
                done = self._delete(item_key, finding["actual_digest"]) if delete_extra else LEFT
                self._note(actions, done, item_key)
            elif finding.get("repairable") and (self._claims or finding["kind"] != TAKEN):
                of_chunk = wanted.setdefault(finding["chunk"], _Chunk())
                id_ = key_digest(item_key, self._expected.keys)
                of_chunk.ids[id_] = [finding["cells"], finding["content"]]
                if finding["left_out"]:
                    of_chunk.left_out.add(id_)
                if len(of_chunk.cells) <= _ROWS_BY_KEY:
                    of_chunk.cells.append(finding["cells"])
            else:
                self._note(actions, LEFT, item_key)
        for chunk in self._plan.chunks:
            if chunk.number in wanted:
                self._control.go_on()
                self._write_chunk(chunk, wanted[chunk.number], actions)

    def _write_chunk(self, chunk: Chunk, wanted: _Chunk, actions: IO[bytes]) -> None:
        found = with_source(partial(self._write, chunk, wanted))
        # By its content alone, a row that is an item again cannot be told from an equal one that is a reject.
        names = [
            name
            for id_, (done, _, name) in found.items()
            if done == WRITTEN and (name.content is None or id_ in wanted.left_out)
        ]
        self._accounts.take_off(chunk.number, names)
        for done, key, _ in found.values():
            self._note(actions, done, key)
        self._counts[GONE] += len(wanted.ids) - len(found)

    def _write(self, chunk: Chunk, wanted: _Chunk) -> dict[bytes, tuple[str, Item, RowName]]:
        """What was done about each key, by its digest; what has no row any more is not in it."""
        converter, plan = self._expected.converter(chunk), self._plan.item_of(chunk)
        found: dict[bytes, tuple[str, Item, RowName]] = {}
        taken: list[Sequence[Cell]] = []
        with self._new_writer(converter, lambda row, _: taken.append(row)) as writer:
            batcher = Batcher(self._plan.item_of(chunk), converter.row_key)
            for row, item, id_, _ in self._expected.items(chunk, self._rows(chunk, wanted)):
                if (
                    id_ not in wanted.ids
                    or id_ in found
                    or self._expected.row_at(chunk, row).known_by() != wanted.ids[id_]
                ):
                    continue
                found[id_] = (WRITTEN, self._key(item), row_name(converter, plan, row))
                batch = batcher.add(item, row, item_size(item))
                if batch is not None:
                    writer.put(batch)
            rest = batcher.rest()
            if rest is not None:
                writer.put(rest)
        for kept in taken:
            item = converter.convert(kept)
            found[key_digest(item, self._expected.keys)] = (LEFT, self._key(item), row_name(converter, plan, kept))
        return found

    def _key(self, item: Item) -> Item:
        return {name: item[name] for name in self._expected.keys}

    def _rows(self, chunk: Chunk, wanted: _Chunk) -> Iterator[list[Row]]:
        item = self._plan.item_of(chunk)
        # Only columns that ranges can be cut by can be asked for exactly.
        if item.chunk_columns and item.chunk_columns == item.row_key and len(wanted.cells) <= _ROWS_BY_KEY:
            keys, kinds = [cells_of(cells) for cells in wanted.cells], [item.columns[i].kind for i in item.row_key]
            if all(can_be_asked_for(key, kinds) for key in keys):
                return self._reader.read_rows(chunk, keys)
        return self._reader.read(chunk)

    def _delete(self, key: Item, seen: str) -> str:
        """Delete the item if it still is the one that the validation saw."""
        found = self._items.find(key)
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
            return DELETED if self._items.find(key) is None else CHANGED
        return DELETED

    def _note(self, actions: IO[bytes], done: str, key: Item) -> None:
        self._counts[done] += 1
        line = {"action": done, "key": json.loads(item_text(key))}
        actions.write(json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n")


def _still(item: Item) -> dict[str, Any]:
    """The condition that an item is as it was read, as far as an expression can say it: its first 100 attributes."""
    names = sorted(item)[:_CONDITIONS]
    return {
        "ConditionExpression": " AND ".join(f"#a{n} = :v{n}" for n in range(len(names))),
        "ExpressionAttributeNames": {f"#a{n}": name for n, name in enumerate(names)},
        "ExpressionAttributeValues": {f":v{n}": item[name] for n, name in enumerate(names)},
    }
