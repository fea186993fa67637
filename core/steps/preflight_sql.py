"""Asks the database the preflight's questions, about one pass over the view for each kind of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.items.plan import Cell, ItemPlan
from core.items.preflight import COLLISION_MESSAGE
from core.items.rejects import Reason
from core.ports import QueryResult, SourceDatabase
from core.preflight.plan import EntityQuestions, PreflightPlan
from core.preflight.queries import (
    NAMED,
    SUSPECT,
    problems_query,
    rows_query,
    shared_keys_query,
    sharing_rows_query,
)

_SECONDS = 3_600  # the longest that the server lets a query take

Finding = dict[str, Any]


async def ask(
    source: SourceDatabase, view: str, entity_column: str, plan: PreflightPlan, tell: Callable[[str], None]
) -> list[Finding] | None:
    """What the database found, as the loader would say it; None when only the loader can judge some rows.

    `tell` hears what is asked now: a question is one pass over the view, of which a server says nothing until its end.
    """
    asked = _Asked(source, view, entity_column)
    findings: list[Finding] = []
    questions = len(plan.entities) + (not plan.distinct_keys)
    for number, entity in enumerate(plan.entities, 1):
        of = f" of {entity.item.entity_name}" if entity.item.entity_name else ""
        tell(f"SQL, question {number} of {questions}: the keys{of}")
        found = await asked.problems(entity)
        if found is None:
            return None
        findings += found
    if not plan.distinct_keys:
        tell(f"SQL, question {questions} of {questions}: keys that rows share")
        findings += await asked.collisions(plan.entities)
    return sorted(findings, key=lambda finding: -finding["count"])


class _Asked:
    def __init__(self, source: SourceDatabase, view: str, entity_column: str) -> None:
        self._source = source
        self._view = view
        self._entity_column = entity_column

    async def problems(self, entity: EntityQuestions) -> list[Finding] | None:
        """Keys that are NULL, empty or too long; None when there are rows that only the loader can judge."""
        sql = problems_query(self._view, self._entity_column, entity)
        if sql is None:
            return []
        counts = {int(_text(number)): int(_text(count)) for number, count in (await self._query(sql)).rows}
        if counts.get(SUSPECT):
            return None
        return [await self._finding(entity, number, count) for number, count in sorted(counts.items())]

    async def collisions(self, entities: Sequence[EntityQuestions]) -> list[Finding]:
        """Keys that several rows share, over all entities."""
        found = await self._query(shared_keys_query(self._view, self._entity_column, entities))
        if not found.rows:
            return []
        groups = {_text(digest): {"count": int(_text(rows)), "rows": []} for digest, rows, _, _ in found.rows}
        for entity in entities:
            await self._name(groups, entity)
        return [
            {
                "reason": Reason.KEY_COLLISION,
                "attribute": "",
                "message": COLLISION_MESSAGE,
                "count": int(_text(found.rows[0][3])),
                "keys": int(_text(found.rows[0][2])),
                "groups": list(groups.values()),
            }
        ]

    async def _finding(self, entity: EntityQuestions, number: int, count: int) -> Finding:
        question, item = entity.keys[number - 1], entity.item
        named = await self._query(rows_query(self._view, self._entity_column, entity, number))
        return {
            **({"entity": item.entity_name} if item.entity_name else {}),
            "reason": question.reason,
            "attribute": question.attribute,
            "message": question.message,
            "count": count,
            "rows": [_row(item, row) for row in named.rows],
        }

    async def _name(self, groups: dict[str, dict[str, Any]], entity: EntityQuestions) -> None:
        sql = sharing_rows_query(self._view, self._entity_column, entity, list(groups))
        marker = {"entity": entity.item.entity_name} if entity.item.entity_name else {}
        for digest, *cells in (await self._query(sql)).rows:
            rows = groups[_text(digest)]["rows"]
            if len(rows) < NAMED:
                rows.append({**marker, "row": _row(entity.item, cells)})

    async def _query(self, sql: str) -> QueryResult:
        return await self._source.query(sql, max_rows=NAMED * NAMED, timeout_seconds=_SECONDS)


def _row(item: ItemPlan, cells: Sequence[Cell]) -> dict[str, str | None]:
    return {n: "0x" + c.hex() if isinstance(c, bytes) else c for n, c in zip(item.row_key_names, cells, strict=False)}


def _text(cell: Cell) -> str:
    return cell.decode("ascii") if isinstance(cell, bytes) else str(cell)
