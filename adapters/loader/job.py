"""The load job's main path: read the plan, then load what no earlier run has loaded, or do the task asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Callable

import boto3
from core.items.plan import Chunk, LoadPlan

from adapters.loader.arguments import Arguments, parse
from adapters.loader.chunks import ChunkLoader
from adapters.loader.control import Control, leave_sign
from adapters.loader.ends import source_of, writer_factory
from adapters.loader.errors import ArgumentsError, StopRequestedError
from adapters.loader.key_guard import read_collisions
from adapters.loader.objects import Bucket
from adapters.loader.outages import PATIENT
from adapters.loader.preflight import preflight
from adapters.loader.progress_report import print_event
from adapters.loader.repair import repair
from adapters.loader.results import ChunkResult, Results
from adapters.loader.retry_rejects import retry_rejects
from adapters.loader.rows import RowReader
from adapters.loader.validate import validate


def main(argv: Sequence[str]) -> None:
    """Do the task of this run on the table that a plan in S3 describes; ends early, and well, where it is asked to.

    Raises LoadError, or the error of AWS or the source.
    """
    arguments = parse(argv)
    task = TASKS.get(arguments.task)
    if task is None:
        raise ArgumentsError(f"--task must be one of {', '.join(TASKS)}")
    bucket = Bucket(boto3.client("s3", config=PATIENT), arguments.plan_bucket)
    plan = _plan(bucket, arguments.plan_key)
    try:
        task(arguments, plan, bucket)
    except StopRequestedError as asked:
        leave_sign(arguments, plan, bucket, asked.request)
        print_event(event="stopped", request=asked.request)


def load(arguments: Arguments, plan: LoadPlan, bucket: Bucket) -> None:
    """Load the chunks that no earlier run has finished; prints one JSON line and leaves one result for each.

    After a failure a later run goes on after the last finished chunk.
    """
    wanted = [chunk for chunk in plan.chunks if arguments.includes(chunk.number)]
    finished = Results(bucket, plan).finished(wanted)
    missing = [chunk for chunk in wanted if chunk.number not in finished]
    print_event(event="started", table=plan.target_table, chunks=len(wanted), skipped=len(wanted) - len(missing))
    if missing:
        _load_chunks(arguments, plan, missing, bucket)
    print_event(event="finished", table=plan.target_table, chunks=len(wanted))


Task = Callable[[Arguments, LoadPlan, Bucket], None]
TASKS: dict[str, Task] = {
    "load": load,
    "preflight": preflight,
    "validate": validate,
    "repair": repair,
    "retry-rejects": retry_rejects,
}


def _load_chunks(arguments: Arguments, plan: LoadPlan, chunks: Sequence[Chunk], bucket: Bucket) -> None:
    results, control = Results(bucket, plan), Control(bucket, plan)
    with closing(RowReader(source_of(arguments), plan)) as reader:
        new_writer = writer_factory(plan, arguments)
        collisions = read_collisions(bucket, arguments.collisions)
        loader = ChunkLoader(plan, reader, new_writer, bucket, run_token=arguments.run_token, collisions=collisions)
        for chunk in chunks:
            control.go_on()
            result = loader.load(chunk)
            results.store(result)
            _print_chunk(result)


def _plan(bucket: Bucket, key: str) -> LoadPlan:
    try:
        return LoadPlan.from_json(bucket.text(key))
    except (ValueError, KeyError, TypeError) as error:
        raise ArgumentsError(f"s3 object {key} is no load plan of this loader: {error}") from error


def _print_chunk(result: ChunkResult) -> None:
    print_event(
        event="chunk",
        chunk=result.chunk,
        rows_read=result.rows_read,
        items_written=result.items_written,
        rejects=result.rejects,
        retries=result.retries,
        seconds=result.seconds["total"],
    )
