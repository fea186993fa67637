"""Looks between chunks whether this run is asked to end; what is finished stays finished.

Guarantees:
- A run that was asked to end does so after the chunk it is at, and leaves a sign; what it stored is of whole chunks.
- Looking costs one GET every few seconds, however small the chunks are.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from core.items.control import control_key, stopped_key
from core.items.plan import LoadPlan

from adapters.loader.arguments import Arguments
from adapters.loader.errors import StopRequestedError
from adapters.loader.objects import Bucket

LOOK_SECONDS = 2.0


class Control:
    """What is asked of the runs of one migration; shared by threads."""

    def __init__(self, bucket: Bucket, plan: LoadPlan, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._bucket = bucket
        self._key = control_key(plan.prefix)
        self._look_seconds = look_seconds
        self._lock = threading.Lock()
        self._looked_at: float | None = None

    def go_on(self) -> None:
        """Raises StopRequestedError when this run is asked to end."""
        with self._lock:
            now = time.monotonic()
            if self._looked_at is not None and now - self._looked_at < self._look_seconds:
                return
            self._looked_at = now
        found = self._bucket.find(self._key)
        request = None if found is None else json.loads(found).get("request")
        if request is not None:
            raise StopRequestedError(str(request))


def leave_sign(arguments: Arguments, plan: LoadPlan, bucket: Bucket, request: str) -> None:
    """Say that this run ended because it was asked to; a run that was started without a mark cannot."""
    said: dict[str, Any] = {"request": request, "task": arguments.task, "run_token": arguments.run_token}
    if arguments.mark:
        key = stopped_key(plan.prefix, arguments.mark)
        bucket.put(key, json.dumps(said).encode("utf-8"), content_type="application/json")
