"""What a cleanup lists and removes, over fakes of whole ports: all that is this migration's, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.checkpoints import MigrationRecord, MigrationStatus, TableCheckpoint
from core.cleanup import CleanupPlan, Kind, inventory, remove
from core.errors import StateError
from core.ports import JobRun
from tests.fake_services import ProcessKilled
from tests.unit.test_drive import OPTIONS, TABLE, Stage

PREFIX = "tableferry/migrations/m1/"
REPORTS = {f"{PREFIX}report.json", f"{PREFIX}report.md", f"{PREFIX}{TABLE.name}/rejects/chunk-0.jsonl"}


def record_of(migration_id: str, status: MigrationStatus = MigrationStatus.SUCCEEDED, **settings: Any) -> Any:
    stage = Stage()
    kept = {"options": OPTIONS.to_record(), "source_address": {"host": "h"}, **settings}
    return replace(stage.store.migration("m1"), id=migration_id, status=status, settings=kept)


@pytest.fixture
def done() -> Stage:
    """A migration that was driven to its end, with reports beside its other objects."""
    stage = Stage()
    stage.process()
    for key in REPORTS:
        stage.world.objects.objects[key] = b""
    for name in ("loader.zip", "loader.py"):  # as a real package is named, with its hash
        stage.world.objects.objects[f"tableferry/loader/{'0' * 16}-{name}"] = stage.world.objects.objects.pop(
            f"tableferry/loader/{name}"
        )
    return stage


def plan_of(stage: Stage, *others: tuple[MigrationRecord, list[TableCheckpoint]], **options: bool) -> CleanupPlan:
    found = inventory(record_of("m1"), stage.store.tables("m1"), others, stage.world.world, **options)
    return asyncio.run(found)


def kinds(plan: CleanupPlan) -> list[Kind]:
    return [thing.kind for thing in plan.remove]


def why(plan: CleanupPlan, kind: Kind) -> str:
    return next(kept.why for kept in plan.keep if kept.kind is kind)


def clean(stage: Stage, plan: CleanupPlan) -> list[Kind]:
    told: list[Kind] = []
    asyncio.run(remove(plan, stage.world.world, lambda thing: told.append(thing.kind)))
    return told


def test_everything_that_the_migration_made_goes_but_its_reports(done: Stage) -> None:
    plan = plan_of(done, drop_tables=True, unprotect=True)
    assert clean(done, plan) == list(Kind)
    world = done.world
    left = (world.source.views, world.source.secrets, world.jobs.jobs, world.targets.tables)
    assert left == ({}, {}, {}, {})
    assert set(world.objects.objects) == REPORTS


def test_target_tables_stay_unless_asked_for_twice_where_they_are_protected(done: Stage) -> None:
    assert Kind.TABLE not in kinds(plan_of(done))
    assert "--drop-tables" in why(plan_of(done), Kind.TABLE)
    protected = plan_of(done, drop_tables=True)
    assert Kind.TABLE not in kinds(protected)
    assert "--disable-deletion-protection" in why(protected, Kind.TABLE)
    assert "7 items" in why(protected, Kind.TABLE)
    clean(done, protected)
    assert len(done.world.targets.items["Orders"]) == 7


def test_what_is_gone_is_not_listed_again(done: Stage) -> None:
    clean(done, plan_of(done, drop_tables=True, unprotect=True))
    assert set(kinds(plan_of(done, drop_tables=True, unprotect=True))) <= {Kind.SECRET}


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [("view_created", Kind.VIEW), ("job_created", Kind.JOB), ("table_created", Kind.TABLE)],
)
def test_what_it_cannot_prove_to_have_made_stays(done: Stage, evidence: str, kind: Kind) -> None:
    (table,) = done.store.tables("m1")
    unproved = [replace(table, evidence={**table.evidence, evidence: False})]
    found = inventory(record_of("m1"), unproved, [], done.world.world, drop_tables=True, unprotect=True)
    plan = asyncio.run(found)
    assert kind not in kinds(plan)
    assert "found it there" in why(plan, kind)


def test_a_table_that_was_made_anew_stays(done: Stage) -> None:
    (table,) = done.store.tables("m1")
    other = [replace(table, evidence={**table.evidence, "table_id": "id-of-the-old-one"})]
    plan = asyncio.run(inventory(record_of("m1"), other, [], done.world.world, drop_tables=True, unprotect=True))
    assert "another table" in why(plan, Kind.TABLE)


def test_a_view_that_was_replaced_stays(done: Stage) -> None:
    done.world.source.views["ddb_orders_view"] = "another hash"
    assert "replaced" in why(plan_of(done), Kind.VIEW)


def test_what_other_migrations_use_stays(done: Stage) -> None:
    tables = done.store.tables("m1")
    running = (record_of("m2", MigrationStatus.RUNNING), tables)
    plan = plan_of(done, running, drop_tables=True, unprotect=True)
    assert {Kind.VIEW, Kind.LOADER, Kind.TABLE}.isdisjoint(kinds(plan))
    assert all("m2" in why(plan, kind) for kind in (Kind.VIEW, Kind.LOADER, Kind.TABLE))
    cleaned = (record_of("m3", cleaned_up_at="2026-01-01"), tables)
    assert {Kind.VIEW, Kind.LOADER} <= set(kinds(plan_of(done, cleaned)))


def test_the_loader_stays_for_a_migration_of_another_store(done: Stage) -> None:
    done.world.objects.objects["tableferry/migrations/elsewhere/T/plan.json"] = b""
    assert "elsewhere" in why(plan_of(done), Kind.LOADER)


def test_a_live_run_is_not_cut_off(done: Stage) -> None:
    job = next(iter(done.world.jobs.jobs))
    done.world.jobs.history.append((job, JobRun("jr_9", "RUNNING", {})))
    with pytest.raises(StateError, match="jr_9"):
        plan_of(done)


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_cleanup_that_died_is_repeated(done: Stage, point: str) -> None:
    done.world.effects.kill = (point, "view")
    with pytest.raises(ProcessKilled):
        clean(done, plan_of(done))
    clean(done, plan_of(done))
    assert (done.world.source.views, done.world.jobs.jobs) == ({}, {})
    assert set(done.world.objects.objects) == REPORTS
