"""The two ends of a run: the server that it reads, and the writers of the table that it fills."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from core.items.item import ItemConverter
from core.items.plan import LoadPlan

from adapters.loader.arguments import MAX_WRITERS, Arguments
from adapters.loader.backoff import Backoff
from adapters.loader.chunks import NewWriter
from adapters.loader.credentials import Source, source_from_connection, source_from_secret
from adapters.loader.put_new import WRITERS_FACTOR, NewItemSender, OnReject
from adapters.loader.sender import BatchSender
from adapters.loader.writer import BatchWriter


def source_of(arguments: Arguments) -> Source:
    """The server and the account that the arguments name."""
    secrets = boto3.client("secretsmanager")
    if arguments.secret_arn is not None:
        return source_from_secret(secrets, arguments.secret_arn)
    return source_from_connection(boto3.client("glue"), secrets, str(arguments.connection_name))


def writer_factory(plan: LoadPlan, arguments: Arguments, *, keep_existing: bool | None = None) -> NewWriter:
    """What makes the writer of each chunk; `keep_existing` goes before the argument of that name."""
    keeps = arguments.keep_existing if keep_existing is None else keep_existing
    writers = min(MAX_WRITERS, arguments.writers * WRITERS_FACTOR) if keeps else arguments.writers
    client = _dynamodb(writers)
    keys = [key.name for key in plan.item.keys if key.index is None]

    def new_writer(converter: ItemConverter, on_reject: OnReject) -> BatchWriter:
        row_key, backoff = converter.row_key, Backoff()
        if keeps:
            sender: BatchSender = NewItemSender(
                client, plan.target_table, keys=keys, on_taken=on_reject, row_key=row_key, backoff=backoff
            )
        else:
            sender = BatchSender(client, plan.target_table, row_key=row_key, backoff=backoff)
        return BatchWriter(sender, writers=writers)

    return new_writer


def _dynamodb(connections: int) -> Any:
    return boto3.client(
        "dynamodb",
        config=Config(
            # The sender retries, and counts what it retries; botocore must not do it a second time.
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=connections,
            connect_timeout=10,
            read_timeout=60,
            # The converter made these values; checking each again would take a third of the time.
            parameter_validation=False,
        ),
    )
