"""Settings -> adapters: the only place that knows which class stands behind which port."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from adapters.checkpoints import open_store
from adapters.checkpoints.patient import PatientStore
from adapters.dynamodb_target import DynamoDbTarget
from adapters.glue_jobs import GlueJobs
from adapters.mcp_hub import McpHub
from adapters.mcp_servers import sessions
from adapters.mysql_source import MysqlSource
from adapters.s3_objects import S3Objects
from adapters.this_process import is_gone, this_process
from core.checkpoints import CheckpointStore
from core.leases import Holder, Start
from core.options import MigrationOptions
from core.ports import World
from flows.settings import Settings


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def open_world(settings: Settings, options: MigrationOptions) -> AsyncIterator[World]:
    """Start the MCP sessions' hub; the servers themselves start with their first call, and end with the context."""
    environment = {**os.environ, **settings.source_environment()}
    hub = McpHub(
        sessions(environment, settings.directory / "logs", settings.mcp_servers), outages=settings.outage_policy()
    )
    async with hub:
        yield World(
            source=MysqlSource(hub),
            targets=DynamoDbTarget(hub),
            jobs=GlueJobs(hub),
            objects=S3Objects(hub, options.bucket),
            clock=SystemClock(),
            circuits=hub,
        )


def holder(settings: Settings) -> Holder:
    """How a flow of this process takes leases; each flow is an owner of its own."""
    return Holder(this_process(), settings.lease_seconds, is_gone)


def start(settings: Settings, *, beside_unfinished: bool) -> Start:
    """How a flow of this process starts a migration."""
    return Start(this_process(), settings.lease_seconds, is_gone, beside_unfinished)


@asynccontextmanager
async def open_checkpoints(settings: Settings) -> AsyncIterator[CheckpointStore]:
    """The checkpoint store that the settings name; a table that is moved waits for it when it is away."""
    store = await asyncio.to_thread(open_store, settings.store_url)
    waiting = PatientStore(store, settings.outage_policy())
    try:
        yield waiting.as_store()
    finally:
        waiting.close()
        await asyncio.to_thread(store.close)
