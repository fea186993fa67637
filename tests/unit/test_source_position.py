"""Two positions say that nothing happened between them, that something did, or that nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from core.errors import NotFoundError
from core.source_position import Movement, SourcePosition, movement
from core.summary import summarize
from tests.fake_services import FakeSource, ProcessKilled
from tests.unit.test_drive import Stage
from tests.unit.test_summary import NOW, record

T = "2026-01-01T00:00:00+00:00"


@dataclass
class _Case:
    before: SourcePosition | None
    after: SourcePosition | None
    found: Movement
    reason: str = field(default="")


@pytest.mark.parametrize(
    "case",
    [
        _Case(SourcePosition(T, gtid="u:1-5"), SourcePosition(T, gtid="u:1-5"), Movement.UNCHANGED),
        _Case(SourcePosition(T, gtid="u:1-5"), SourcePosition(T, gtid="u:1-6"), Movement.MOVED),
        _Case(SourcePosition(T, gtid="", binlog="b:4"), SourcePosition(T, gtid="", binlog="b:9"), Movement.UNCHANGED),
        _Case(SourcePosition(T, binlog="b:4"), SourcePosition(T, binlog="b:4"), Movement.UNCHANGED),
        _Case(SourcePosition(T, binlog="b:4"), SourcePosition(T, gtid="u:1", binlog="b:5"), Movement.MOVED),
        _Case(SourcePosition(T), SourcePosition(T, reason="no log"), Movement.UNKNOWN, "no log"),
        _Case(
            SourcePosition(T, gtid="u:1"), SourcePosition(T, binlog="b:5"), Movement.UNKNOWN,
            "the server showed different kinds of positions",
        ),
        _Case(SourcePosition(T, gtid="u:1"), None, Movement.UNKNOWN, "the position was not recorded"),
    ],
)  # fmt: skip
def test_what_two_positions_say(case: _Case) -> None:
    assert movement(case.before, case.after) == (case.found, case.reason)


def test_a_quiet_source_is_reported_as_unchanged() -> None:
    stage = Stage()
    stage.process()
    (found,) = summarize(record("m1"), [stage.checkpoint], NOW).movements
    assert (found.during_load, found.until_validated) == (Movement.UNCHANGED, Movement.UNCHANGED)
    assert "unchanged (same position)" in summarize(record("m1"), [stage.checkpoint], NOW).to_markdown()


def test_a_source_that_moves_is_reported_as_moved() -> None:
    stage = Stage()
    stage.world.source.moves = True
    stage.process()
    (found,) = summarize(record("m1"), [stage.checkpoint], NOW).movements
    assert (found.during_load, found.until_validated) == (Movement.MOVED, Movement.MOVED)


def test_a_change_while_the_orchestrator_was_dead_is_not_missed() -> None:
    """The run began before anybody noted it; the position before it is the one that counts."""
    stage = Stage()
    stage.world.effects.kill = ("after", "run")
    with pytest.raises(ProcessKilled):
        stage.process()
    stage.world.source.changes += 1
    stage.process()
    (found,) = summarize(record("m1"), [stage.checkpoint], NOW).movements
    assert found.during_load is Movement.MOVED


def test_a_server_without_the_tool_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(_: FakeSource) -> SourcePosition:
        raise NotFoundError("The mysql server has no tool named 'mysql_get_position'.")

    monkeypatch.setattr(FakeSource, "position", unknown)
    stage = Stage()
    stage.process()
    (found,) = summarize(record("m1"), [stage.checkpoint], NOW).movements
    assert (found.during_load, found.until_validated) == (Movement.UNKNOWN, Movement.UNKNOWN)
    assert "has no tool named" in found.reason
