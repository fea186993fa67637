"""N threads that put batches from a bounded queue; the first failure stops them all and reaches the caller."""

from __future__ import annotations

import queue
import threading
from types import TracebackType

from adapters.loader.batches import Batch
from adapters.loader.sender import BatchSender, StoppedError, WriteCounts


class BatchWriter:
    """A context: `put` batches inside it; leaving it waits until every one is acknowledged, or raises why not.

    At most two batches a writer wait in memory. When the block inside fails, what waits is dropped and not written.
    """

    def __init__(self, sender: BatchSender, *, writers: int) -> None:
        self._sender = sender
        self._queue: queue.Queue[Batch | None] = queue.Queue(maxsize=2 * writers)
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"writer-{number}", daemon=True) for number in range(writers)
        ]

    @property
    def counts(self) -> WriteCounts:
        """What was acknowledged so far; complete after the block."""
        return self._sender.counts

    def __enter__(self) -> BatchWriter:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._sender.stop.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        if error is None:
            self._raise_failure()

    def put(self, batch: Batch) -> None:
        """Hand over a batch; waits while the queue is full. Raises the failure of any batch handed over before."""
        self._raise_failure()
        self._queue.put(batch)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        # After a failure the threads go on emptying the queue, or `put` would wait for ever.
        while (batch := self._queue.get()) is not None:
            if not self._sender.stop.is_set():
                self._send(batch)

    def _send(self, batch: Batch) -> None:
        try:
            self._sender.send(batch)
        except StoppedError:
            return
        except BaseException as error:  # noqa: BLE001 - whatever it is, `put` or leaving the block raises it
            with self._lock:
                self._failure = self._failure or error
            self._sender.stop.set()
