"""An imitation of AWS Glue that really runs Python shell jobs on this machine: `AWS_ENDPOINT_URL_GLUE` selects it.

It speaks Glue's JSON protocol on 127.0.0.1 and asks the AWS emulator for scripts, roles and log streams. Every answer
carries the header `x-tableferry-imitation: glue`, because it is not AWS.

    python -m adapters.local.glue_endpoint --port PORT --directory DIRECTORY

Settings, all environment variables: AWS_ENDPOINT_URL and AWS_REGION of the emulator; TABLEFERRY_LOCAL_GLUE_PYTHON, the
interpreter of jobs; TABLEFERRY_LOCAL_GLUE_MINUTE_SECONDS, how long a minute of a job's Timeout is (60).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from adapters.local.glue_cloud import Cloud
from adapters.local.glue_connections import Connections
from adapters.local.glue_errors import GlueError
from adapters.local.glue_job_runs import JobRuns
from adapters.local.glue_jobs import Jobs
from adapters.local.glue_python import interpreter, is_glues_own
from adapters.local.glue_requests import Json
from adapters.local.glue_runner import Runner
from adapters.local.glue_runs import RunStore

LOGGER = logging.getLogger("tableferry.local.glue")
HEALTH_PATH = "/_tableferry/health"
TARGET_PREFIX = "AWSGlue."
MINUTE_SETTING = "TABLEFERRY_LOCAL_GLUE_MINUTE_SECONDS"
MOST_REQUEST_BYTES = 5_000_000


class GlueEndpoint(ThreadingHTTPServer):
    """The server of one directory; operations are carried out one at a time."""

    daemon_threads = True
    # Tests and flows start many clients at once; the default backlog is 5.
    request_queue_size = 128

    def __init__(self, port: int, directory: Path, cloud: Cloud, *, minute_seconds: float) -> None:
        super().__init__(("127.0.0.1", port), GlueRequest)
        self.directory = directory
        self.cloud = cloud
        self.one_at_a_time = threading.RLock()
        store = RunStore(directory / "runs")
        self.runner = Runner(cloud, f"http://127.0.0.1:{port}", store, minute_seconds=minute_seconds)
        jobs, connections = Jobs(directory, cloud), Connections(directory)
        self.operations = _operations(jobs, connections, JobRuns(jobs, connections, store, self.runner))
        self.runner.take_up_again()


def _operations(jobs: Jobs, connections: Connections, runs: JobRuns) -> dict[str, Callable[[Json], Json]]:
    return {
        "CreateJob": jobs.create,
        "UpdateJob": jobs.update,
        "GetJob": jobs.get,
        "GetJobs": jobs.get_all,
        "ListJobs": jobs.list_names,
        "DeleteJob": jobs.delete,
        "GetTags": jobs.get_tags,
        "TagResource": jobs.tag,
        "UntagResource": jobs.untag,
        "StartJobRun": runs.start,
        "GetJobRun": runs.get,
        "GetJobRuns": runs.get_all,
        "BatchStopJobRun": runs.batch_stop,
        "CreateConnection": connections.create,
        "GetConnection": connections.get,
        "GetConnections": connections.get_all,
        "DeleteConnection": connections.delete,
    }


class GlueRequest(BaseHTTPRequestHandler):
    """One call. What it carries is never logged: connections hold passwords."""

    server: GlueEndpoint
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path != HEALTH_PATH:
            self._answer(404, {"__type": "NotFound", "message": "Only Glue's JSON protocol is spoken here."})
            return
        self._answer(200, {"directory": str(self.server.directory), "emulator": self.server.cloud.url})

    def do_POST(self) -> None:
        try:
            body = self._body()
            self._check_sender()
            self._answer(200, self._carry_out(body))
        except GlueError as error:
            self._answer(400, {"__type": error.kind, "message": error.message})
        except Exception:  # the boundary of the server: the client must get an answer, the log has the cause
            LOGGER.exception("%s failed", self.headers.get("X-Amz-Target"))
            failure = {"__type": "InternalServiceException", "message": "The local Glue endpoint failed; see its log."}
            self._answer(500, failure)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_REQUEST_BYTES:
            self.close_connection = True
            raise GlueError("InvalidInputException", f"A request may have at most {MOST_REQUEST_BYTES} bytes.")
        return self.rfile.read(length)

    def _check_sender(self) -> None:
        # A page in a browser can reach this port, by a name of its own that resolves to 127.0.0.1.
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host not in ("127.0.0.1", "localhost") or self.headers.get("Origin"):
            raise GlueError("AccessDeniedException", "This endpoint serves programs of this machine only.")

    def _carry_out(self, body: bytes) -> Json:
        name = (self.headers.get("X-Amz-Target") or "").removeprefix(TARGET_PREFIX)
        operation = self.server.operations.get(name)
        if operation is None:
            raise GlueError(
                "InvalidActionException", f"tableferry's local imitation of Glue has no operation {name!r}."
            )
        try:
            request = json.loads(body or b"{}")
        except ValueError as error:
            raise GlueError("SerializationException", f"The request is not JSON: {error}.") from error
        if not isinstance(request, dict):
            raise GlueError("SerializationException", "The request is not a JSON object.")
        with self.server.one_at_a_time:
            answer = operation(request)
        if name in ("CreateJob", "DeleteJob"):
            LOGGER.info("%s %s, in an imitation of Glue", name, request.get("Name") or request.get("JobName"))
        return answer

    def _answer(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-tableferry-imitation", "glue")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        LOGGER.debug(format, *args)


def main() -> None:
    """Serve until asked to end (SIGTERM), then end every run."""
    parser = argparse.ArgumentParser(prog="glue_endpoint", description="An imitation of AWS Glue; it is not AWS.")
    parser.add_argument("--port", type=int, required=True, help="port of 127.0.0.1")
    parser.add_argument("--directory", type=Path, required=True, help="where jobs and runs are kept")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    cloud = Cloud(os.environ["AWS_ENDPOINT_URL"], os.environ.get("AWS_REGION", "us-east-1"))
    minute_seconds = float(os.environ.get(MINUTE_SETTING) or 60)
    endpoint = GlueEndpoint(asked.port, asked.directory.resolve(), cloud, minute_seconds=minute_seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), which the signal has interrupted: only another thread can wait.
        signal.signal(number, lambda *_: threading.Thread(target=endpoint.shutdown).start())
    LOGGER.info("This is tableferry's imitation of AWS Glue, not AWS. It runs job scripts on this machine.")
    own = "as in Glue" if is_glues_own(interpreter()) else "Glue has Python 3.9"
    LOGGER.info("Jobs run with %s (%s).", interpreter(), own)
    endpoint.serve_forever(poll_interval=0.1)
    endpoint.runner.close()


if __name__ == "__main__":
    main()
