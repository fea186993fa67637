"""What `validate` and `repair` do, apart from their options; each returns the exit code: 0 equal, 1 differences."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from core.checkpoints import CheckpointStore
from core.errors import StateError
from core.lifecycle import TableState
from flows.commands import FAILED, VALIDATED, quiet_prefect, watch, with_store
from flows.console import LiveProgress, print_json
from flows.settings import load_settings

if TYPE_CHECKING:
    from core.report import MigrationResult


def validate(migration_id: str | None, mode: str | None, table: str | None, *, as_json: bool) -> int:
    """Run the `validate` flow in this process."""
    chosen = _chosen(migration_id, table)
    quiet_prefect()
    from flows.validate_tables import validate as flow

    return _watch(lambda: flow(migration_id=chosen, mode=mode, table=table, return_state=True), as_json=as_json)


def repair(migration_id: str | None, table: str | None, *, delete_extra: bool, overwrite: bool, as_json: bool) -> int:
    """Run the `repair` flow in this process."""
    chosen = _chosen(migration_id, table)
    quiet_prefect()
    from flows.validate_tables import repair as flow

    asked = {"table": table, "delete_extra": delete_extra, "overwrite": overwrite}
    return _watch(lambda: flow(migration_id=chosen, **asked, return_state=True), as_json=as_json)


def _chosen(migration_id: str | None, table: str | None) -> str:
    def found(store: CheckpointStore) -> str:
        record = store.newest() if migration_id is None else store.migration(migration_id)
        if record is None:
            raise StateError("There is no migration yet.", remedy="Start one with `tableferry run`.")
        if table is not None:
            store.table(record.id, table)
        return record.id

    return str(with_store(load_settings(), found))


def _watch(flow: Callable[[], Awaitable[Any]], *, as_json: bool) -> int:
    def show(live: LiveProgress) -> int:
        if live.result is None:
            raise StateError("The flow ended without a result.", remedy="Look at its log, then try again.")
        document = validation_document(live.result, live.tables)
        if as_json:
            print_json(document)
        else:
            from rich.console import Console

            from flows.render_validation import mismatches_table, validation_table

            console = Console()
            console.print(validation_table(document))
            if any(check["mismatches"] for check in document["tables"]):
                console.print(mismatches_table(document))
        return VALIDATED if document["equal"] else FAILED

    return watch(flow, as_json=as_json, show=show)


def validation_document(result: MigrationResult, tables: list[str]) -> dict[str, Any]:
    """The tables that were compared, as JSON data; `equal` is whether all of them agree with their views."""
    states = {table.table: table.state for table in result.tables}
    repairs = {done.table: done.model_dump(mode="json", exclude={"table"}) for done in result.repairs}
    checks = [check for check in result.validation if check.table in tables]
    return {
        "migration_id": result.migration_id,
        "equal": all(states[table] is TableState.VALIDATED for table in tables),
        "tables": [
            {**check.model_dump(mode="json"), "state": states[check.table].value, "repair": repairs.get(check.table)}
            for check in checks
        ],
        "problems": [p.model_dump(mode="json") for p in result.problems if p.table in tables],
        "not_compared": sorted(states.keys() - set(tables)),
    }
