"""A process that works on checkpoints, to be killed or to race others: `python -m ... ACTION URL`."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from sqlalchemy import event

from adapters.checkpoints import SqlCheckpointStore, open_store
from core.errors import StateError, UnavailableError
from core.lifecycle import TableState, Trigger

RACE_SECONDS = 60
# A validated table may be validated again, so a process that looked late would begin that, as the rules allow: leases
# keep it out, and this race is without them. Up to here every trigger has one state that it may leave.
GOAL = TableState.VALIDATING


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def wait_for_the_end() -> None:
    sys.stdin.read()


def begin_and_hang(store: SqlCheckpointStore) -> None:
    store.begin("m1", "a", Trigger.START_LOAD, {"run": "the old intent"})
    tell("begun")
    wait_for_the_end()


def hang_inside_commit(store: SqlCheckpointStore) -> None:
    pending = store.begin("m1", "a", Trigger.START_LOAD, {"run": "the old intent"})

    @event.listens_for(store._readers, "commit")
    def hang(_connection: Any) -> None:
        tell("written, not committed")
        wait_for_the_end()

    store.commit(pending, {"run": "lost"})


def race(store: SqlCheckpointStore) -> None:
    deadline = time.monotonic() + RACE_SECONDS
    for table in store.tables("m1"):
        while (checkpoint := store.table("m1", table.table)).state is not GOAL:
            trigger = checkpoint.life.next_trigger()
            if trigger is None or time.monotonic() > deadline:
                raise RuntimeError(f"{checkpoint} leads nowhere")
            try:
                pending = store.begin("m1", table.table, trigger)
                store.commit(pending, {trigger.value: os.getpid()})
            except (StateError, UnavailableError):
                continue  # another process was quicker; look again


def main(action: str, url: str) -> None:
    tell("ready")
    sys.stdin.readline()
    store = open_store(url)
    {"open": lambda _: None, "begin": begin_and_hang, "commit": hang_inside_commit, "race": race}[action](store)
    store.close()
    tell("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
