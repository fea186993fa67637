"""The last lines that a run wrote, from CloudWatch Logs.

A Python shell job writes to two log groups, each with the run's id as the stream.
Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.glue.runs import get_run
from core.errors import NotFoundError

Stream = Literal["output", "error"]
_GROUPS: tuple[tuple[Stream, str], ...] = (
    ("output", "/aws-glue/python-jobs/output"),
    ("error", "/aws-glue/python-jobs/error"),
)
_PAGE = 1000


class LogLine(BaseModel):
    """One line of a run; `output` is its stdout, `error` its stderr."""

    stream: Stream
    timestamp: str
    message: str


class JobLogs(BaseModel):
    """The last lines, the oldest of them first; `truncated` when there are earlier ones."""

    lines: list[LogLine]
    truncated: bool


def run_logs(clients: AwsClients, job: str, run_id: str, max_lines: int) -> JobLogs:
    """The run's last lines. A run that wrote nothing yet has none. Raises NotFoundError for a run that is not there."""
    get_run(clients, job, run_id)
    found: list[tuple[int, Stream, str]] = []
    for stream, group in _GROUPS:
        found += [(event["timestamp"], stream, event["message"]) for event in _tail(clients, group, run_id, max_lines)]
    # The sort is stable: lines of one stream within one millisecond keep their order.
    found.sort(key=lambda line: line[0])
    lines = [_line(*line) for line in found[-max_lines:]]
    return JobLogs(lines=lines, truncated=len(found) > max_lines)


def _tail(clients: AwsClients, group: str, stream: str, max_lines: int) -> list[Any]:
    """The stream's last events, one more than asked for if there are more."""
    events: list[Any] = []
    token: dict[str, Any] = {}
    while len(events) <= max_lines:
        try:
            with aws_call(f"log stream {stream} of {group}"):
                page = clients.logs.get_log_events(
                    logGroupName=group, logStreamName=stream, startFromHead=False, limit=_PAGE, **token
                )
        except NotFoundError:
            return []
        events = [*page["events"], *events]
        # At a stream's beginning CloudWatch answers with the token it was asked with; an empty page can come earlier.
        if not page["events"] or page.get("nextBackwardToken") == token.get("nextToken"):
            break
        token = {"nextToken": page["nextBackwardToken"]}
    return events[-(max_lines + 1) :]


def _line(timestamp: int, stream: Stream, message: str) -> LogLine:
    moment = datetime.fromtimestamp(timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    return LogLine(stream=stream, timestamp=moment, message=message.rstrip("\n"))
