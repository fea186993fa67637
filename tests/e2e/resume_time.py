"""Time to resume (`make bench-resume`): from the start of `tableferry resume` to its first new write.

The table has 500 chunks, of which at least 490 are done when its process tree and its job run are killed. The rival of
the same run is `tableferry run` of the same table from nothing: from its start to its first write.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from adapters.local.runtime import RuntimeState
from tests.conftest import Database
from tests.crash.victims import kill_job_run, kill_tree
from tests.e2e.conftest import Ferry
from tests.e2e.test_survival import NUMBERS, results

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.crash]

CHUNKS, ROWS_PER_CHUNK, DONE = 500, 10, 490
SERIES = 3
# The last chunks are wide, so that the load can be stopped among them.
WIDE_BYTES = 300_000


def test_time_to_resume(
    ferry: Ferry, database: Database, runtime: RuntimeState, capsys: pytest.CaptureFixture[str]
) -> None:
    database.execute("CREATE TABLE numbers (id INT PRIMARY KEY, body MEDIUMTEXT)")
    for first in range(0, CHUNKS * ROWS_PER_CHUNK, 1_000):
        values = ", ".join(f"({n}, 'row {n}')" for n in range(first, first + 1_000))
        database.execute(f"INSERT INTO numbers VALUES {values}")
    database.execute(f"UPDATE numbers SET body = REPEAT('x', {WIDE_BYTES}) WHERE id >= {DONE * ROWS_PER_CHUNK}")
    ferry.environment |= {"TABLEFERRY_ROWS_PER_CHUNK": str(ROWS_PER_CHUNK), "TABLEFERRY_WRITERS": "1"}
    contract = ferry.contract(NUMBERS)
    took: dict[str, list[float]] = {"run": [], "resume": []}
    for number in range(SERIES):
        ferry.environment["TABLEFERRY_TABLE_PREFIX"] = f"{database.name}.{number}."
        ferry.environment["TABLEFERRY_KEY_PREFIX"] = f"tableferry/{database.name}/{number}/"
        began = time.monotonic()
        process = ferry.start("run", contract)
        looked(lambda: bool(results(ferry)))
        took["run"].append(time.monotonic() - began)
        migration = ferry.result("status")["migrations"][0]["migration_id"]
        looked(lambda: len(results(ferry)) >= DONE)
        assert kill_job_run(runtime.directory / "glue", f"tableferry-{migration}-Numbers")
        kill_tree(process.pid)
        process.communicate()
        done = set(results(ferry))
        assert DONE <= len(done) < CHUNKS, len(done)
        began = time.monotonic()
        process = ferry.start("resume", migration)
        looked(lambda: len(results(ferry)) > len(done))  # noqa: B023 - called before `done` is another
        took["resume"].append(time.monotonic() - began)
        assert process.wait(300) == 0, process.communicate()
        process.communicate()
        assert len(results(ferry)) == CHUNKS
    with capsys.disabled():
        print(f"\n{CHUNKS} chunks, at least {DONE} done; seconds to the first new chunk, {SERIES} series:")  # noqa: T201
        for what, seconds in took.items():
            print(f"  {what:7} median {sorted(seconds)[len(seconds) // 2]:5.1f}  all {rounded(seconds)}")  # noqa: T201


def rounded(seconds: list[float]) -> list[Any]:
    return [round(each, 1) for each in seconds]


def looked(condition: Callable[[], bool]) -> None:
    """Look until it holds; the S3 listing that it makes is what takes the time."""
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
