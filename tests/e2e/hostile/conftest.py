"""One source with its query log, lasting servers and a home, for all the contracts that must leave no trace in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.local.runtime import RuntimeState
from tests.conftest import Database, fresh_database
from tests.e2e.conftest import Ferry, ferry_over, lasting_servers
from tests.e2e.forked import Zygote
from tests.e2e.hostile.baseline import SCHEMA
from tests.e2e.hostile.query_log import QueryLog, query_log


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """All that it printed, by line."""
        return self.out.splitlines() + self.err.splitlines()


@dataclass(frozen=True)
class Scene:
    """Where a contract arrives: the product, its source, what the source was told, and what exists."""

    ferry: Ferry
    database: Database
    log: QueryLog
    forks: Zygote
    servers: Path
    clients: dict[str, Any]
    views: Callable[[], list[str]]

    def contract(self, document: bytes) -> str:
        """Write a contract and return its path."""
        path = self.ferry.home / "contract.json"
        path.write_bytes(document)
        return str(path)

    def fork(self, command: str, document: bytes, *options: str) -> Ended:
        """Run a command in a process forked from one that has the product imported, over servers that stay."""
        environment = {**self.ferry.environment, "TABLEFERRY_MCP_SERVERS": str(self.servers)}
        done = self.forks.run([command, self.contract(document), *options], environment, self.ferry.home)
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, command: str, document: bytes) -> Ended:
        """Run a command as a shell does."""
        done = self.ferry.run(command, self.contract(document))
        return Ended(done.returncode, done.stdout, done.stderr)

    def made_in_aws(self) -> dict[str, Any]:
        """Everything that a migration could have made there, by kind."""
        ferry, clients = self.ferry, self.clients
        bucket, prefix = ferry.environment["TABLEFERRY_BUCKET"], ferry.environment["TABLEFERRY_KEY_PREFIX"]
        tables = clients["dynamodb"].list_tables()["TableNames"]
        return {
            "objects": clients["s3"].list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []),
            "tables": [n for n in tables if n.startswith(ferry.prefix)],
            "jobs": clients["glue"].get_jobs()["Jobs"],
            "secrets": clients["secretsmanager"].list_secrets()["SecretList"],
        }

    def made_here(self) -> dict[str, Any]:
        """The views in the source, and what the home holds of migrations."""
        home = Path(self.ferry.environment["TABLEFERRY_HOME"])
        reports = [p.name for p in home.glob("reports/*")]
        return {"views": self.views(), "migrations": _migrations(home / "state.db"), "reports": reports}


def _migrations(path: Path) -> list[Any]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as store:
        return store.execute("SELECT * FROM migration").fetchall()


@pytest.fixture(scope="module")
def scene(
    server_url: str,
    runtime: RuntimeState,
    prefect_environment: dict[str, str],
    forks: Zygote,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """The scene, with the sample source."""
    folder = tmp_path_factory.mktemp("hostile")
    with fresh_database(server_url) as database:
        database.execute(SCHEMA)
        ferry = ferry_over(database, runtime, prefect_environment, folder)
        with lasting_servers(ferry.environment, folder) as servers, query_log(server_url, database.user) as log:
            clients = {n: ferry.client(n) for n in ("s3", "dynamodb", "glue", "secretsmanager")}
            yield Scene(ferry, database, log, forks, servers, clients, lambda: log.views(database.name))
