"""A repair as the orchestrator starts it: what it may overwrite, and what it may delete."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from core.checkpoints import MigrationRecord, MigrationStatus
from core.errors import ConflictError
from core.lifecycle import Trigger
from core.other_writers import other_writer
from core.steps import TableRun
from core.steps.repair import repair_table
from tests.unit import test_drive
from tests.unit.test_drive import OPTIONS, PACKAGE, TABLE, Stage


def loaded(monkeypatch: pytest.MonkeyPatch, *, others: bool, **options: Any) -> Stage:
    """A table that was loaded with these options, beside items of others or not."""
    monkeypatch.setattr(test_drive, "OPTIONS", replace(OPTIONS, sample_items=0, **options))
    stage = Stage()
    if others:
        stage.world.targets.tables["Orders"] = TABLE.target.to_wire()
        stage.world.targets.items["Orders"] = {"theirs": {"id": {"N": "0"}}}
    stage.process()
    return stage


def repaired(
    stage: Stage, *, delete_extra: bool = False, overwrite: bool = False, other: str | None = None, **found: Any
) -> dict[str, str]:
    """The arguments of the run that a repair of the validation v-1, which `found` this, started."""
    run = TableRun("m1", "shop", TABLE, test_drive.OPTIONS, stage.world.world, PACKAGE, lambda progress: None)
    for name, document in {"result": {"rejects": 0, **found}, "repair": {}}.items():
        stage.world.objects.objects[f"{run.prefix}validation/v-1/{name}.json"] = json.dumps(document).encode()
    evidence = stage.checkpoint.evidence
    asked = {"delete_extra": delete_extra, "overwrite": overwrite}

    async def other_writer(_: Any) -> str | None:
        return other

    done = asyncio.run(repair_table(replace(run, other_writer=other_writer), evidence, "v-1", **asked))
    assert done["load"]["items_written"] == evidence["load"]["items_written"]
    return stage.world.jobs.history[-1][1].arguments


@pytest.mark.parametrize(
    ("others", "options", "asked", "existing"),
    [
        (False, {"into_nonempty": True}, False, "overwrite"),
        (True, {"into_nonempty": True}, False, "keep"),
        (True, {"into_nonempty": True}, True, "overwrite"),
        (True, {"into_nonempty": True, "overwrite": True}, False, "overwrite"),
    ],
)
def test_items_of_others_are_written_over_only_if_asked(
    monkeypatch: pytest.MonkeyPatch, others: bool, options: dict[str, bool], asked: bool, existing: str
) -> None:
    stage = loaded(monkeypatch, others=others, **options)
    assert repaired(stage, overwrite=asked)["--existing"] == existing


def test_a_repair_that_left_items_is_not_taken_for_one_that_overwrites(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = loaded(monkeypatch, others=True, into_nonempty=True)
    first, second = repaired(stage), repaired(stage, overwrite=True)
    assert (first["--existing"], second["--existing"]) == ("keep", "overwrite")


def test_nothing_is_deleted_while_rows_became_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their items look extra; mended rows would need them again."""
    stage = loaded(monkeypatch, others=False)
    runs = len(stage.world.jobs.history)
    with pytest.raises(ConflictError, match=r"1 rows of .* became rejects since the load"):
        repaired(stage, delete_extra=True, rejects=1, rejects_since_load=1)
    with pytest.raises(ConflictError, match="became rejects"):
        repaired(stage, delete_extra=True, rejects=1)
    assert len(stage.world.jobs.history) == runs
    assert repaired(stage, rejects=1, rejects_since_load=1)["--delete-extra"] == "false"
    assert repaired(stage, delete_extra=True, rejects_since_load=0)["--delete-extra"] == "true"


def test_items_of_another_migration_are_not_written_over_nor_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """This one made the table, and another loaded into it since."""
    stage = loaded(monkeypatch, others=False)
    now = stage.store.migration("m1").created_at
    stage.store.create_migration(MigrationRecord("m2", "hash", {}, {}, MigrationStatus.RUNNING, now, now), ["Theirs"])
    pending = stage.store.begin("m2", "Theirs", Trigger.CREATE_VIEW, {})
    evidence = stage.checkpoint.evidence
    assert other_writer(stage.store, "m1", evidence) is None
    stage.store.commit(pending, {"target_table": evidence["target_table"], "table_id": evidence["table_id"]})
    assert other_writer(stage.store, "m1", evidence) == "m2"

    assert repaired(stage, other="m2")["--existing"] == "keep"
    assert repaired(stage, other="m2", overwrite=True)["--existing"] == "overwrite"
    with pytest.raises(ConflictError, match="was loaded beside items of migration m2"):
        repaired(stage, other="m2", delete_extra=True)
