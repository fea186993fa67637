"""What a run is asked to do: the `--name value` arguments of a Glue Python shell job."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from core.items.control import MARK

from adapters.loader.errors import ArgumentsError

MAX_WRITERS = 64


@dataclass(frozen=True)
class Arguments:
    """One run's arguments; exactly one of `secret_arn` and `connection_name` is set.

    `keep_existing`: an item that the table holds is never overwritten by another. `collisions`: the S3 key of what a
    preflight found to share keys, which a load leaves out. A preflight is told whether keys are proved to be distinct,
    and which of several rows with one key is chosen: none, first or last; `survey` is the id of what it goes on with,
    "" for its run token. `claims`: a repair may write rejected rows over the items that hold their keys. `mark`: the
    name under which a run that is asked to end says so.
    """

    plan_bucket: str
    plan_key: str
    run_token: str
    task: str = "load"
    secret_arn: str | None = None
    connection_name: str | None = None
    writers: int = 4
    first_chunk: int | None = None
    last_chunk: int | None = None
    validation: str = ""
    delete_extra: bool = False
    keep_existing: bool = False
    collisions: str = ""
    distinct_keys: bool = False
    on_collision: str = "none"
    survey: str = ""
    claims: bool = True
    mark: str = ""

    def includes(self, chunk: int) -> bool:
        """Whether this run is to load the chunk; both ends of `--chunks` are included."""
        return (self.first_chunk is None or chunk >= self.first_chunk) and (
            self.last_chunk is None or chunk <= self.last_chunk
        )


def parse(argv: Sequence[str]) -> Arguments:
    """Read the arguments; those that Glue adds of its own are ignored.

    --plan s3://bucket/key, --secret-arn ARN or --connection-name NAME, --run-token TEXT, --task NAME (load),
    --writers 1 to 64 (4), --chunks FIRST-LAST (all), --validation ID, --delete-extra true or false (false),
    --existing overwrite or keep (overwrite), --collisions KEY,
    --distinct-keys true or false (false), --on-collision none, first or last (none), --survey ID,
    --claims true or false (true), --mark NAME.

    Raises ArgumentsError.
    """
    given, _ = _parser().parse_known_args(list(argv))
    if (given.secret_arn is None) == (given.connection_name is None):
        raise ArgumentsError("give either --secret-arn or --connection-name")
    if not 1 <= given.writers <= MAX_WRITERS:
        raise ArgumentsError(f"--writers must be 1 to {MAX_WRITERS}")
    bucket, key = _s3_address(given.plan)
    first, last = _chunk_range(given.chunks)
    return Arguments(
        plan_bucket=bucket,
        plan_key=key,
        run_token=given.run_token,
        task=given.task,
        secret_arn=given.secret_arn,
        connection_name=given.connection_name,
        writers=given.writers,
        first_chunk=first,
        last_chunk=last,
        validation=given.validation,
        delete_extra=given.delete_extra == "true",
        keep_existing=given.existing == "keep",
        collisions=given.collisions,
        distinct_keys=given.distinct_keys == "true",
        on_collision=given.on_collision,
        survey=given.survey,
        claims=given.claims == "true",
        mark=given.mark,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ArgumentsError(message)


def _parser() -> argparse.ArgumentParser:
    # Without abbreviations, or Glue's own arguments could be taken for the beginnings of ours.
    parser = _Parser(prog="tableferry_load", add_help=False, allow_abbrev=False)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--secret-arn")
    parser.add_argument("--connection-name")
    parser.add_argument("--run-token", required=True)
    parser.add_argument("--task", default="load")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--chunks")
    parser.add_argument("--validation", default="")
    parser.add_argument("--delete-extra", choices=("true", "false"), default="false")
    parser.add_argument("--existing", choices=("overwrite", "keep"), default="overwrite")
    parser.add_argument("--collisions", default="")
    parser.add_argument("--distinct-keys", choices=("true", "false"), default="false")
    parser.add_argument("--on-collision", choices=("none", "first", "last"), default="none")
    parser.add_argument("--survey", default="")
    parser.add_argument("--claims", choices=("true", "false"), default="true")
    parser.add_argument(MARK, default="")
    return parser


def _s3_address(text: str) -> tuple[str, str]:
    bucket, _, key = text[len("s3://") :].partition("/")
    if not text.startswith("s3://") or not bucket or not key:
        raise ArgumentsError("--plan must be s3://bucket/key")
    return bucket, key


def _chunk_range(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    first, dash, last = text.partition("-")
    if not dash or not first.isdigit() or not last.isdigit() or int(first) > int(last):
        raise ArgumentsError("--chunks must be FIRST-LAST, for example 0-99")
    return int(first), int(last)
