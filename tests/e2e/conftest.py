"""The product as its users start it: the `tableferry` command in a process of its own, against real servers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3
import pytest

from adapters.local.runtime import RuntimeState
from adapters.mcp_servers import ROLES
from tests.conftest import Database
from tests.e2e.forked import ROOT, Zygote, zygote

START_SECONDS = 120.0


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Look again until `condition` holds; fails with `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen in {seconds:g} seconds")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real Prefect server for the session; the variables that make a process use it."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log = (home / "server.log").open("wb")
    server = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True, cwd=home
    )
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/api/health"), "the Prefect server's start")
        yield environment
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
        log.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass
class Ferry:
    """A home, a database and a runtime of a test's own, and the command over them."""

    environment: dict[str, str]
    home: Path
    prefix: str
    endpoint: str
    forks: Zygote | None = None

    def start(self, *arguments: str, **changed: str) -> subprocess.Popen[str]:
        """Start `tableferry` in a session of its own, so that a test can kill the whole tree."""
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "tableferry"), *arguments],
            env={**self.environment, **changed},
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run `tableferry` to its end: as a shell starts it, or in a fork of what `forks` has imported."""
        if self.forks is not None:
            return self.forks.run(arguments, {**self.environment, **changed}, self.home)
        process = self.start(*arguments, **changed)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def result(self, *arguments: str, code: int = 0, **changed: str) -> dict[str, Any]:
        """Run with `--output json`, expect the exit code, and return the one document on standard output."""
        done = self.run(*arguments, "--output", "json", **changed)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def contract(self, *tables: dict[str, Any]) -> str:
        """Write a contract of these tables and return its path."""
        path = self.home / "contract.json"
        path.write_text(json.dumps({"tables": list(tables)}, ensure_ascii=False), encoding="utf-8")
        return str(path)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a target table, in DynamoDB's low-level form."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.prefix + table)
        return [item for page in pages for item in page["Items"]]

    def client(self, service: str) -> Any:
        """A client of the test's own, not through any of our servers."""
        session: Any = boto3.session.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        )
        endpoint = self.environment["AWS_ENDPOINT_URL_GLUE"] if service == "glue" else self.endpoint
        return session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="session")
def shared_servers(runtime: RuntimeState, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A servers file with the AWS servers, which run over HTTP for the session; MySQL's serves one database each."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TABLEFERRY_"))}
    folder = tmp_path_factory.mktemp("mcp-servers")
    with lasting_servers({**kept, **runtime.env}, folder, ("glue", "dynamodb", "s3")) as servers:
        yield servers


@contextmanager
def lasting_servers(environment: dict[str, str], folder: Path, roles: Sequence[str] = ROLES) -> Iterator[Path]:
    """The bundled MCP servers over HTTP; answers an `mcpServers` file that puts them in their roles."""
    with ExitStack() as stack:
        logs = {role: stack.enter_context((folder / f"{role}.log").open("w+")) for role in roles}
        for role, log in logs.items():
            stack.enter_context(_server(role, environment, log))
        wait_until(lambda: all(_address(folder, role) for role in roles), "the servers' start")
        entries = {role: {"url": _address(folder, role)} for role in roles}
        path = folder / "servers.json"
        path.write_text(json.dumps({"mcpServers": entries}))
        yield path


@contextmanager
def _server(role: str, environment: dict[str, str], log: IO[str]) -> Iterator[None]:
    command = [sys.executable, "-m", f"adapters.servers.{role}", "--transport", "streamable-http"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


def _address(folder: Path, role: str) -> str:
    found = re.search(r"http://\S+", (folder / f"{role}.log").read_text())
    return found.group() if found else ""


@pytest.fixture(scope="session")
def forks(prefect_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Runs `tableferry` in forks of one process of the session that has it imported."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TABLEFERRY_", "PREFECT_"))}
    with zygote({**kept, **prefect_environment}, tmp_path_factory.mktemp("zygote")) as made:
        yield made


@pytest.fixture
def ferry(
    request: pytest.FixtureRequest,
    database: Database,
    runtime: RuntimeState,
    prefect_environment: dict[str, str],
    tmp_path: Path,
) -> Ferry:
    """The product, ready to run against `database`; each command is a start of its own, unless much is shared."""
    made = ferry_over(database, runtime, prefect_environment, tmp_path)
    if request.node.get_closest_marker("shared_servers"):
        made.environment["TABLEFERRY_MCP_SERVERS"] = str(request.getfixturevalue("shared_servers"))
        made.forks = request.getfixturevalue("forks")
    return made


def ferry_over(database: Database, runtime: RuntimeState, prefect_environment: dict[str, str], folder: Path) -> Ferry:
    """The product with its home in `folder`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TABLEFERRY_", "PREFECT_"))}
    environment = {
        **kept,
        **prefect_environment,
        **runtime.env,
        "TABLEFERRY_HOME": str(folder / "home"),
        "TABLEFERRY_MYSQL_URL": database.url,
        "TABLEFERRY_TABLE_PREFIX": f"{database.name}.",
        "TABLEFERRY_KEY_PREFIX": f"tableferry/{database.name}/",
        "TABLEFERRY_POLL_SECONDS": "0.2",
    }
    return Ferry(environment, folder, f"{database.name}.", runtime.env["AWS_ENDPOINT_URL"])
