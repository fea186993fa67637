"""A run that is asked to end: between chunks, well, and to be gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from adapters.loader.control import Control
from adapters.loader.expected import ExpectedItems
from adapters.loader.results import Results
from core.items.plan import Chunk, LoadPlan
from tests.loader.conftest import Load
from tests.loader.test_job import ITEM, THREE_CHUNKS, by_key, expected, fill

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.once]


@pytest.fixture
def plan(load: Load, monkeypatch: pytest.MonkeyPatch) -> LoadPlan:
    """A plan under a migration's own prefix, whose runs look before every chunk."""
    monkeypatch.setattr(Control.__init__, "__kwdefaults__", {"look_seconds": 0.0})
    load.prefix = f"migrations/{load.table}/Things/"
    fill(load, 100)
    return load.plan("v", ITEM, chunks=THREE_CHUNKS)


def ask(load: Load, request: str = "pause") -> None:
    body = json.dumps({"request": request}).encode()
    load.s3.put_object(Bucket=load.bucket, Key=f"migrations/{load.table}/control.json", Body=body)


def take_back(load: Load) -> None:
    load.s3.delete_object(Bucket=load.bucket, Key=f"migrations/{load.table}/control.json")


def stored(load: Load) -> set[str]:
    return set(load.keys())


def ask_after(load: Load, monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> None:
    """Ask after the first call of a method."""
    done: Callable[..., Any] = getattr(owner, method)

    def then_ask(self: Any, *arguments: Any, **named: Any) -> Any:
        found = done(self, *arguments, **named)
        ask(load)
        return found

    monkeypatch.setattr(owner, method, then_ask)


def test_a_paused_load_keeps_its_chunks_and_goes_on_with_the_others(
    load: Load, plan: LoadPlan, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        ask_after(load, patched, Results, "store")
        load.run("--mark", "mark-1")
    assert load.keys() == ["results/chunk-00000000.json", "stopped/mark-1.json"]
    assert json.loads(load.text(f"{load.prefix}stopped/mark-1.json"))["request"] == "pause"
    assert {"event": "stopped", "request": "pause"} in map(json.loads, capsys.readouterr().out.splitlines())
    assert set(by_key(load.items())) == set(range(1, 41))

    take_back(load)
    load.run("--run-token", "run-2", "--mark", "mark-2")
    assert by_key(load.items()) == {n: expected(n) for n in range(1, 101)}
    assert [load.result(plan, n)["run_token"] for n in range(3)] == ["run-1", "run-2", "run-2"]
    assert "stopped/mark-2.json" not in stored(load)


@pytest.mark.parametrize("task", ["load", "preflight", "validate", "retry-rejects"])
def test_every_task_ends_when_asked(load: Load, plan: LoadPlan, task: str) -> None:
    ask(load, "cancel")
    load.run("--task", task, "--mark", "mark-1")
    assert "stopped/mark-1.json" in stored(load)
    assert not [key for key in stored(load) if key.endswith("result.json") or key.startswith("results/")]
    assert load.items() == []


def test_a_paused_validation_keeps_what_it_compared(
    load: Load, plan: LoadPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    load.run()
    with pytest.MonkeyPatch.context() as patched:
        ask_after(load, patched, ExpectedItems, "tally")
        load.run("--task", "validate", "--validation", "v-1", "--mark", "mark-1")
    assert "stopped/mark-1.json" in stored(load)
    assert "validation/v-1/result.json" not in stored(load)
    take_back(load)

    read: list[int] = []
    tally = ExpectedItems.tally

    def noting(self: ExpectedItems, chunk: Chunk) -> Any:
        read.append(chunk.number)
        return tally(self, chunk)

    monkeypatch.setattr(ExpectedItems, "tally", noting)
    load.run("--task", "validate", "--validation", "v-1")
    assert read == [1, 2]
    result = json.loads(load.text(f"{load.prefix}validation/v-1/result.json"))
    assert (result["rows_in_view"], result["items_in_target"], result["missing"]) == (100, 100, 0)


def test_small_chunks_do_not_look_more_often_than_every_few_seconds(load: Load, plan: LoadPlan) -> None:
    looks: list[str] = []

    class Bucket:
        def find(self, key: str) -> None:
            looks.append(key)

    control = Control(Bucket(), plan, look_seconds=3600)  # type: ignore[arg-type]
    for _ in range(1000):
        control.go_on()
    assert looks == [f"migrations/{load.table}/control.json"]
