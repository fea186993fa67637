"""What a checkpoint store keeps of chunks and circuits, the same for the fake, SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.checkpoints import CheckpointStore
from core.chunk_records import ChunkCount, ChunkRecord
from core.circuits import CircuitRecord, CircuitState
from core.errors import StateError
from core.items.plan import Chunk
from tests.ports.test_checkpoint_store import AWKWARD, new

PLAN = [
    Chunk(0, None, ("7", b"\x00\xff", "a\x00b \ud800"), 10),
    Chunk(1, ("7", b"\x00\xff", "a\x00b \ud800"), None, 20),
    Chunk(2, None, None, 0, item=1),
]


def test_chunks_come_back_as_they_were_planned(store: CheckpointStore) -> None:
    new(store)
    assert store.chunks("m1", "a") == []
    planned = store.plan_chunks("m1", "a", PLAN)
    assert planned == store.chunks("m1", "a") == [ChunkRecord(chunk) for chunk in PLAN]
    assert store.chunks("m1", "b") == []
    with pytest.raises(StateError, match="no table nope"):
        store.chunks("m1", "nope")


def test_the_same_plan_again_keeps_what_is_done_and_another_is_refused(store: CheckpointStore) -> None:
    new(store)
    store.plan_chunks("m1", "a", PLAN[:1])
    store.plan_chunks("m1", "a", PLAN)
    store.mark_chunks_done("m1", "a", {1: None})
    before = store.chunks("m1", "a")
    assert store.plan_chunks("m1", "a", PLAN) == before
    with pytest.raises(StateError, match=r"other chunks, .* loaded"):
        store.plan_chunks("m1", "a", PLAN[:2])
    assert store.chunks("m1", "a") == before


def test_a_done_chunk_stays_done_and_takes_its_result_later(store: CheckpointStore) -> None:
    new(store)
    store.plan_chunks("m1", "a", PLAN)
    store.mark_chunks_done("m1", "a", {2: None, 0: None})
    first = store.chunks("m1", "a")
    store.mark_chunks_done("m1", "a", {0: AWKWARD, 2: None})
    store.mark_chunks_done("m1", "a", {0: None})
    after = store.chunks("m1", "a")
    assert [record.done_at for record in after] == [record.done_at for record in first]
    assert [record.done_at is not None for record in after] == [True, False, True]
    assert [record.result for record in after] == [AWKWARD, None, None]


def test_a_chunk_that_nobody_planned_is_refused_with_all_others(store: CheckpointStore) -> None:
    new(store)
    store.plan_chunks("m1", "a", PLAN)
    with pytest.raises(StateError, match="no chunks 3, 9 in its plan"):
        store.mark_chunks_done("m1", "a", {0: None, 9: None, 3: None})
    assert {record.done_at for record in store.chunks("m1", "a")} == {None}


def test_chunks_are_counted_for_each_table_that_has_a_plan(store: CheckpointStore) -> None:
    new(store)
    assert store.chunk_counts("m1") == {}
    store.plan_chunks("m1", "a", PLAN)
    store.plan_chunks("m1", "b", PLAN[:1])
    store.mark_chunks_done("m1", "a", {1: None, 2: None})
    assert store.chunk_counts("m1") == {"a": ChunkCount(2, 3, 20, 30), "b": ChunkCount(0, 1, 0, 10)}
    with pytest.raises(StateError, match="no migration nope"):
        store.chunk_counts("nope")


def test_the_last_note_of_a_servers_circuit_is_kept(store: CheckpointStore) -> None:
    new(store)
    new(store, "m2")
    opened = CircuitRecord("mysql", CircuitState.OPEN, 5, datetime(2026, 1, 1, tzinfo=UTC), "it went away")
    for note in (CircuitRecord("mysql", CircuitState.CLOSED), opened, CircuitRecord("glue", CircuitState.HALF_OPEN)):
        store.set_circuit("m1", note)
    assert store.circuits("m1") == [CircuitRecord("glue", CircuitState.HALF_OPEN), opened]
    assert store.circuits("m2") == []
    with pytest.raises(StateError, match="no migration nope"):
        store.set_circuit("nope", opened)
