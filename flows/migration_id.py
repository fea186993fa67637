"""The name of a migration."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def new_migration_id() -> str:
    """An id that sorts by time and is safe in S3 keys, Glue job names and paths."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
