"""An HTTP proxy in front of the AWS emulator that makes DynamoDB behave at its worst, the same way for the same seed.

What it says it did, it did: of a batch with unprocessed items the others are really written; a connection that it drops
was dropped after the write.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# Each is the share of requests of the operations that can suffer it.
THROTTLE, SERVER_ERROR, UNPROCESSED, LOST_REPLY, DELAY = (
    "throttle",
    "server error",
    "unprocessed",
    "lost reply",
    "delay",
)
_SUFFERS = {
    "BatchWriteItem": (THROTTLE, SERVER_ERROR, UNPROCESSED, LOST_REPLY, DELAY),
    "PutItem": (THROTTLE, SERVER_ERROR, LOST_REPLY, DELAY),
    "BatchGetItem": (THROTTLE, SERVER_ERROR, UNPROCESSED, DELAY),
    "DeleteItem": (THROTTLE, SERVER_ERROR, LOST_REPLY, DELAY),
    "GetItem": (THROTTLE, SERVER_ERROR, DELAY),
    "Scan": (THROTTLE, SERVER_ERROR, DELAY),
}
_DELAY_SECONDS = 0.02
# Not passed on: they are of one connection, or no longer true of an answer that was changed.
_OWN_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "x-amz-crc32"})


@dataclass
class Faults:
    """How often what goes wrong. `at_most` faults follow each other in one operation: clients give up some time."""

    seed: int
    shares: Mapping[str, float]
    at_most: int = 3
    made: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._in_a_row: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, operation: str) -> str | None:
        """What goes wrong with this request."""
        with self._lock:
            share, at = self._random.random(), 0.0
            for fault in _SUFFERS.get(operation, ()):
                at += self.shares.get(fault, 0.0)
                if share < at and self._in_a_row[operation] < self.at_most:
                    self._in_a_row[operation] += 1
                    self.made[operation, fault] += 1
                    return fault
            self._in_a_row[operation] = 0
            return None

    def split(self, requests: list[Any]) -> tuple[list[Any], list[Any]]:
        """Some of the requests, and the others, of which there is at least one."""
        with self._lock:
            mixed = self._random.sample(requests, len(requests))
            kept = self._random.randrange(len(mixed))
        return mixed[:kept], mixed[kept:]

    def count(self, fault: str, operation: str | None = None) -> int:
        """How often a fault was made, of one operation or of all."""
        return sum(n for (of, kind), n in self.made.items() if kind == fault and operation in (None, of))


@contextmanager
def fault_proxy(upstream: str, faults: Faults) -> Iterator[str]:
    """The proxy's own endpoint, on 127.0.0.1, while the context lasts."""

    class Handler(_Handler):
        endpoint, made = urlsplit(upstream), faults

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoint: Any
    made: Faults

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        fault = self.made.next(operation)
        if fault == THROTTLE:
            self._refuse(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
        elif fault == SERVER_ERROR:
            self._refuse(500, "com.amazonaws.dynamodb.v20120810#InternalServerError")
        elif fault == UNPROCESSED:
            self._in_part(operation, json.loads(body))
        else:
            if fault == DELAY:
                threading.Event().wait(_DELAY_SECONDS)
            answer = self._forward(body)
            if fault == LOST_REPLY:
                self.close_connection = True  # the write is done; nobody will ever say so
            else:
                self._answer(*answer)

    def do_GET(self) -> None:
        self._answer(*self._forward(b""))

    def _in_part(self, operation: str, request: dict[str, Any]) -> None:
        """Do some of the batch for real, and hand the rest back as unprocessed."""
        writes = operation == "BatchWriteItem"
        ((table, asked),) = request["RequestItems"].items()
        some, others = self.made.split(asked if writes else asked["Keys"])
        answer: dict[str, Any] = {} if writes else {"Responses": {table: []}}
        if some:
            part = some if writes else {**asked, "Keys": some}
            status, _, content = self._forward(json.dumps({**request, "RequestItems": {table: part}}).encode())
            assert status == 200, content
            answer = json.loads(content)
        rest = others if writes else {**asked, "Keys": others}
        answer["UnprocessedItems" if writes else "UnprocessedKeys"] = {table: rest}
        self._answer(200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode())

    def _refuse(self, status: int, kind: str) -> None:
        body = json.dumps({"__type": kind, "message": "made by the fault proxy"}).encode()
        self._answer(status, {"Content-Type": "application/x-amz-json-1.0"}, body)

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = http.client.HTTPConnection(self.endpoint.hostname, self.endpoint.port, timeout=60)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN_HEADERS}
            upstream.request(self.command, self.path, body, headers)
            found = upstream.getresponse()
            return found.status, dict(found.getheaders()), found.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Nothing: what was made is counted."""
