"""Where a preflight leaves what it found, and in which words: shared by the loader and those who read it."""

from __future__ import annotations

FORMAT = 1
COLLISION_MESSAGE = "several rows have one key and would overwrite each other"


def result_key(prefix: str, token: str) -> str:
    """The S3 key of a preflight's result; it exists only when the preflight is complete."""
    return f"{prefix}preflight/{token}/result.json"


def collisions_key(prefix: str, token: str) -> str:
    """The S3 key of the keys that several rows share (`core.items.collisions`); it exists only if there are any."""
    return f"{prefix}preflight/{token}/collisions"


def progress_key(prefix: str, token: str) -> str:
    """The S3 key of how far a preflight is: JSON with `activity`, `done` and `total` rows."""
    return f"{prefix}preflight/{token}/progress.json"
