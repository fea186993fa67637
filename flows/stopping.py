"""A migration that runs here hears that it is to stop: by Ctrl-C or SIGTERM, or by `tableferry pause` anywhere.

The first signal is a clean pause. The second goes to whoever handled it before (asyncio, Prefect), which ends the flow
as a crash; should that take long, the process ends anyway. Nothing is lost by either: `resume` goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType
from typing import Final

from core.checkpoints import Request
from core.control import put_control
from core.errors import UnavailableError
from flows.begin import Migration
from flows.observer import observer

LOOK_SECONDS: Final = 1.0
_LEAVING_SECONDS: Final = 5.0
INTERRUPTED: Final = 130  # what shells report for a program that Ctrl-C ended
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

PAUSING = (
    "Pausing: chunks that are being loaded are finished, then `tableferry resume {id}` goes on. "
    "Ctrl-C again leaves at once; a load job that runs goes on then."
)
CANCELLING = "Cancelling, as was asked elsewhere: `tableferry cancel {id}`."


@asynccontextmanager
async def stoppable(migration: Migration) -> AsyncIterator[None]:
    """Inside, a request in the checkpoint store or a signal makes `migration.stop` say so."""
    signalled = asyncio.Event()
    with _first_signal(signalled.set):
        watching = asyncio.create_task(_watch(migration, signalled))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(migration: Migration, signalled: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(signalled.wait(), LOOK_SECONDS)
        if signalled.is_set() and migration.stop.request is None:
            _stop(migration, Request.PAUSE)
            await _ask_runs(migration, Request.PAUSE, ask_store=True)
        with suppress(UnavailableError):  # a store that is away asks nothing; the next look may find it again
            requested = await asyncio.to_thread(migration.store.requested, migration.id)
            if requested is not None and requested is not migration.stop.request:
                _stop(migration, requested)
                await _ask_runs(migration, requested)
        if signalled.is_set():
            await asyncio.sleep(LOOK_SECONDS)


def _stop(migration: Migration, request: Request) -> None:
    migration.stop.ask(request)
    observer().say((PAUSING if request is Request.PAUSE else CANCELLING).format(id=migration.id))


async def _ask_runs(migration: Migration, request: Request, *, ask_store: bool = False) -> None:
    """Tell the job's runs too; this process stops without them, and then they go on and are adopted by a resume."""
    with suppress(UnavailableError):
        if ask_store:
            await asyncio.to_thread(migration.store.request, migration.id, request)
        await put_control(migration.world.objects, migration.options, migration.id, request)


@contextmanager
def _first_signal(tell: Callable[[], None]) -> Iterator[None]:
    """Inside, the first of the signals only tells; every other is what it was before, and ends the process soon."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals; a flow elsewhere hears of requests by the store
        return
    loop, seen = asyncio.get_running_loop(), []
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def on_signal(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) == 1:
            loop.call_soon_threadsafe(tell)
            return
        _end_soon()
        # Ctrl-C's own handler in either case: a SIGTERM would else be taken for a crash of the machine.
        handler = before[signal.SIGINT]
        if callable(handler):
            handler(signal.SIGINT, frame)

    for number in _SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        if len(seen) < 2:
            for number, handler in before.items():
                signal.signal(number, handler)


def _end_soon() -> None:
    timer = threading.Timer(_LEAVING_SECONDS, os._exit, (INTERRUPTED,))
    timer.daemon = True
    timer.start()
