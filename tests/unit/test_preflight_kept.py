"""A preflight that a dead process left, when the next one is told to keep rejects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.lifecycle import TableState
from tests.fake_services import ProcessKilled
from tests.unit import test_drive
from tests.unit.test_drive import OPTIONS, Stage
from tests.unit.test_preflight_step import BY_NOTE, SHARED, evidence, of, tasks


def test_shared_keys_that_sql_found_before_a_death_still_reach_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQL says that keys are shared, not which rows share them: that is too little to keep the good rows by."""
    stage = Stage()
    of(stage, monkeypatch, BY_NOTE)
    stage.world.source.collisions = [("AB", "2", "1", "2")]
    with monkeypatch.context() as dying:
        dying.setattr("core.steps.preflight._require_loadable", _killed)
        with pytest.raises(ProcessKilled):
            stage.process()
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, rejects="keep"))
    stage.world.jobs.found = [SHARED]
    stage.process()
    assert stage.checkpoint.state is TableState.VALIDATED
    assert tasks(stage) == ["preflight", "load"]
    assert stage.world.jobs.history[-1][1].arguments["--collisions"] == evidence(stage)["collisions_key"]


def _killed(*_: object) -> None:
    raise ProcessKilled
