"""The AWS emulator is installed once, keeps what it holds, and is reached from this machine alone."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from adapters.local.emulator import Emulator, install_emulator
from adapters.local.processes import Daemon, free_port
from adapters.local.tools import built_once
from core.errors import UnavailableError


def client(service: Any, url: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


def test_tables_objects_and_roles_outlive_a_stop(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        url = emulator.url
        client("s3", url).create_bucket(Bucket="kept")
        client("s3", url).put_object(Bucket="kept", Key="k", Body=b"body")
        client("dynamodb", url).create_table(
            TableName="kept",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        item = {"pk": {"S": "1"}, "n": {"N": "12345678901234567890123456789012345678"}, "b": {"B": b"\x00\xff"}}
        client("dynamodb", url).put_item(TableName="kept", Item=item)
    with pytest.raises(UnavailableError):
        _ = emulator.url
    with Emulator(tmp_path) as emulator:
        assert emulator.url == url
        assert client("s3", url).get_object(Bucket="kept", Key="k")["Body"].read() == b"body"
        assert client("dynamodb", url).get_item(TableName="kept", Key={"pk": {"S": "1"}})["Item"] == item


def test_it_listens_on_the_loopback_alone(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        assert emulator.daemon is not None
        assert listening_addresses(emulator.daemon) == {"127.0.0.1"}


def listening_addresses(daemon: Daemon) -> set[str]:
    """Addresses of the daemon's listening sockets, by Linux's tables of sockets."""
    inodes = {
        target.removeprefix("socket:[").rstrip("]")
        for entry in Path(f"/proc/{daemon.pid}/fd").iterdir()
        if (target := str(entry.readlink())).startswith("socket:[")
    }
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{daemon.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address = bytes.fromhex(fields[1].partition(":")[0])
                found.add(socket.inet_ntoa(address[::-1]) if table == "tcp" else address.hex())
    return found


def test_a_port_that_somebody_takes_is_left_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.local.part.HEALTH_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = iter([port])
        monkeypatch.setattr("adapters.local.part.free_port", lambda **asked: next(free, None) or free_port())
        with Emulator(tmp_path) as emulator:
            assert emulator.daemon is not None
            assert emulator.daemon.port != port
            assert emulator.answers()


def test_services_that_run_code_are_not_offered(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        for service, call in (("lambda", "list_functions"), ("glue", "get_jobs")):
            with pytest.raises(ClientError):
                getattr(client(service, emulator.url), call)()


def test_it_is_built_once_by_many_and_not_left_half_built(tmp_path: Path) -> None:
    builds: list[Path] = []

    def fails(target: Path) -> None:
        target.mkdir()
        raise RuntimeError("half way")

    def build(target: Path) -> None:
        assert not target.exists()
        target.mkdir()
        builds.append(target)

    with pytest.raises(RuntimeError):
        built_once(tmp_path / "tool", fails)
    assert not (tmp_path / "tool").exists()
    threads = [threading.Thread(target=built_once, args=(tmp_path / "tool", build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert (tmp_path / "tool").is_dir()


def test_its_environment_is_its_own(tmp_path: Path) -> None:
    python = install_emulator(tmp_path)
    assert python == tmp_path / "ministack-1.5.33" / "bin" / "python"
    assert install_emulator(tmp_path) == python
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["ministack-1.5.33"]
