"""Runs pieces of work side by side; the first failure stops all of them and reaches the caller."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Callable

from adapters.loader.sender import StoppedError

Work = Callable[[], None]


def together(stop: threading.Event, here: Work, beside: Sequence[Work]) -> None:
    """Do `here` in this thread and each of `beside` in one of its own, until all are over.

    A failure sets `stop`, which every piece looks at between its steps (StoppedError). Raises the first failure.
    """
    failures: list[BaseException] = []

    def guarded(work: Work) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised below
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in beside]
    for thread in threads:
        thread.start()
    guarded(here)
    for thread in threads:
        thread.join()
    if failures:
        raise next((error for error in failures if not isinstance(error, StoppedError)), failures[0])
