"""Ships what a run prints to CloudWatch Logs while it runs, where Glue's Python shell jobs put it."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from adapters.local.glue_cloud import Cloud
from adapters.local.processes import write_private

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

LOGGER = logging.getLogger("tableferry.local.glue")

LOG_GROUP = "/aws-glue/python-jobs"
STREAMS = {"output": "stdout", "error": "stderr"}
SHIP_EVERY_SECONDS = 0.5
# PutLogEvents takes 10,000 events and 1,048,576 bytes, of which each event costs 26 more than its text.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
MOST_EVENTS = 10_000
MOST_BYTES = 500_000
MOST_LINE_BYTES = 200_000


class LogShipper:
    """Follows a run's output files in a thread of its own; what was shipped before a restart is not shipped twice."""

    def __init__(self, cloud: Cloud, run_directory: Path, run_id: str) -> None:
        self._cloud = cloud
        self._directory = run_directory
        self._stream = run_id
        self._offsets = _read_offsets(run_directory / "shipped.json")
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"logs of {run_id}", daemon=True)
        self._thread.start()

    def finish(self, *, seconds: float) -> None:
        """The run has ended: ship the rest. Waits at most `seconds`; the thread goes on if that is too short."""
        self._finished.set()
        self._thread.join(seconds)

    def _follow(self) -> None:
        while not self._finished.wait(SHIP_EVERY_SECONDS):
            self._ship_all(to_the_end=False)
        self._ship_all(to_the_end=True)

    def _ship_all(self, *, to_the_end: bool) -> None:
        for kind, name in STREAMS.items():
            try:
                self._ship(kind, self._directory / name, to_the_end=to_the_end)
            except (BotoCoreError, ClientError) as error:
                # The files stay in the run's directory; the next round tries again from the same place.
                LOGGER.warning("the %s of %s was not shipped to CloudWatch Logs: %s", kind, self._stream, error)

    def _ship(self, kind: str, file: Path, *, to_the_end: bool) -> None:
        if not file.exists():
            return
        with file.open("rb") as output:
            output.seek(self._offsets[kind])
            while chunk := _whole_lines(output.read(MOST_BYTES), to_the_end=to_the_end):
                self._put(f"{LOG_GROUP}/{kind}", chunk)
                self._offsets[kind] += len(chunk)
                output.seek(self._offsets[kind])
                write_private(self._directory / "shipped.json", json.dumps(self._offsets))

    def _put(self, group: str, chunk: bytes) -> None:
        events = list(_events(chunk))
        for first in range(0, len(events), MOST_EVENTS):
            batch = events[first : first + MOST_EVENTS]
            logs = self._cloud.logs
            try:
                logs.put_log_events(logGroupName=group, logStreamName=self._stream, logEvents=batch)
            except logs.exceptions.ResourceNotFoundException:
                self._create(group)
                logs.put_log_events(logGroupName=group, logStreamName=self._stream, logEvents=batch)

    def _create(self, group: str) -> None:
        logs = self._cloud.logs
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=self._stream)


def _read_offsets(file: Path) -> dict[str, int]:
    return dict(json.loads(file.read_text())) if file.exists() else dict.fromkeys(STREAMS, 0)


def _whole_lines(chunk: bytes, *, to_the_end: bool) -> bytes:
    # A line that fills the whole chunk is cut; a line that is still being written waits.
    end = chunk.rfind(b"\n") + 1
    return (
        chunk if to_the_end and len(chunk) < MOST_BYTES else chunk[:end] or (chunk if len(chunk) == MOST_BYTES else b"")
    )


def _events(chunk: bytes) -> Iterator[InputLogEventTypeDef]:
    now = int(time.time() * 1000)
    for line in chunk.split(b"\n"):
        for first in range(0, len(line), MOST_LINE_BYTES):
            # CloudWatch takes no empty messages.
            if text := line[first : first + MOST_LINE_BYTES].decode(errors="replace").rstrip("\r"):
                yield {"timestamp": now, "message": text}
