"""The preflight's questions in SQL: one pass for what is wrong with a row by itself, one for keys that rows share."""

from __future__ import annotations

from collections.abc import Sequence

from core.items.plan import Kind
from core.items.ranges import quoted
from core.preflight.plan import EntityQuestions

NAMED = 10  # rows of a finding, keys of a collision, rows of a key
SUSPECT = 0  # the number of rows that only the loader can judge; key questions count from 1

_DIGEST = "tableferry_digest"  # no view column has such a name: those of ours are numbered
_NUMBER = "tableferry_number"


def problems_query(view: str, entity_column: str, entity: EntityQuestions) -> str | None:
    """(number of the first question that is true of a row, how many rows); None when nothing is asked."""
    if not entity.suspects and not entity.keys:
        return None
    inner = f"SELECT {_first_problem(entity)} AS {_NUMBER} FROM {quoted(view)} WHERE {_of(entity, entity_column)}"  # noqa: S608
    return f"SELECT {_NUMBER}, COUNT(*) FROM ({inner}) AS q WHERE {_NUMBER} IS NOT NULL GROUP BY {_NUMBER}"  # noqa: S608


def rows_query(view: str, entity_column: str, entity: EntityQuestions, number: int) -> str:
    """The row keys of the first rows of which question `number` is the first that is true."""
    where = f"{_of(entity, entity_column)} AND {_first_problem(entity)} = {number}"
    return f"SELECT {_row_key(entity)} FROM {quoted(view)} WHERE {where} LIMIT {NAMED}"  # noqa: S608


def shared_keys_query(view: str, entity_column: str, entities: Sequence[EntityQuestions]) -> str:
    """(digest as HEX, rows that share the key, keys in all, rows in all) of the first keys that several rows share.

    Grouped by SHA-256 of the key's bytes: MySQL and MariaDB group short values in memory, and long ones on disk.
    """
    selects = [
        f"SELECT {_digest(e)} AS {_DIGEST} FROM {quoted(view)} WHERE {_sound(e, entity_column)}"  # noqa: S608
        for e in entities
    ]
    groups = (
        f"SELECT {_DIGEST}, COUNT(*) AS n FROM ({' UNION ALL '.join(selects)}) AS k "  # noqa: S608
        f"GROUP BY {_DIGEST} HAVING COUNT(*) > 1"
    )
    return f"SELECT HEX({_DIGEST}), n, COUNT(*) OVER (), SUM(n) OVER () FROM ({groups}) AS g LIMIT {NAMED}"  # noqa: S608


def sharing_rows_query(view: str, entity_column: str, entity: EntityQuestions, digests: Sequence[str]) -> str:
    """(digest as HEX, row key ...) of the first rows of an entity that have these keys."""
    key = _row_key(entity)
    order = "" if key == "1" else f" ORDER BY {key}"
    wanted = ", ".join(f"X'{digest}'" for digest in digests)
    inner = (
        f"SELECT {_digest(entity)} AS {_DIGEST}, {_kept_row_key(entity)}, "  # noqa: S608
        f"ROW_NUMBER() OVER (PARTITION BY {_digest(entity)}{order}) AS {_NUMBER} "
        f"FROM {quoted(view)} WHERE {_sound(entity, entity_column)} AND {_digest(entity)} IN ({wanted})"
    )
    return f"SELECT HEX({_DIGEST}), {key} FROM ({inner}) AS k WHERE {_NUMBER} <= {NAMED} ORDER BY {_NUMBER}"  # noqa: S608


def _of(entity: EntityQuestions, entity_column: str) -> str:
    marker = entity.item.entity
    return "TRUE" if marker is None else f"{quoted(entity_column)} = '{int(marker)}'"


def _first_problem(entity: EntityQuestions) -> str:
    branches = [f"WHEN {condition} THEN {SUSPECT}" for condition in entity.suspects]
    branches += [f"WHEN {q.condition} THEN {n}" for n, q in enumerate(entity.keys, start=1)]
    return f"CASE {' '.join(branches)} END"


def _sound(entity: EntityQuestions, entity_column: str) -> str:
    """Rows without a problem of their own: a row that is a reject already collides with none."""
    if not entity.suspects and not entity.keys:
        return _of(entity, entity_column)
    return f"{_of(entity, entity_column)} AND {_first_problem(entity)} IS NULL"


def _digest(entity: EntityQuestions) -> str:
    first, *rest = entity.key_values
    framed = f"CONCAT(OCTET_LENGTH({first}), ':', {', '.join([first, *rest])})"
    return f"CAST(UNHEX(SHA2({framed}, 256)) AS BINARY(32))"


def _kept_row_key(entity: EntityQuestions) -> str:
    """The same for a derived table, in which MariaDB loses the zeros of ZEROFILL."""
    columns = [entity.item.columns[index] for index in entity.item.row_key]
    texts = (
        f"CONCAT({quoted(c.name)}) AS {quoted(c.name)}" if c.kind == Kind.INTEGER else quoted(c.name) for c in columns
    )
    return ", ".join(texts) or "1"


def _row_key(entity: EntityQuestions) -> str:
    return ", ".join(quoted(entity.item.columns[index].name) for index in entity.item.row_key) or "1"
