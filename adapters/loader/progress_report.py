"""Tells whoever watches what a run is at: a line of its log, and an object in S3 that the orchestrator reads."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from adapters.loader.objects import Bucket

_PAUSE_SECONDS = 1.0


class ProgressReport:
    """Says how far a run is, under one S3 key; `done` and `total` are rows or items."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._said = ("", 0.0)

    def say(self, activity: str, done: int = 0, total: int | None = None) -> None:
        """Tell it, at most once a second for one activity."""
        last, moment = self._said
        if last == activity and time.monotonic() - moment < _PAUSE_SECONDS:
            return
        self._said = (activity, time.monotonic())
        progress = {"activity": activity, "done": done, "total": total}
        print_event(event="progress", **progress)
        body = json.dumps(progress, sort_keys=True).encode("utf-8")
        self._bucket.put(self._key, body, content_type="application/json")


def print_event(**fields: Any) -> None:
    """One JSON line on standard output, which Glue keeps as the run's log."""
    sys.stdout.write(json.dumps(fields, ensure_ascii=True) + "\n")
    sys.stdout.flush()
