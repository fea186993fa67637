"""Full validation: every item of the table against every row of the view, value by value in DynamoDB's terms."""

from __future__ import annotations

import resource
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable

import boto3
from botocore.config import Config
from core.items.plan import LoadPlan

from adapters.loader.arguments import Arguments
from adapters.loader.backoff import Backoff
from adapters.loader.control import Control
from adapters.loader.differences import EXTRA, KINDS, TAKEN
from adapters.loader.ends import source_of
from adapters.loader.expected import ExpectedItems
from adapters.loader.first_pass import FirstPass
from adapters.loader.key_group import Rules
from adapters.loader.objects import Bucket
from adapters.loader.progress_report import print_event
from adapters.loader.rows import RowReader
from adapters.loader.scan import TableScan
from adapters.loader.second_pass import Limits, SecondPass
from adapters.loader.sums import Tally
from adapters.loader.validation_store import ValidationStore, now


def validate(arguments: Arguments, plan: LoadPlan, bucket: Bucket) -> None:
    """The task: compare everything, under the id that the arguments give."""
    scan = TableScan(dynamodb_client(arguments.writers), plan.target_table, backoff=Backoff())
    reader = RowReader(source_of(arguments), plan)
    validation = arguments.validation or arguments.run_token
    rules = Rules(arguments.on_collision, arguments.keep_existing)
    FullValidation(plan, reader, scan, bucket, validation, segments=arguments.writers, rules=rules).run()


def dynamodb_client(connections: int) -> Any:
    """A client whose calls are tried once: the scan retries, and botocore must not do it a second time."""
    retries: Any = {"total_max_attempts": 1, "mode": "standard"}
    return boto3.client(
        "dynamodb",
        config=Config(retries=retries, max_pool_connections=connections, connect_timeout=10, read_timeout=60),
    )


@dataclass(frozen=True)
class Pace:
    """How often progress is stored, and how long an index that lags behind its table is waited for; in seconds."""

    keep_seconds: float = 5.0
    index_looks: int = 10
    index_seconds: float = 3.0


class FullValidation:
    """Compares one plan's view with its table; reads only, and leaves its result under its id in S3."""

    def __init__(
        self, plan: LoadPlan, reader: RowReader, scan: TableScan, bucket: Bucket, validation: str, *, segments: int,
        rules: Rules | None = None,
        limits: Limits | None = None, pace: Pace | None = None, control: Control | None = None,
        wait: Callable[[float], Any] = time.sleep,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._reader = reader
        self._scan = scan
        self._bucket = bucket
        self._control = control or Control(bucket, plan)
        self._validation = validation
        self._segments = segments
        self._rules = rules or Rules()
        self._limits = limits or Limits()
        self._pace = pace or Pace()
        self._wait = wait

    def run(self) -> dict[str, Any]:
        """The result: of a run that came to its end earlier, else of what is still to be done."""
        store = ValidationStore(self._bucket, self._plan, self._validation)
        result = store.result()
        if result is None:
            result = self._compare(store)
            store.keep_result(result)
        print_event(event="validated", **{name: result[name] for name in ("compared", *KINDS)})
        return result

    def _compare(self, store: ValidationStore) -> dict[str, Any]:
        began, begun_at = time.monotonic(), store.begun_at()
        expected = ExpectedItems(self._plan, self._reader, self._bucket)
        with closing(self._reader):
            first = FirstPass(
                *(self._plan, expected, self._scan, store, self._control),
                segments=self._segments,
                keep_seconds=self._pace.keep_seconds,
                wait=self._wait,
            )
            source, target = first.run()
            first_seconds = time.monotonic() - began
            second = SecondPass(
                *(self._plan, expected, self._scan, store, self._control),
                segments=self._segments,
                limits=self._limits,
                rules=self._rules,
            )
            looked = second.run(source, target)
        return {
            "validation": self._validation,
            "begun_at": begun_at,
            "finished_at": now(),
            **_counted(source, target, looked.ceased),
            **{kind: looked.counts[kind] for kind in KINDS},
            "compared": target.rows - looked.counts[EXTRA] - looked.counts[TAKEN],
            "repairable": looked.repairable,
            "claims": looked.claims,
            "mismatches": looked.mismatches,
            "rounds": looked.rounds,
            "indexes": self._indexes(expected, source, target, store),
            "seconds": round(time.monotonic() - began, 3),
            "first_pass_seconds": round(first_seconds, 3),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }

    def _indexes(
        self, expected: ExpectedItems, source: Tally, target: Tally, store: ValidationStore
    ) -> list[dict[str, Any]]:
        found = []
        for index in expected.indexes:
            store.say(f"counting index {index}")
            in_index = self._settled_count(index, target.indexes[index])
            expects = {"expected": source.indexes[index], "in_table": target.indexes[index]}
            found.append({"index": index, **expects, "in_index": in_index})
        return found

    def _settled_count(self, index: str, in_table: int) -> int | None:
        """An index follows its table with a delay: one that differs is looked at again before it is believed.

        None, at once, for an index that the table does not have.
        """
        counted = self._scan.count_index(index)
        for _ in range(self._pace.index_looks):
            if counted is None or counted == in_table:
                break
            self._wait(self._pace.index_seconds)
            counted = self._scan.count_index(index)
        return counted


def _counted(source: Tally, target: Tally, ceased: Counter[str]) -> dict[str, Any]:
    rejects = source.rejects - ceased
    return {
        "rows_in_view": source.rows,
        "rejects": sum(rejects.values()),
        "rejects_by_reason": dict(rejects),
        "rejects_since_load": source.rejects_since,
        "items_expected": source.sums.items + sum(ceased.values()),
        "items_in_target": target.rows,
    }
