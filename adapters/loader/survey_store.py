"""What a preflight's run has looked at so far, in S3, so that a run that is killed goes on from there.

Parts are objects under `preflight/<survey>/parts/`: a line of JSON that says how far the survey is and what it found,
then the keys that were added to each file of the spill since the part before. A part is stored whole or not at all.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from core.items.plan import LoadPlan
from core.items.preflight import parts_prefix

from adapters.loader.objects import Bucket

FORMAT = 1
KEEP_SECONDS = 30.0
KEEP_BYTES = 4_000_000  # of keys, which are in memory while they are stored


@dataclass(frozen=True)
class Progress:
    """How far a survey is: chunks and rows that were looked at, and what was found in them; `token` is the run's."""

    chunks: int
    rows: int
    findings: list[dict[str, Any]]
    token: str


@dataclass(frozen=True)
class Part:
    """One stored part: how far the survey was then, and what it had added to each file of keys."""

    progress: Progress
    keys: list[bytes]


class SurveyStore:
    """One survey's parts; those of another definition of the view, or of another way to look, do not count."""

    def __init__(self, bucket: Bucket, plan: LoadPlan, survey: str, *, distinct_keys: bool) -> None:
        self._bucket = bucket
        self._prefix = parts_prefix(plan.prefix, survey)
        self._ours = {
            "format": FORMAT,
            "view_hash": plan.view_hash,
            "distinct_keys": distinct_keys,
            "chunks_planned": len(plan.chunks),
        }
        self._stored = 0
        self._last = time.monotonic()

    def is_due(self, waiting_bytes: int, seconds: float = KEEP_SECONDS) -> bool:
        """Whether it is time to store another part, of about so many bytes."""
        return waiting_bytes >= KEEP_BYTES or time.monotonic() - self._last >= seconds

    def parts(self) -> Iterator[Part]:
        """What earlier runs stored, oldest first."""
        for key in sorted(self._bucket.keys(self._prefix)):
            part = self._read(key)
            if part is None:
                return
            self._stored += 1
            yield part

    def keep(self, progress: Progress, keys: list[bytes]) -> None:
        """Store the next part."""
        head = {**self._ours, **asdict(progress), "lengths": list(map(len, keys))}
        body = zlib.compress(json.dumps(head, ensure_ascii=False).encode("utf-8") + b"\n" + b"".join(keys), 1)
        self._bucket.put(f"{self._prefix}{self._stored:08d}", body, content_type="application/octet-stream")
        self._stored += 1
        self._last = time.monotonic()

    def forget(self) -> None:
        """Empty every part: the survey is over, or begins anew. The loader has no right to delete anything."""
        # The last one first: what a death leaves here is a beginning, and never a later part without those before it.
        for key in sorted(self._bucket.keys(self._prefix), reverse=True):
            self._bucket.put(key, b"", content_type="application/octet-stream")
        self._stored = 0

    def _read(self, key: str) -> Part | None:
        packed = self._bucket.read(key)
        if not packed:
            return None
        head, _, content = zlib.decompress(packed).partition(b"\n")
        found = json.loads(head)
        if any(found.get(name) != value for name, value in self._ours.items()):
            return None
        keys, start = [], 0
        for length in found["lengths"]:
            keys.append(content[start : start + length])
            start += length
        return Part(Progress(found["chunks"], found["rows"], found["findings"], found["token"]), keys)
