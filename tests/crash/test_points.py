"""The points of the crash tests cover the lifecycle, whatever it becomes."""

from __future__ import annotations

from pathlib import Path

from core.lifecycle import TRANSITIONS, TableState, Trigger
from tests.crash.points import MOMENTS, Edge, Story, edges, lifecycle_point, lifecycle_points, port_points


def test_every_transition_has_its_points() -> None:
    wanted = {lifecycle_point(t["trigger"], t["source"], t["dest"], moment) for t in TRANSITIONS for moment in MOMENTS}
    planned = [point for story in Story for point in lifecycle_points(story)]
    assert set(planned) == wanted
    assert len(planned) == len(wanted)


def test_every_story_is_told() -> None:
    """Each name of a story is used by a test of every_point.py."""
    text = (Path(__file__).parent / "every_point.py").read_text(encoding="utf-8")
    assert [story for story in Story if f"Story.{story.name}" not in text] == []


def test_a_new_transition_is_on_the_way() -> None:
    added = {"trigger": Trigger.FINISH_LOAD.value, "source": TableState.PENDING, "dest": TableState.CANCELLED}
    assert Edge(Trigger.FINISH_LOAD, TableState.PENDING, TableState.CANCELLED) in edges(
        Story.WAY, (*TRANSITIONS, added)
    )


def test_effects_are_whatever_is_not_known_to_read() -> None:
    trace = [
        "load before objects.keys 1",
        "load after objects.keys 1",
        "load before objects.keys 2",
        "load before x.new 2",
    ]
    assert port_points(trace, ("before", "after"), effects_only=True) == ["load before x.new 2", "load after x.new 2"]
    assert port_points(trace, ("during",), effects_only=False) == ["load during objects.keys 1", "load during x.new 2"]
