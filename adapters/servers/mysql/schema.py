"""What the database holds: tables, views, columns and keys, from information_schema."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from adapters.servers.mysql.cells import literal
from adapters.servers.mysql.connection import Session, in_list


class Column(BaseModel):
    """A column as information_schema has it; `is_json` is true for MariaDB's JSON (LONGTEXT that is checked) too."""

    name: str
    data_type: str
    column_type: str
    nullable: bool
    character_set: str | None
    collation: str | None
    numeric_precision: int | None
    numeric_scale: int | None
    datetime_precision: int | None
    is_json: bool


class UniqueKey(BaseModel):
    """A unique index over whole columns (no prefixes, no expressions), in the index's order."""

    name: str
    columns: list[str]
    nullable: bool


class Table(BaseModel):
    """A table or a view; the engine's own estimate of its rows."""

    name: str
    kind: Literal["table", "view"]
    columns: list[Column]
    primary_key: list[str]
    unique_keys: list[UniqueKey]
    approximate_rows: int | None


class Schema(BaseModel):
    """The tables asked for, and those of them that do not exist."""

    engine: str
    version: str
    database: str
    lower_case_table_names: int
    tables: list[Table]
    missing: list[str]


def describe_schema(session: Session, wanted: Sequence[str]) -> Schema:
    """The database's tables by name; a name matches exactly, or case-insensitively where the server's names do."""
    ((folding,),) = session.texts("SELECT @@lower_case_table_names")
    if session.version.engine == "mysql":
        # MySQL caches estimates for a day.
        session.rows("SET SESSION information_schema_stats_expiry = 0")
    found = _tables(session, wanted, folds=folding != "0")
    names = [name for name, *_ in found]
    columns, keys = _columns(session, names), _keys(session, names)
    tables = [
        _table(name, kind, rows, columns[name], {} if engine in _ENFORCE_NO_KEYS else keys[name])
        for name, kind, rows, engine in found
    ]
    known = {_fold(name, folding != "0") for name in names}
    return Schema(
        engine=session.version.engine,
        version=session.version.version,
        database=session.address.database,
        lower_case_table_names=int(folding or 0),
        tables=tables,
        missing=[name for name in dict.fromkeys(wanted) if _fold(name, folding != "0") not in known],
    )


def _fold(name: str, folds: bool) -> str:
    return name.lower() if folds else name


def _here(session: Session, names: Sequence[str] | None) -> str:
    condition = f"TABLE_SCHEMA = {literal(session.address.database)}"
    return condition if names is None else f"{condition} AND TABLE_NAME IN {in_list(names or [''])}"


# MERGE checks no key across its tables, and the others take the word of a server or a file elsewhere.
# https://dev.mysql.com/doc/refman/9.0/en/merge-table-problems.html
_ENFORCE_NO_KEYS = {"MRG_MYISAM", "FEDERATED", "CONNECT", "SPIDER"}


def _tables(session: Session, wanted: Sequence[str], *, folds: bool) -> list[tuple[str, str, str | None, str]]:
    # MySQL 9.7 manual, 11.2: no NUL and no supplementary character is in a name; MariaDB refuses to compare with them.
    possible = [name for name in wanted if "\0" not in name and max(name, default="") <= "\uffff"]
    asked = {_fold(name, folds) for name in possible}
    where = _here(session, sorted({*possible, *asked}) if wanted else None)
    rows = session.texts(
        f"SELECT TABLE_NAME, TABLE_TYPE, TABLE_ROWS, ENGINE FROM information_schema.TABLES WHERE {where} "
        "ORDER BY TABLE_NAME"
    )
    return [
        (str(name), "view" if "VIEW" in str(kind) else "table", count, str(engine).upper())
        for name, kind, count, engine in rows
        if not wanted or _fold(str(name), folds) in asked
    ]


def _columns(session: Session, names: Sequence[str]) -> dict[str, list[Column]]:
    rows = session.texts(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME, "
        "NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION FROM information_schema.COLUMNS "
        f"WHERE {_here(session, names)} ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
    checked = _json_columns(session, names)
    found: dict[str, list[Column]] = defaultdict(list)
    for table, name, data_type, column_type, nullable, charset, collation, precision, scale, fraction in rows:
        kind = str(data_type).lower()
        found[str(table)].append(
            Column(
                name=str(name),
                data_type=kind,
                column_type=str(column_type),
                nullable=nullable == "YES",
                character_set=charset,
                collation=collation,
                numeric_precision=_number(precision),
                numeric_scale=_number(scale),
                datetime_precision=_number(fraction),
                is_json=kind == "json" or (kind == "longtext" and (str(table), str(name)) in checked),
            )
        )
    return found


def _json_columns(session: Session, names: Sequence[str]) -> set[tuple[str, str]]:
    """MariaDB's JSON is LONGTEXT with a check that is json_valid(`column`), and nothing else."""
    if session.version.engine != "mariadb":
        return set()
    where = _here(session, names).replace("TABLE_SCHEMA", "CONSTRAINT_SCHEMA")
    rows = session.texts(f"SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE {where}")
    found = ((str(table), re.fullmatch(r"json_valid\(`((?:[^`]|``)+)`\)", str(clause))) for table, clause in rows)
    return {(table, match.group(1).replace("``", "`")) for table, match in found if match}


def _keys(session: Session, names: Sequence[str]) -> dict[str, dict[str, UniqueKey]]:
    rows = session.texts(
        "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE FROM information_schema.STATISTICS "
        f"WHERE {_here(session, names)} AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
    )
    found: dict[str, dict[str, UniqueKey]] = defaultdict(dict)
    partial: set[tuple[str, str]] = set()
    for table, index, column, prefix, nullable in rows:
        key = found[str(table)].setdefault(str(index), UniqueKey(name=str(index), columns=[], nullable=False))
        if column is None or (prefix is not None and index != "PRIMARY"):
            partial.add((str(table), str(index)))
            continue
        key.columns.append(column)
        key.nullable = key.nullable or nullable == "YES"
    for table_name, index_name in partial:
        del found[table_name][index_name]
    return found


def _table(name: str, kind: str, rows: str | None, columns: list[Column], keys: dict[str, UniqueKey]) -> Table:
    primary = keys.pop("PRIMARY", None)
    return Table(
        name=name,
        kind="view" if kind == "view" else "table",
        columns=columns,
        primary_key=primary.columns if primary else [],
        unique_keys=list(keys.values()),
        approximate_rows=None if kind == "view" else _number(rows),
    )


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
