"""Which listed differences are changes at the source since the load began, where the row's own data shows it.

A TIMESTAMP column that the server sets by itself (DEFAULT or ON UPDATE CURRENT_TIMESTAMP) says when its row was
written. Nothing else in a row tells; a change of a joined table's row is not seen here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from core.errors import TableferryError
from core.items.plan import ItemPlan
from core.items.ranges import quoted
from core.steps.position import LOAD_BEGAN_AT
from core.steps.table_run import Evidence, TableRun

_SET_BY_THE_SERVER: Final = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s"
    " AND data_type = 'timestamp' AND (LOWER(extra) LIKE %s OR LOWER(column_default) LIKE %s)"
)
_MOMENT: Final = "current_timestamp%"


async def with_changes_since(
    run: TableRun, evidence: Evidence, mismatches: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The mismatches, each with `changed_since`: True where the row shows that it was written after the load began.

    False where it shows that it was not; None where nothing tells: no such column, no row, no key, no position.
    """
    began = (evidence.get(LOAD_BEGAN_AT) or {}).get("server_time")
    if began is None or not any(m.get("row") for m in mismatches):
        return mismatches
    try:
        clock = _Clock(run, _seconds(began))
        return [{**m, "changed_since": await clock.wrote_since(m.get("row"))} for m in mismatches]
    except TableferryError:
        return mismatches  # a difference is one, whoever made it; this only adds to it


class _Clock:
    def __init__(self, run: TableRun, began: str) -> None:
        self._run = run
        self._began = began
        self._columns: dict[str, list[str]] = {}
        self._known: dict[tuple[Any, ...], bool | None] = {}

    async def wrote_since(self, row: dict[str, str | None] | None) -> bool | None:
        entity = None if row is None else self._entity(set(row))
        if row is None or entity is None or any(v is None or v.startswith("0x") for v in row.values()):
            return None
        key = tuple(sorted(row.items()))
        if key not in self._known:
            self._known[key] = await self._asked(entity[0], row)
        return self._known[key]

    def _entity(self, names: set[str]) -> tuple[str, ItemPlan] | None:
        """The source table of a row with these key columns, where there is only one."""
        found = [(e.source_table, e.item) for e in self._run.table.entities if set(e.item.row_key_names) == names]
        return found[0] if len(found) == 1 else None

    async def _asked(self, table: str, row: dict[str, str | None]) -> bool | None:
        columns = await self._columns_of(table)
        if not columns:
            return None
        later = " OR ".join(f"COALESCE({quoted(c)} > %s, FALSE)" for c in columns)
        where = " AND ".join(f"{quoted(name)} = %s" for name in row)
        sql = f"SELECT {later} FROM {quoted(table)} WHERE {where}"  # noqa: S608 - quoted, parametrised
        parameters = [*(self._began for _ in columns), *row.values()]
        rows = (await self._run.world.source.query(sql, parameters, max_rows=2)).rows
        return str(rows[0][0]) == "1" if len(rows) == 1 else None

    async def _columns_of(self, table: str) -> list[str]:
        if table not in self._columns:
            parameters = (table, f"%{_MOMENT}", _MOMENT)
            found = await self._run.world.source.query(_SET_BY_THE_SERVER, parameters)
            self._columns[table] = [_text(row[0]) for row in found.rows]
        return self._columns[table]


def _seconds(moment: str) -> str:
    """As MySQL writes it, in UTC; a row written within the second in which the load began does not count as later."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.999999")


def _text(cell: Any) -> str:
    return cell.decode() if isinstance(cell, bytes) else str(cell)
