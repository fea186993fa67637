"""The other end of the runner: hears where tables are, and lets them go on or not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

OnArrival = Callable[[str, str], bool]  # table, point; whether it may go on


class Control(ThreadingTCPServer):
    """Listens on 127.0.0.1; `arrived` are the pairs of table and point that were reached."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Arrival)
        self.arrived: set[tuple[str, str]] = set()
        self.errors: list[BaseException] = []
        self.on_arrival: OnArrival = lambda table, point: False

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def begin(self, on_arrival: OnArrival) -> None:
        """Forget what arrived in an earlier life."""
        self.arrived, self.on_arrival = set(), on_arrival

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A table that was killed while it waited ends its connection as it likes."""


class _Arrival(StreamRequestHandler):
    server: Control

    def handle(self) -> None:
        control = self.server
        line = self.rfile.readline()
        if not line:
            return
        table, point = json.loads(line)
        try:
            goes_on = control.on_arrival(table, point)
        except BaseException as error:
            control.errors.append(error)
            raise
        control.arrived.add((table, point))
        if goes_on:
            self.wfile.write(b"!")
        else:
            self.rfile.read()  # until its process is dead


@contextmanager
def control() -> Iterator[Control]:
    """A control while the context lasts."""
    with Control() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()
