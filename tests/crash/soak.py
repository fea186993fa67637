"""Random kills over one migration of 20 tables (`make test-soak`): whatever dies, whenever, it ends right.

TABLEFERRY_SOAK_KILLS (200), TABLEFERRY_SOAK_SECONDS (1800) and TABLEFERRY_SOAK_SEED (random) choose how many kills, for
how long at most, and which.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.crash.stage import LONGEST, Stage
from tests.crash.victims import job_runs, kill, kill_connections, kill_job_run, kill_tree, mcp_servers

pytestmark = [pytest.mark.once, pytest.mark.server, pytest.mark.aws, pytest.mark.prefect, pytest.mark.crash]

TABLES = {f"Soak{n:02}": LONGEST for n in range(20)}
LONGEST_PAUSE_SECONDS = 6.0
# A process must come to something before it is killed: to start takes several pauses.
SHARES = (1, 3, 3, 3, 3)


@dataclass
class Supervisor:
    """Starts the command again whenever it ended; what systemd or a tired operator would do."""

    stage: Stage
    first: list[str]
    process: subprocess.Popen[str] | None = None
    codes: Counter[int] = field(default_factory=Counter)

    def keep_up(self) -> int:
        """The pid of the process that drives the migration now."""
        if self.process is not None and self.process.poll() is not None:
            self.codes[self.process.returncode] += 1
            self.process.communicate()
            self.process = None
        if self.process is None:
            begun = self.stage.migrations()
            self.process = self.stage.ferry.start(*(["resume", begun[0]] if begun else self.first))
        return self.process.pid

    def until_succeeded(self, most: int) -> int:
        """Resume until the exit code is 0; how many starts it took."""
        for number in range(1, most + 1):
            self.keep_up()
            assert self.process is not None
            out, err = self.process.communicate(timeout=900)
            if self.process.returncode == 0:
                return number
        pytest.fail(f"the migration did not succeed in {most} resumes: {out[-2_000:]} {err[-2_000:]}")


def test_soak(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Kills at random moments; then it is left alone, and every table is as if nobody had disturbed it."""
    wanted = int(os.environ.get("TABLEFERRY_SOAK_KILLS", "200"))
    limit = float(os.environ.get("TABLEFERRY_SOAK_SECONDS", "1800"))
    seed = int(os.environ.get("TABLEFERRY_SOAK_SEED", random.SystemRandom().randrange(1_000_000)))
    chance = random.Random(seed)
    began = time.monotonic()
    stage.ferry.environment["TABLEFERRY_PARALLEL_TABLES"] = "4"
    supervisor = Supervisor(stage, ["run", stage.contract(TABLES)])
    kills: Counter[str] = Counter()
    lost_runs: Counter[str] = Counter()
    try:
        while kills.total() < wanted and time.monotonic() - began < limit:
            _pause(chance.uniform(0.2, LONGEST_PAUSE_SECONDS))
            pid = supervisor.keep_up()
            victim = chance.choices(["orchestrator", "MCP server", "job run", "database", "emulator"], SHARES)[0]
            if _kill(stage, pid, victim, chance, lost_runs):
                kills[victim] += 1
            if stage.all_validated(TABLES):
                break
        starts = supervisor.until_succeeded(6)
    finally:
        if supervisor.process is not None and supervisor.process.poll() is None:
            kill_tree(supervisor.process.pid)
            supervisor.process.communicate()
    with capsys.disabled():
        print(  # noqa: T201 - figures for whoever ran it
            f"\nsoak: seed {seed}, {kills.total()} kills {dict(kills)} in {time.monotonic() - began:.0f} s, "
            f"exit codes {dict(supervisor.codes)}, {starts} resumes after the last kill"
        )
    (migration,) = stage.migrations()
    cut = kills["database"] + kills["emulator"]
    runs = {t: range(1, 2 + lost_runs[t] + cut) for t in TABLES}
    stage.expect("soak", "random", migration, TABLES, {t: [f"seed {seed}"] for t in TABLES}, runs)


def _kill(stage: Stage, pid: int, victim: str, chance: random.Random, lost_runs: Counter[str]) -> bool:
    """Whether there was such a victim."""
    if victim == "orchestrator":
        kill_tree(pid)
        return True
    if victim == "MCP server":
        servers = mcp_servers(pid, ("mysql", "glue", "dynamodb", "s3"))
        return bool(servers) and kill(chance.choice(servers))
    if victim == "job run":
        return _kill_a_run(stage, chance, lost_runs)
    kinds: dict[str, Callable[[], int]] = {
        "database": lambda: kill_connections(stage.root, stage.database.user),
        "emulator": stage.proxy.cut,
    }
    return kinds[victim]() > 0


def _kill_a_run(stage: Stage, chance: random.Random, lost_runs: Counter[str]) -> bool:
    migrations = stage.migrations()
    tables = list(TABLES) if migrations else []
    for table in chance.sample(tables, len(tables)):
        job = f"tableferry-{migrations[0]}-{table}"
        if any(r["state"] == "RUNNING" for r in job_runs(stage.glue, job)) and kill_job_run(stage.glue, job):
            lost_runs[table] += 1
            return True
    return False


def _pause(seconds: float) -> None:
    """The moments are what is random here; nothing is waited for."""
    time.sleep(seconds)
