"""The control object: what a migration's job runs are asked, where they can see it."""

from __future__ import annotations

import json

from core.checkpoints import Request
from core.options import MigrationOptions
from core.ports import ObjectStore


async def put_control(objects: ObjectStore, options: MigrationOptions, migration_id: str, request: Request) -> None:
    """Ask the runs to end after the chunk that they are at."""
    body = json.dumps({"request": request.value}).encode()
    await objects.put(_key(options, migration_id), body, "application/json")


async def take_back_control(objects: ObjectStore, options: MigrationOptions, migration_id: str) -> None:
    """Ask nothing of the runs any more."""
    await objects.delete([_key(options, migration_id)])


def _key(options: MigrationOptions, migration_id: str) -> str:
    return f"{options.key_prefix}migrations/{migration_id}/control.json"
