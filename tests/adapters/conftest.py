"""A hub whose server misbehaves on demand, and what that server noted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stamina
from mcp import Client, StdioServerParameters

from adapters.mcp_hub import McpHub
from core.outages import OutagePolicy

SERVER = Path(__file__).parent / "servers_for_tests" / "misbehaving.py"


@dataclass
class Misbehaving:
    """The server's notes, and how to reach it."""

    directory: Path

    def hub(
        self,
        start: str = "",
        command: str = sys.executable,
        start_seconds: float = 30,
        outages: OutagePolicy | None = None,
    ) -> McpHub:
        environment = {"MISBEHAVING_DIRECTORY": str(self.directory), "MISBEHAVING_START": start}
        parameters = StdioServerParameters(command=command, args=[str(SERVER)], env=environment)
        return McpHub({"mysql": lambda: Client(parameters)}, start_seconds=start_seconds, outages=outages)

    def count(self, what: str) -> int:
        return len(list(self.directory.glob(f"{what}-*")))

    @property
    def pids(self) -> list[int]:
        return [int(p.name.removeprefix("pid-")) for p in self.directory.glob("pid-*")]


@pytest.fixture
def misbehaving(tmp_path: Path) -> Misbehaving:
    return Misbehaving(tmp_path)


@pytest.fixture(autouse=True)
def retries_without_waiting() -> Iterator[None]:
    """Three attempts, no pause between them."""
    with stamina.set_testing(True, attempts=3):
        yield
