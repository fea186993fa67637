"""What only the server can say about a view, asked before the view is made: each answer at its place."""

from __future__ import annotations

from typing import Final

from core.compile import CompiledTable
from core.compile.epochs import EpochCheck, epoch_checks
from core.compile.regular import PatternCheck, pattern_checks
from core.compile.zones import ZoneCheck, zone_checks
from core.contract import Problem
from core.contract.problems import shown
from core.errors import InvalidRequestError, NotFoundError, TableferryError
from core.ports import SourceDatabase

_TOO_MANY_TABLES: Final = 1116  # ER_TOO_MANY_TABLES, of both engines: a join has 61 at most
_LONGEST_QUERY: Final = 900_000  # characters; mysql_execute_query takes a million

Check = PatternCheck | ZoneCheck | EpochCheck


async def view_problems(place: str, table: CompiledTable, source: SourceDatabase) -> list[Problem]:
    """The parts of the table's view that the server does not take, or that would be NULL in every row."""
    found = await _refused(place, table, source)
    asked: set[str] = set()
    for part in table.parts:
        # The joins stand in every part, and are asked about once.
        text = part.sql if part.is_joins else f"SELECT {part.expression}"
        for check in _checks(text):
            if check.sql not in asked:
                asked.add(check.sql)
                found += await _answer(part.place, check, source)
    return found


async def _refused(place: str, table: CompiledTable, source: SourceDatabase) -> list[Problem]:
    """What the server does not take: that a text has no such collation, say."""
    whole = await _refusal(table.view.select_sql, source)
    if whole is None:
        return []
    found: list[Problem] = []
    refused_joins: set[str] = set()  # they stand in every part of their SELECT, and are its first
    for part in table.parts:
        if part.source not in refused_joins and (error := await _refusal(part.sql, source)):
            found.append(_cannot_be_made(part.place, error))
            if part.is_joins:
                refused_joins.add(part.source)
    return found or [_cannot_be_made(place, whole)]


def _cannot_be_made(place: str, error: TableferryError) -> Problem:
    remedy = "Change the expression that this names."
    if error.facts.get("errno") == _TOO_MANY_TABLES:
        remedy = "Use fewer joins in the attributes of this table, or make two tables of them in the contract."
    return Problem(place, f"its view cannot be made: {error.message.removesuffix('.')}", remedy)


async def _refusal(sql: str, source: SourceDatabase) -> TableferryError | None:
    if len(sql) > _LONGEST_QUERY:
        return None  # creating the view will tell
    try:
        await source.query(f"EXPLAIN {sql}", max_rows=1)
    except (InvalidRequestError, NotFoundError) as error:
        return error
    return None


def _checks(sql: str) -> list[Check]:
    return [*pattern_checks(sql), *zone_checks(sql), *epoch_checks(sql)]


async def _answer(place: str, check: Check, source: SourceDatabase) -> list[Problem]:
    """What is wrong with a pattern, a zone or a moment that the contract writes as a literal."""
    if isinstance(check, PatternCheck):
        # MySQL reads the pattern of a REGEXP only when it compares a text with it, which would be during the load.
        try:
            await source.query(check.sql, max_rows=1)
        except InvalidRequestError as error:
            return [Problem(place, f"{shown(check.pattern)} is no regular expression: {error.message}")]
        return []
    if str((await source.query(check.sql, max_rows=1)).rows[0][0]) != "1":
        return []
    if isinstance(check, ZoneCheck):
        # A name without zone tables, or an offset out of its range.
        before, after = map(shown, check.zones)
        return [
            Problem(
                place,
                f"CONVERT_TZ from {before} to {after} is NULL on this server in every row",
                "Write offsets from -12:59 to +13:00, or load the server's time zone tables (mysql_tzinfo_to_sql).",
            )
        ]
    # MariaDB counts seconds up to 2038 only, and gives NULL for a text that is no moment.
    return [
        Problem(
            place,
            f"{shown(check.call)} is NULL on this server in every row",
            "Write a moment from 1970-01-01 00:00:00 to 2038-01-19 03:14:07, or compare DATETIMEs.",
        )
    ]
