"""Where a preflight leaves what it found, and in which words: shared by the loader and those who read it."""

from __future__ import annotations

FORMAT = 1
COLLISION_MESSAGE = "several rows have one key and would overwrite each other"


def result_key(prefix: str, survey: str) -> str:
    """The S3 key of a survey's result; it exists only when the survey is complete."""
    return f"{prefix}preflight/{survey}/result.json"


def collisions_key(prefix: str, survey: str) -> str:
    """The S3 key of the keys that several rows share (`core.items.collisions`); it exists only if there are any."""
    return f"{prefix}preflight/{survey}/collisions"


def progress_key(prefix: str, survey: str) -> str:
    """The S3 key of how far a survey is: JSON with `activity`, `done` and `total` rows."""
    return f"{prefix}preflight/{survey}/progress.json"


def parts_prefix(prefix: str, survey: str) -> str:
    """The S3 prefix of what a survey keeps to go on with after a death."""
    return f"{prefix}preflight/{survey}/parts/"
