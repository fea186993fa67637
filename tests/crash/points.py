"""Where something is killed: derived from the lifecycle's own table, so that a new transition is covered unasked.

A point is a moment of one table: `<trigger> <source>><dest> begun` is after the intent was stored and before the
effect, `... done` after the effect and before the commit; `<trigger> before|during|after <port>.<method> <n>` is
around the n-th call of a port's method in that step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.lifecycle import TRANSITIONS, TableState, Trigger

MOMENTS: Final = ("begun", "done")
# Whatever is not listed here is taken for an effect, so that a new method of a port is killed around too.
READS: Final = frozenset(
    {
        *("status", "permissions", "describe_schema", "query", "plan_chunks", "view_state", "position"),
        *("differences", "is_empty", "count", "get", "find", "run", "runs", "logs", "exists", "read", "keys", "first"),
    }
)


class Story(StrEnum):
    """How a table comes to a transition."""

    WAY = "run"
    FAILURE = "failure and retry"
    LOST_RUN = "load run lost"
    REJECTS = "retry-rejects"
    AGAIN = "validate again"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Edge:
    """One row of the lifecycle's table."""

    trigger: Trigger
    source: TableState
    dest: TableState

    @property
    def story(self) -> Story:
        """A transition that nobody thought of is on the way, where its points must be reached."""
        if self.trigger in (Trigger.FAIL, Trigger.RETRY):
            return Story.FAILURE
        if self.trigger is Trigger.CANCEL:
            return Story.CANCEL
        if self.trigger is Trigger.RESTART_LOAD:
            return Story.LOST_RUN if self.source is TableState.LOADING else Story.REJECTS
        again = self.trigger is Trigger.START_VALIDATION and self.source is TableState.VALIDATED
        return Story.AGAIN if again else Story.WAY

    def at(self, moment: str) -> str:
        """The point's name."""
        return lifecycle_point(self.trigger, self.source, self.dest, moment)


def lifecycle_point(trigger: str, source: str, dest: str, moment: str) -> str:
    """The name of a moment of a transition."""
    return f"{trigger} {source}>{dest} {moment}"


def edges(story: Story, transitions: Iterable[Mapping[str, Any]] = TRANSITIONS) -> list[Edge]:
    """The transitions that a story passes, in the lifecycle's order."""
    found = (Edge(Trigger(t["trigger"]), t["source"], t["dest"]) for t in transitions)
    return [edge for edge in found if edge.story is story]


def lifecycle_points(story: Story) -> list[str]:
    """Before and after the effect of each of the story's transitions."""
    return [edge.at(moment) for edge in edges(story) for moment in MOMENTS]


def port_points(trace: Sequence[str], moments: Sequence[str], *, effects_only: bool) -> list[str]:
    """Points around the port calls that an undisturbed run made, each once, in order."""
    found: dict[str, None] = {}
    for line in trace:
        step, moment, call, number = [*line.split(" "), "", ""][:4]
        if moment != "before":
            continue
        method = call.partition(".")[2]
        if method in READS and (effects_only or number != "1"):
            continue
        for wanted in moments:
            found[f"{step} {wanted} {call} {number}"] = None
    return list(found)
