"""What a person sees in the terminal: live progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from core.errors import TableferryError
from core.ports import Progress
from flows.observer import Observer

ERRORS = Console(stderr=True, highlight=False)
_LINE_SECONDS = 5.0


class LiveProgress(Observer):
    """One line a table: bars in a terminal, else a plain line when the activity changes or every few seconds."""

    def __init__(self, console: Console = ERRORS) -> None:
        super().__init__()
        self._console = console
        self._said: dict[str, tuple[str, float]] = {}
        self._tasks: dict[str, TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[activity]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def progress(self, progress: Progress) -> None:
        if self._console.is_terminal:
            self._draw(progress)
        else:
            self._print(progress)

    def say(self, message: str) -> None:
        self._console.print(printable(message), style="yellow", markup=False, soft_wrap=True)

    def _draw(self, progress: Progress) -> None:
        task = self._tasks.get(progress.table)
        if task is None:
            task = self._bars.add_task(progress.table, total=None, activity="")
            self._tasks[progress.table] = task
        self._bars.update(task, activity=printable(progress.activity.splitlines()[0]))
        if progress.rows_total is not None:
            self._bars.update(task, total=progress.rows_total, completed=progress.rows_done)

    def _print(self, progress: Progress) -> None:
        activity, moment = self._said.get(progress.table, ("", 0.0))
        now = time.monotonic()
        if activity == progress.activity and now - moment < _LINE_SECONDS:
            return
        self._said[progress.table] = (progress.activity, now)
        rows = f" {progress.rows_done:,}" if progress.rows_done else ""
        rows += f" of {progress.rows_total:,} rows" if progress.rows_total is not None and rows else ""
        self._console.print(printable(f"{progress.table}: {progress.activity}{rows}"), markup=False, soft_wrap=True)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document on standard output; what a terminal would obey is escaped as JSON does it."""
    for piece in json.JSONEncoder(indent=2, default=str, ensure_ascii=False).iterencode(document):
        sys.stdout.write(_escaped(piece, lambda c: json.dumps(c)[1:-1]))
    sys.stdout.write("\n")


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would obey or hide; lines stay lines."""
    return _escaped(text, lambda c: c.encode("unicode_escape").decode("ascii"))


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else escape(c) for c in text)


def print_report(markdown: str) -> None:
    """Print a report on standard output, laid out where that is a terminal."""
    from rich.markdown import Markdown

    console, shown = Console(), printable(markdown)
    console.print(Markdown(shown) if console.is_terminal else shown, markup=False, soft_wrap=True)


def print_error(error: TableferryError, *, as_json: bool) -> None:
    """Say what went wrong: text on standard error, and as JSON the wire form on standard output."""
    if as_json:
        print_json({"error": error.to_wire()})
    ERRORS.print(printable(f"{error.code.value}: {error}"), style="red", markup=False, soft_wrap=True)
