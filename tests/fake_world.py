"""The four services in memory: what happened to them is counted, and it outlives the driver that did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.items.plan import Cell
from core.ports import World
from core.source_schema import SourceSchema
from tests.fake_jobs import FakeJobs
from tests.fake_services import Effects, FakeObjects, FakeSource, FakeTargets


@dataclass
class FakeClock:
    """Time that passes only by sleeping."""

    moment: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass
class FakeWorld:
    """All of it, and the port bundle that steps take."""

    effects: Effects
    source: FakeSource
    targets: FakeTargets
    jobs: FakeJobs
    objects: FakeObjects
    clock: FakeClock

    @property
    def world(self) -> World:
        return World(self.source, self.targets, self.jobs, self.objects, self.clock)


def make_world(
    schema: SourceSchema, rows: Sequence[tuple[Cell, ...]] = (), view_columns: Sequence[str] = ()
) -> FakeWorld:
    """A world that is empty but for the source's rows, which are those of the view too."""
    effects, objects, kept = Effects(), FakeObjects(), list(rows)
    targets = FakeTargets(effects)
    return FakeWorld(
        effects=effects,
        source=FakeSource(effects, schema, kept, tuple(view_columns)),
        targets=targets,
        jobs=FakeJobs(effects, objects, targets, kept),
        objects=objects,
        clock=FakeClock(),
    )
