"""The demonstration: a generated shop, a private SQL server, the local runtime, and the real main job over them."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pymysql

from adapters.local import runtime
from adapters.local.shop import contract, load_shop
from adapters.local.sql_server import SqlServer
from core.contract.json_schema import json_schema
from flows.commands import run
from flows.console import ERRORS

SCHEMA_FILE = "contract.schema.json"  # as the sample contract names it


def run_demo(*, scale: float, directory: Path) -> int:
    """Run the demonstration and return the migration's exit code; everything that it started is ended again.

    Uses the server of TABLEFERRY_MYSQL_URL when that is set, in a database of its own that is dropped at the end.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["TABLEFERRY_HOME"] = str(directory)
    os.environ.setdefault("PREFECT_HOME", str(directory / "prefect"))
    with tempfile.TemporaryDirectory(prefix="tableferry-demo-") as name:
        temporary = Path(name)
        with _source(temporary) as url, _local_runtime(temporary / "local"):
            os.environ["TABLEFERRY_MYSQL_URL"] = url
            _say("filling the sample shop")
            rows = load_shop(url, scale=scale)
            _say(f"{sum(rows.values()):,} rows in {len(rows)} tables")
            path = directory / "contract.json"
            path.write_text(json.dumps(contract(), indent=2, ensure_ascii=False))
            (directory / SCHEMA_FILE).write_text(json.dumps(json_schema(), indent=2))
            code = run(path, None, {}, as_json=False)
    _say(
        f"Everything that was started is stopped. The report is in {directory}/reports, the contract in {path}; "
        "docs/main-path.md follows what just happened, README.md says how to run it on your own tables."
    )
    return code


@contextmanager
def _local_runtime(directory: Path) -> Iterator[None]:
    _say("starting the local runtime (an AWS emulator and an imitation of Glue)")
    try:
        os.environ.update(runtime.up(directory).env)
        yield
    finally:
        runtime.down(directory)


@contextmanager
def _source(temporary: Path) -> Iterator[str]:
    """The URL of an empty database for the shop."""
    given = os.environ.get("TABLEFERRY_MYSQL_URL")
    if given is not None:
        _say("using the server of TABLEFERRY_MYSQL_URL")
        with _database(given) as url:
            yield url
        return
    _say("starting a private SQL server")
    server = SqlServer(temporary / "sql")
    try:
        with _database(f"{server.start()}/mysql", create_user=True) as url:
            yield url
    finally:
        server.stop()


@contextmanager
def _database(server_url: str, *, create_user: bool = False) -> Iterator[str]:
    """A database of our own on that server, dropped afterwards; with `create_user`, a user of its own too."""
    name = f"tableferry_demo_{secrets.token_hex(3)}"
    parts = urlsplit(server_url)
    user, password = name, secrets.token_urlsafe(12)
    _execute(server_url, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    try:
        if create_user:
            _execute(server_url, f"CREATE USER `{user}`@`127.0.0.1` IDENTIFIED BY '{password}'")
            _execute(server_url, f"GRANT ALL ON `{name}`.* TO `{user}`@`127.0.0.1`")
            parts = parts._replace(netloc=f"{user}:{quote(password, safe='')}@{parts.hostname}:{parts.port}")
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        _execute(server_url, f"DROP DATABASE `{name}`")
        if create_user:
            _execute(server_url, f"DROP USER `{user}`@`127.0.0.1`")


def _execute(server_url: str, sql: str) -> None:
    url = urlsplit(server_url)
    with pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=unquote(url.username or "root"),
        password=unquote(url.password or ""),
    ) as connection:
        connection.cursor().execute(sql)


def _say(text: str) -> None:
    ERRORS.print(text, style="bold", markup=False, soft_wrap=True)
