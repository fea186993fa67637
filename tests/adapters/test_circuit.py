"""Calls to a server that is away: who waits, for how long, who tries it, and what is told of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.mcp_hub import McpHub
from core.circuits import CircuitRecord, CircuitState
from core.errors import OutageError, PermissionDeniedError, UnavailableError
from core.outages import OutagePolicy, patient
from tests.adapters.conftest import Misbehaving

QUICK = OutagePolicy(failures=3, first_pause_seconds=0.05, longest_pause_seconds=0.2, patience_seconds=50)


class Watched:
    """A hub with what was told of its circuit, and what its waiting callers were told."""

    def __init__(self, hub: McpHub) -> None:
        self.hub = hub
        self.records: list[CircuitRecord] = []
        self.told: list[str] = []
        self.threads: set[int] = set()

    def live(self, use: Callable[[McpHub], Any]) -> Any:
        async def life() -> Any:
            async with asyncio.timeout(60), self.hub:
                with self.hub.watched(self._note):
                    return await use(self.hub)

        return asyncio.run(life())

    def _note(self, record: CircuitRecord) -> None:
        self.records.append(record)
        self.threads.add(threading.get_ident())

    @property
    def states(self) -> list[CircuitState]:
        return [r.state for r in self.records]

    async def call(self, tool: str, **arguments: Any) -> Any:
        """As a table that is being moved calls: it waits."""
        with patient(self.told.append):
            return await self.hub.call("mysql", tool, arguments, timeout_seconds=20)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - the condition is another thread's
                await asyncio.sleep(0.01)


@pytest.fixture
def watched(misbehaving: Misbehaving) -> Watched:
    return Watched(misbehaving.hub(outages=QUICK))


def away(misbehaving: Misbehaving, what: str) -> Path:
    sign = misbehaving.directory / what
    sign.touch()
    return sign


def test_calls_wait_for_a_backend_and_go_on_when_it_is_back(misbehaving: Misbehaving, watched: Watched) -> None:
    sign = away(misbehaving, "backend_away")

    async def use(hub: McpHub) -> Any:
        calls = [asyncio.ensure_future(watched.call("ask_backend")) for _ in range(4)]
        await watched.until(lambda: watched.states.count(CircuitState.HALF_OPEN) >= 3)
        assert not any(call.done() for call in calls)
        sign.unlink()
        return await asyncio.gather(*calls)

    assert [a["text"] for a in watched.live(use)] == ["back"] * 4
    assert watched.states[0] is CircuitState.OPEN
    assert watched.states[-1] is CircuitState.CLOSED
    assert watched.records[0].failures == 3
    assert watched.records[0].opened_at is not None
    assert (watched.records[-1].failures, watched.records[-1].opened_at) == (0, None)
    assert watched.told[0].startswith("waiting for the mysql server: the database is away (since ")
    assert misbehaving.count("start") == 1


def test_one_call_at_a_time_tries_a_server_that_is_away(misbehaving: Misbehaving, watched: Watched) -> None:
    sign = away(misbehaving, "backend_away")

    async def use(hub: McpHub) -> Any:
        calls = [asyncio.ensure_future(watched.call("ask_backend")) for _ in range(10)]
        await watched.until(lambda: watched.states.count(CircuitState.HALF_OPEN) >= 4)
        tried = misbehaving.count("ask_backend")
        tries = watched.states.count(CircuitState.HALF_OPEN)
        sign.unlink()
        await asyncio.gather(*calls)
        return tried, tries

    # All ten may be on their way before three have failed, two of them again; from then on each try is one call.
    calls, tries = watched.live(use)
    assert calls <= 10 + (QUICK.failures - 1) + tries


def test_calls_wait_for_a_server_that_does_not_start(misbehaving: Misbehaving, watched: Watched) -> None:
    sign = away(misbehaving, "away")

    async def use(hub: McpHub) -> Any:
        call = asyncio.ensure_future(watched.call("echo", text="here"))
        await watched.until(lambda: CircuitState.HALF_OPEN in watched.states)
        sign.unlink()
        return await call

    assert watched.live(use)["text"] == "here"
    assert "cannot be started or reached" in watched.told[0]


def test_who_is_told_nothing_does_not_wait(misbehaving: Misbehaving, watched: Watched) -> None:
    away(misbehaving, "backend_away")

    async def use(hub: McpHub) -> None:
        for _ in range(2):
            with pytest.raises(UnavailableError, match="the database is away"):
                await hub.call("mysql", "ask_backend")

    watched.live(use)
    assert misbehaving.count("ask_backend") == 6


def test_patience_ends(misbehaving: Misbehaving) -> None:
    away(misbehaving, "backend_away")
    policy = OutagePolicy(failures=2, first_pause_seconds=0.05, longest_pause_seconds=0.2, patience_seconds=1)
    watched = Watched(misbehaving.hub(outages=policy))

    async def use(hub: McpHub) -> None:
        with pytest.raises(OutageError, match=r"mysql server has been away since .*: the database is away") as caught:
            await watched.call("ask_backend")
        assert caught.value.retryable
        with pytest.raises(OutageError):
            await watched.call("ask_backend")

    watched.live(use)


def test_a_refusal_opens_nothing(watched: Watched) -> None:
    async def use(hub: McpHub) -> None:
        for _ in range(QUICK.failures + 1):
            with pytest.raises(PermissionDeniedError):
                await watched.call("refuse", code="permission_denied", times=99)

    watched.live(use)
    assert watched.records == []


def test_a_caller_who_is_cancelled_while_it_tries_leaves_that_to_another(
    misbehaving: Misbehaving, watched: Watched
) -> None:
    sign = away(misbehaving, "backend_away")

    async def use(hub: McpHub) -> Any:
        first = asyncio.ensure_future(watched.call("ask_backend"))
        await watched.until(lambda: CircuitState.OPEN in watched.states)
        first.cancel()
        sign.unlink()
        trying = asyncio.ensure_future(watched.call("hang"))
        await watched.until(lambda: misbehaving.count("hang") == 1)
        second = asyncio.ensure_future(watched.call("ask_backend"))
        trying.cancel()
        return await second

    assert watched.live(use)["text"] == "back"
