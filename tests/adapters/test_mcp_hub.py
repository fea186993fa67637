"""The hub and its links against a real server process that dies, hangs, and answers nonsense."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters.mcp_hub import McpHub
from core.errors import (
    CallTimedOutError,
    ConflictError,
    InternalError,
    PermissionDeniedError,
    ThrottledError,
    UnavailableError,
)
from tests.adapters.conftest import Misbehaving

Use = Callable[[McpHub], Awaitable[Any]]


def run(hub: McpHub, use: Use) -> Any:
    """One whole life of a hub; nothing of it may take longer than a minute."""

    async def life() -> Any:
        async with asyncio.timeout(60), hub:
            return await use(hub)

    return asyncio.run(life())


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_tools_structured_content_comes_back(misbehaving: Misbehaving) -> None:
    answer = run(misbehaving.hub(), lambda hub: hub.call("mysql", "echo", {"text": "é\n"}))
    assert answer["text"] == "é\n"


def test_servers_start_with_their_first_call_and_end_with_the_hub(misbehaving: Misbehaving) -> None:
    run(misbehaving.hub(), lambda hub: asyncio.sleep(0))
    assert misbehaving.count("start") == 0
    run(misbehaving.hub(), lambda hub: hub.call("mysql", "echo", {"text": "a"}))
    assert misbehaving.count("start") == 1
    assert all(is_gone(pid) for pid in misbehaving.pids)


def test_a_server_that_dies_is_started_again_and_the_call_repeated(misbehaving: Misbehaving) -> None:
    answer = run(misbehaving.hub(), lambda hub: hub.call("mysql", "die", {"times": 2}))
    assert answer["text"] == "survived"
    assert misbehaving.count("start") == 3


def test_a_call_that_must_not_be_repeated_says_that_the_outcome_is_unknown(misbehaving: Misbehaving) -> None:
    async def use(hub: McpHub) -> Any:
        with pytest.raises(UnavailableError, match="mysql server went away during die"):
            await hub.call("mysql", "die", {"times": 1}, repeatable=False)
        return await hub.call("mysql", "echo", {"text": "next"}, repeatable=False)

    assert run(misbehaving.hub(), use)["text"] == "next"
    assert (misbehaving.count("die"), misbehaving.count("start")) == (1, 2)


def test_a_server_that_always_dies_is_given_up(misbehaving: Misbehaving) -> None:
    with pytest.raises(UnavailableError):
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "die", {"times": 99}))
    assert misbehaving.count("die") == 3


def test_a_hanging_call_ends_in_time_and_the_session_stays_usable(misbehaving: Misbehaving) -> None:
    async def use(hub: McpHub) -> Any:
        await hub.call("mysql", "echo", {"text": "warm"})
        begun = time.monotonic()
        with pytest.raises(CallTimedOutError, match=r"did not answer hang in 0\.3 seconds"):
            await hub.call("mysql", "hang", timeout_seconds=0.3, repeatable=False)
        assert time.monotonic() - begun < 10
        return await hub.call("mysql", "echo", {"text": "after"})

    assert run(misbehaving.hub(), use)["text"] == "after"
    assert misbehaving.count("start") == 1


def test_a_timed_out_call_that_may_be_repeated_is(misbehaving: Misbehaving) -> None:
    with pytest.raises(CallTimedOutError):
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "hang", timeout_seconds=0.3))
    assert misbehaving.count("hang") == 3


def test_a_server_that_ends_at_once_cannot_be_started(misbehaving: Misbehaving) -> None:
    with pytest.raises(UnavailableError, match="mysql server cannot be started or reached"):
        run(misbehaving.hub("exit"), lambda hub: hub.call("mysql", "echo", {"text": "a"}))


def test_a_program_that_does_not_exist_cannot_be_started(misbehaving: Misbehaving) -> None:
    hub = misbehaving.hub(command="/nonexistent/python")
    with pytest.raises(UnavailableError, match="cannot be started or reached: FileNotFoundError"):
        run(hub, lambda hub: hub.call("mysql", "echo", {"text": "a"}))


def test_a_server_that_never_says_anything_is_given_up_in_time(misbehaving: Misbehaving) -> None:
    hub = misbehaving.hub("mute", start_seconds=3)
    begun = time.monotonic()
    with pytest.raises(UnavailableError, match="no answer in 3 seconds"):
        run(hub, lambda hub: hub.call("mysql", "echo", {"text": "a"}, repeatable=False))
    assert time.monotonic() - begun < 20
    assert all(is_gone(pid) for pid in misbehaving.pids)


def test_garbage_before_the_start_is_passed_over(misbehaving: Misbehaving) -> None:
    assert run(misbehaving.hub("garbage"), lambda hub: hub.call("mysql", "echo", {"text": "a"}))["text"] == "a"


def test_ten_megabytes_arrive_whole(misbehaving: Misbehaving) -> None:
    answer = run(misbehaving.hub(), lambda hub: hub.call("mysql", "large", {"size": 10_000_000}))
    assert len(answer["text"]) == 10_000_000


@pytest.mark.parametrize(("code", "error"), [("conflict", ConflictError), ("permission_denied", PermissionDeniedError)])
def test_an_error_of_ours_comes_out_as_it_went_in(misbehaving: Misbehaving, code: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "refuse", {"code": code, "times": 99}))
    assert caught.value.facts == {"table": "t"}  # type: ignore[attr-defined]
    assert str(caught.value) == "no ask"
    assert misbehaving.count(f"refuse_{code}") == 1


def test_a_throttled_call_is_repeated_even_if_it_changes_something(misbehaving: Misbehaving) -> None:
    arguments = {"code": "throttled", "times": 2}
    assert (
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "refuse", arguments, repeatable=False))["text"] == "done"
    )
    with pytest.raises(ThrottledError):
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "refuse", arguments | {"times": 99}, repeatable=False))


def test_a_code_that_nobody_knows_is_kept_as_a_fact(misbehaving: Misbehaving) -> None:
    with pytest.raises(InternalError) as caught:
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "refuse", {"code": "unheard", "times": 99}))
    assert caught.value.facts["wire_code"] == "unheard"


def test_a_defect_of_the_server_is_internal_and_tells_no_secret(misbehaving: Misbehaving) -> None:
    with pytest.raises(InternalError, match="mysql server's crash failed") as caught:
        run(misbehaving.hub(), lambda hub: hub.call("mysql", "crash", {"secret": "hunter2"}))
    assert "hunter2" not in repr(caught.value.to_wire())
    assert misbehaving.count("crash") == 1


@pytest.mark.parametrize(("tool", "arguments"), [("nothing", {}), ("echo", {}), ("echo", {"text": [1]}), ("prose", {})])
def test_a_call_that_the_server_does_not_understand_is_internal(
    misbehaving: Misbehaving, tool: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InternalError, match=f"mysql server's {tool}"):
        run(misbehaving.hub(), lambda hub: hub.call("mysql", tool, arguments))


def test_a_cancelled_caller_cancels_the_call_and_nothing_else(misbehaving: Misbehaving) -> None:
    async def use(hub: McpHub) -> Any:
        await hub.call("mysql", "echo", {"text": "warm"})
        call = asyncio.ensure_future(hub.call("mysql", "hang"))
        await _until(lambda: misbehaving.count("hang") == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return await hub.call("mysql", "echo", {"text": "after"})

    assert run(misbehaving.hub(), use)["text"] == "after"
    assert misbehaving.count("start") == 1


def test_a_caller_who_is_cancelled_while_the_server_starts_leaves_it_to_the_others(misbehaving: Misbehaving) -> None:
    async def use(hub: McpHub) -> Any:
        first = asyncio.ensure_future(hub.call("mysql", "echo", {"text": "first"}))
        second = asyncio.ensure_future(hub.call("mysql", "echo", {"text": "second"}))
        await _until(lambda: misbehaving.count("start") >= 1)
        first.cancel()
        return await second

    assert run(misbehaving.hub(), use)["text"] == "second"
    assert misbehaving.count("start") == 1
    assert all(is_gone(pid) for pid in misbehaving.pids)


def test_calls_from_many_event_loops_share_one_session(misbehaving: Misbehaving) -> None:
    async def use(hub: McpHub) -> list[str]:
        async def calls(worker: int) -> list[str]:
            answers = await asyncio.gather(*(hub.call("mysql", "echo", {"text": f"{worker}-{n}"}) for n in range(8)))
            return [a["text"] for a in answers]

        with ThreadPoolExecutor(4) as threads:
            loop = asyncio.get_running_loop()
            others = [loop.run_in_executor(threads, lambda w=w: asyncio.run(calls(w))) for w in range(4)]  # type: ignore[misc]
            return [text for found in await asyncio.gather(*others) for text in found]

    assert run(misbehaving.hub(), use) == [f"{w}-{n}" for w in range(4) for n in range(8)]
    assert misbehaving.count("start") == 1


def test_a_death_under_many_calls_fails_or_repeats_each_and_starts_one_server(misbehaving: Misbehaving) -> None:
    async def use(hub: McpHub) -> list[Any]:
        await hub.call("mysql", "echo", {"text": "warm"})
        calls = [hub.call("mysql", "hang", repeatable=False) for _ in range(5)]
        waiting = asyncio.gather(*calls, return_exceptions=True)
        await _until(lambda: misbehaving.count("hang") == 5)
        answer = await hub.call("mysql", "die", {"times": 1})
        assert answer["text"] == "survived"
        return await waiting

    assert [type(e) for e in run(misbehaving.hub(), use)] == [UnavailableError] * 5
    assert misbehaving.count("start") == 2
    assert all(is_gone(pid) for pid in misbehaving.pids)


def test_a_stopped_server_is_ended_and_the_call_repeated(misbehaving: Misbehaving) -> None:
    begun = time.monotonic()
    answer = run(misbehaving.hub(), lambda hub: hub.call("mysql", "stop_itself", {"times": 1}, timeout_seconds=3))
    assert (answer["text"], misbehaving.count("start")) == ("went on", 2)
    assert time.monotonic() - begun < 50
    assert all(is_gone(pid) for pid in misbehaving.pids)


def test_ten_megabytes_that_are_no_answer_end_the_server_and_the_call_is_repeated(misbehaving: Misbehaving) -> None:
    answer = run(misbehaving.hub(), lambda hub: hub.call("mysql", "flood", {"times": 1}, timeout_seconds=3))
    assert (answer["text"], misbehaving.count("start")) == ("dry", 2)
    assert all(is_gone(pid) for pid in misbehaving.pids)


@pytest.mark.parametrize(("garbage", "calls"), [("Warning!\n{not json}\n", 1), ("no line", 2)])
def test_garbage_in_the_middle_of_a_call_costs_one_call_at_most(
    misbehaving: Misbehaving, garbage: str, calls: int
) -> None:
    async def use(hub: McpHub) -> Any:
        await hub.call("mysql", "echo", {"text": "warm"})
        return await hub.call("mysql", "garble", {"text": garbage, "times": 1}, timeout_seconds=3)

    assert run(misbehaving.hub(), use)["text"] == "clear"
    assert (misbehaving.count("garble"), misbehaving.count("start")) == (calls, 1)


async def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll a real condition with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is another process's
            await asyncio.sleep(0.01)
