"""What a view costs: a full read as the loader reads it, against the best hand-written query for the same result.

    python -m tests.benchmarks.views [--rows 500000] [--repeat 3] [--url mysql://user:password@host:port ...]

Measures a private server of each engine that is on PATH, and the servers of `--url` or TABLEFERRY_BENCH_URLS (separated
by blanks), whose user may create databases. Fails when a view costs more than `--limit` times the query, when the two
do not make the same items, or when the reader's memory grows with the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.table import Table

from adapters.local.sql_server import SqlServer, find_programs
from adapters.servers.mysql.address import Address
from adapters.servers.mysql.connection import connect
from tests.benchmarks.view_queries import hand_written
from tests.benchmarks.view_reads import Measured, Request
from tests.benchmarks.view_shop import shop

URLS = "TABLEFERRY_BENCH_URLS"
_ENGINES = {"mysql": "MySQL", "mariadb": "MariaDB"}
LIMIT = 3.0  # the promise: a view costs at most so many times the best query
MEMORY_MB = 16.0  # by so much the peak may differ between a tenth of the rows and all


@dataclass(frozen=True)
class Comparison:
    """One engine's figures: medians of seconds, peaks of the process that read.

    `forms` are the seconds of each hand-written form, run once with its rows unread; the fastest is the query.
    `ratio` is how many times the query the view costs, the median over turns of the two one after the other;
    `server_ratio` the same with the rows unread: a client that takes its time hides some of what the server does.
    """

    server: str
    rows: int
    forms: dict[str, float]
    query_seconds: float
    view_seconds: float
    query_unread_seconds: float
    view_unread_seconds: float
    ratio: float
    server_ratio: float
    query_peak_mb: float
    tenth_rows: int
    tenth_peak_mb: float
    view_peak_mb: float
    equal: bool

    @property
    def best(self) -> str:
        """The fastest hand-written form."""
        return min(self.forms, key=self.forms.__getitem__)

    def problems(self, limit: float) -> list[str]:
        """What this comparison should not show."""
        found = []
        if not self.equal:
            found.append("the view and the hand-written queries do not make the same items")
        for ratio, where in ((self.ratio, ""), (self.server_ratio, " in the server")):
            if ratio > limit:
                found.append(f"the view costs {ratio:.2f} times the best query{where}, more than {limit:g}")
        if self.view_peak_mb - self.tenth_peak_mb > MEMORY_MB:
            found.append(f"memory grows from {self.tenth_peak_mb:.0f} to {self.view_peak_mb:.0f} MB")
        return [f"{self.server}: {problem}" for problem in found]


def compare(server: Address, rows: int, repeat: int) -> Comparison:
    """Fill a database of its own at this server and measure; `server.database` is not used."""
    with shop(server, rows) as filled:
        request = Request(filled.address.host, filled.address.port, filled.address.user, filled.address.password,
                          filled.address.database)  # fmt: skip
        view = replace(request, plan=filled.plan.to_json(), chunks=len(filled.plan.chunks))
        queries = {form: replace(request, sql=sql) for form, sql in hand_written(filled.engine).items()}
        digests = {(m.rows, m.digest) for m in (_read(replace(r, digest=True)) for r in (view, *queries.values()))}
        forms = {form: _read(replace(query, unread=True)).seconds for form, query in queries.items()}
        best = queries[min(forms, key=forms.__getitem__)]
        # One after the other in turn: what else this machine does meets both alike.
        unread = replace(best, unread=True), replace(view, unread=True)
        turns = [[_read(request) for request in (best, view, *unread)] for _ in range(repeat)]
        tenth = _read(replace(view, chunks=max(1, view.chunks // 10)))
    return Comparison(
        server=f"{_ENGINES[filled.engine]} {filled.version.split('-')[0]}",
        rows=rows,
        forms=forms,
        query_seconds=_seconds(turns, 0),
        view_seconds=_seconds(turns, 1),
        query_unread_seconds=_seconds(turns, 2),
        view_unread_seconds=_seconds(turns, 3),
        ratio=median(turn[1].seconds / turn[0].seconds for turn in turns),
        server_ratio=median(turn[3].seconds / turn[2].seconds for turn in turns),
        query_peak_mb=max(turn[0].peak_mb for turn in turns),
        tenth_rows=tenth.rows,
        tenth_peak_mb=tenth.peak_mb,
        view_peak_mb=max(turn[1].peak_mb for turn in turns),
        equal=len(digests) == 1 and {read.rows for turn in turns for read in turn} == {rows},
    )


def _seconds(turns: Sequence[Sequence[Measured]], which: int) -> float:
    return median(turn[which].seconds for turn in turns)


def report(found: Sequence[Comparison]) -> Table:
    """The comparisons as a table; `server s` are the seconds of the same with the rows unread."""
    table = Table(title="A full read: the view as the loader reads it, and the best hand-written query")
    for name in ("server", "read", "rows", "seconds", "rows/s", "times", "server s", "times", "MB"):
        table.add_column(name, justify="left" if name in {"server", "read"} else "right", no_wrap=name == "server")
    for one in found:
        seconds, server = one.query_seconds, one.query_unread_seconds
        table.add_row(one.server, "query", *_figures(one.rows, seconds, 1, server, 1, one.query_peak_mb))
        seconds, server = one.view_seconds, one.view_unread_seconds
        figures = _figures(one.rows, seconds, one.ratio, server, one.server_ratio, one.view_peak_mb)
        table.add_row("", "view", *figures)
        table.add_row("", "view", f"{one.tenth_rows:,}", "", "", "", "", "", f"{one.tenth_peak_mb:.1f}")
        table.add_section()
    return table


def _figures(rows: int, seconds: float, ratio: float, server: float, server_ratio: float, peak: float) -> list[str]:
    speed = [f"{rows:,}", f"{seconds:.2f}", f"{rows / seconds:,.0f}", f"{ratio:.2f}"]
    return [*speed, f"{server:.2f}", f"{server_ratio:.2f}", f"{peak:.1f}"]


def _forms(one: Comparison) -> str:
    tried = ", ".join(f"{form} {seconds:.2f}" for form, seconds in sorted(one.forms.items(), key=lambda f: f[1]))
    return f"{one.server}: seconds of each form of the query, run once with its rows unread: {tried}."


def _read(request: Request) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.view_reads"],
        input=json.dumps(asdict(request)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return Measured(**json.loads(done.stdout))


@contextmanager
def _servers(urls: Sequence[str]) -> Iterator[list[Address]]:
    """Those of the URLs, and a private one of each engine on PATH that none of them is."""
    given = [_address(url) for url in urls]
    engines = {_engine(address) for address in given}
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        own = [
            stack.enter_context(SqlServer(Path(directory) / program.engine, program)).url
            for program in find_programs()
            if program.engine not in engines
        ]
        yield [*given, *map(_address, own)]


def _engine(address: Address) -> str:
    with connect(address, database=False) as session:
        return session.version.engine


def _address(url: str) -> Address:
    parts = urlsplit(url)
    user, password = unquote(parts.username or "root"), unquote(parts.password or "")
    return Address(parts.hostname or "127.0.0.1", parts.port or 3306, user, password, database="")


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return 1 when something is not as it should be."""
    parser = argparse.ArgumentParser(description="The cost of a view against the best hand-written query.")
    parser.add_argument("--rows", type=int, default=500_000, help="source rows")
    parser.add_argument("--repeat", type=int, default=3, help="timed reads of each, of which the median counts")
    parser.add_argument("--url", action="append", help=f"a server to measure (default: {URLS}, separated by blanks)")
    parser.add_argument("--limit", type=float, default=LIMIT, help="the most a view may cost, in times the query")
    options = parser.parse_args(arguments)
    console = Console()
    with _servers(options.url or os.environ.get(URLS, "").split()) as addresses:
        found = []
        for address in addresses:
            console.print(
                f"Measuring {_engine(address)} at {address.host}:{address.port} with {options.rows:,} rows ..."
            )
            found.append(compare(address, options.rows, options.repeat))
    console.print(report(found))
    for one in found:
        console.print(_forms(one))
    console.print(
        f"Measured: {', '.join(one.server for one in found) or 'no server: none is on PATH, none was given'}."
    )
    problems = [problem for one in found for problem in one.problems(options.limit)]
    for problem in problems:
        console.print(problem, style="bold red")
    return 1 if problems or not found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
