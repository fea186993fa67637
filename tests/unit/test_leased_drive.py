"""A driver whose lease is another's: it stops, and its table is not marked as failed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import core.drive
from adapters.this_process import is_gone, this_process
from core.cancel import give_up_tables
from core.drive import TableDriver
from core.errors import LeaseHeldError, LeaseLostError, UnavailableError
from core.heartbeat import Heartbeat, leased
from core.leases import Holder, Lease, Owner
from core.lifecycle import TableState, Trigger
from core.steps import STEPS, TableRun
from core.summary import summarize
from tests.unit.test_drive import OPTIONS, PACKAGE, TABLE, Stage, assert_as_undisturbed
from tests.unit.test_summary import record

ONE, TWO = (Owner("host", pid, "boot", str(pid), str(pid)) for pid in (11, 22))
LIFE = 0.03  # short, so that beats come while a test waits for them


def wait_until_lost(beat: Heartbeat) -> None:
    deadline = time.monotonic() + 30
    while beat.lost is None:
        assert time.monotonic() < deadline, "nobody told the process that its lease is lost"
        time.sleep(LIFE / 3)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def driver(stage: Stage, fence: int | None, **changed: Any) -> TableDriver:
    run = TableRun("m1", "shop", TABLE, OPTIONS, stage.world.world, PACKAGE, lambda progress: None)
    return TableDriver(replace(run, **changed), stage.store, fence)


async def drive(driver: TableDriver) -> None:
    trigger = await driver.pick_up()
    while trigger is not None:
        trigger = await driver.advance(trigger)


def test_a_table_is_driven_to_its_end_under_one_fence(stage: Stage) -> None:
    lease = stage.store.acquire_lease("m1", TABLE.name, ONE, 600)
    asyncio.run(drive(driver(stage, lease.fence)))
    assert_as_undisturbed(stage)


@pytest.mark.parametrize("trigger", list(STEPS), ids=str)
def test_a_table_that_is_taken_over_in_any_step_is_left_to_its_new_driver(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, trigger: Trigger
) -> None:
    """The known case: two resumes at once, and the loser failed the winner's table."""
    if trigger is Trigger.RESTART_LOAD:
        stage.world.jobs.ends = ["FAILED"]
        stage.until_done(1)
    lease = stage.store.acquire_lease("m1", TABLE.name, ONE, 600)
    taken: list[Lease] = []

    async def overtaken(run: TableRun, intent: Any, evidence: Any) -> dict[str, Any]:
        if not taken:
            taken.append(stage.store.acquire_lease("m1", TABLE.name, TWO, 600, lambda owner: True))
        return await STEPS[trigger](run, intent, evidence)

    monkeypatch.setattr(core.drive, "STEPS", {**STEPS, trigger: overtaken})
    with pytest.raises(LeaseLostError):
        asyncio.run(drive(driver(stage, lease.fence)))
    assert stage.checkpoint.state is not TableState.FAILED
    asyncio.run(drive(driver(stage, taken[0].fence)))
    assert stage.checkpoint.state is TableState.VALIDATED


def test_who_has_no_lease_changes_nothing_of_a_table_that_is_driven(stage: Stage) -> None:
    stage.store.acquire_lease("m1", TABLE.name, ONE, 600)
    with pytest.raises(LeaseHeldError, match="pid 11 on host"):
        asyncio.run(drive(driver(stage, None)))
    assert stage.store.transitions("m1", TABLE.name) == []


def test_a_heartbeat_keeps_the_lease_and_tells_of_each_beat(stage: Stage) -> None:
    beats: list[datetime] = []

    async def holding() -> None:
        enough = asyncio.Event()

        async def on_beat() -> None:
            beats.append(stage.store.leases("m1")[0].expires_at)
            if len(beats) == 3:
                enough.set()

        async with leased(stage.store, "m1", TABLE.name, Holder(ONE, LIFE), on_beat) as beat:
            await asyncio.wait_for(enough.wait(), 30)
            assert beat.lost is None
        assert stage.store.leases("m1") == []

    asyncio.run(holding())
    assert beats == sorted(set(beats))


def test_a_process_that_lost_its_lease_stops_at_its_next_sign_of_life(stage: Stage) -> None:
    async def holding() -> None:
        async with leased(stage.store, "m1", TABLE.name, Holder(ONE, LIFE)) as beat:
            taken = stage.store.acquire_lease("m1", TABLE.name, TWO, 600, lambda owner: True)
            await asyncio.to_thread(wait_until_lost, beat)
            with pytest.raises(LeaseLostError):
                beat.require()
            stopping = driver(stage, taken.fence, on_progress=lambda progress: beat.require())
            with pytest.raises(LeaseLostError):
                await drive(stopping)
        assert stage.store.leases("m1") == [taken], "what was lost is not given back"

    asyncio.run(asyncio.wait_for(holding(), 30))
    assert stage.checkpoint.state is TableState.PENDING


def test_a_store_that_is_away_for_a_beat_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    renew, answers = stage.store.renew_lease, [UnavailableError("the store is away")]

    async def holding() -> None:
        renewed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def renew_later(lease: Lease, seconds: float) -> Lease:
            if answers:
                raise answers.pop()
            loop.call_soon_threadsafe(renewed.set)
            return renew(lease, seconds)

        monkeypatch.setattr(stage.store, "renew_lease", renew_later)
        async with leased(stage.store, "m1", TABLE.name, Holder(ONE, LIFE)) as beat:
            await asyncio.wait_for(renewed.wait(), 30)
            assert beat.lost is None

    asyncio.run(holding())
    assert answers == []


def test_a_process_is_gone_when_it_ended_or_another_has_its_number() -> None:
    me = this_process()
    assert not is_gone(me)
    assert is_gone(replace(me, started="1"))
    assert not is_gone(replace(me, host="elsewhere", started="1"))
    assert not is_gone(replace(me, boot="an earlier one", started="1"))
    assert this_process().token != me.token
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
        started = stat.rpartition(")")[2].split()[19]
        child = replace(me, pid=process.pid, started=started)
        assert not is_gone(child)
        os.kill(process.pid, signal.SIGSTOP)
        assert not is_gone(child), "a stopped process may go on"
        process.kill()
        process.wait()
        assert is_gone(child)


def test_a_table_that_another_process_drives_is_in_the_report_and_the_exit_code(stage: Stage) -> None:
    lease = stage.store.acquire_lease("m1", TABLE.name, ONE, 600)
    with pytest.raises(LeaseHeldError) as held:
        stage.store.acquire_lease("m1", TABLE.name, TWO, 600)
    result = summarize(record("m1"), [stage.checkpoint], datetime.now(UTC), {TABLE.name: held.value})
    (problem,) = result.problems
    assert problem.error.startswith(f"{TABLE.name} is driven by another process: pid 11 on host, since ")
    assert lease.expires_at.isoformat(timespec="seconds") in problem.remedy
    assert result.exit_code == 1


def test_a_table_whose_driver_was_killed_a_moment_ago_is_given_up(stage: Stage) -> None:
    """Its lease lives on for a while; who cancels then does not have to wait for its end."""
    stage.store.acquire_lease("m1", TABLE.name, ONE, 600)
    give_up_tables(stage.store, "m1", Holder(TWO, is_gone=lambda owner: owner == ONE))
    assert stage.checkpoint.state is TableState.CANCELLED
    assert stage.store.leases("m1") == []


def test_a_table_that_a_living_process_drives_is_not_given_up(stage: Stage) -> None:
    stage.store.acquire_lease("m1", TABLE.name, ONE, 600)
    with pytest.raises(LeaseHeldError):
        give_up_tables(stage.store, "m1", Holder(TWO))
    assert stage.checkpoint.state is TableState.PENDING
