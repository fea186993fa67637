"""What a view is: whether tableferry made it, from which definition, and with which columns.

A view of ours ends its select list with the constant column `tableferry_definition`, the text `tf:` and the hash of its
definition. That text is read from the definition, because an empty view has no row to read it from.
"""

from __future__ import annotations

import re

from pydantic import BaseModel

from adapters.servers.mysql.cells import literal
from adapters.servers.mysql.connection import Session
from core.errors import PermissionDeniedError

MARK = "tableferry_definition"
# Engines add a character set introducer or parentheses of their own around the constant.
_MARKED = re.compile(rf"'tf:([0-9a-f]{{8,128}})'\)*(?:\s+collate\s+\w+)?\)*\s+AS\s+`{MARK}`", re.IGNORECASE)


class ViewColumn(BaseModel):
    """A column of a view as information_schema has it."""

    name: str
    data_type: str
    column_type: str


class ViewState(BaseModel):
    """`ours`: it carries a definition's hash; `matches`: that is the hash asked for."""

    exists: bool
    ours: bool
    definition_hash: str | None
    matches: bool
    columns: list[ViewColumn]


def validate_view(session: Session, view: str, definition_hash: str | None) -> ViewState:
    """The view's state. Raises PermissionDeniedError where the engine keeps the definition from this user."""
    here = f"TABLE_SCHEMA = {literal(session.address.database)} AND TABLE_NAME = {literal(view)}"
    found = session.texts(f"SELECT VIEW_DEFINITION FROM information_schema.VIEWS WHERE {here}")
    if not found:
        return ViewState(exists=False, ours=False, definition_hash=None, matches=False, columns=[])
    definition = found[0][0] or ""
    if not definition:
        raise PermissionDeniedError(
            f"The definition of the view {view} at {session.address} is not shown to this user.",
            remedy="GRANT SHOW VIEW on the database to the database user.",
            view=view,
        )
    columns = session.texts(
        f"SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS WHERE {here} "
        "ORDER BY ORDINAL_POSITION"
    )
    names = [str(name) for name, _, _ in columns]
    carried = set(_MARKED.findall(definition)) if MARK in names else set()
    actual = carried.pop().lower() if len(carried) == 1 else None
    return ViewState(
        exists=True,
        ours=actual is not None,
        definition_hash=actual,
        matches=actual is not None and actual == (definition_hash or "").removeprefix("tf:").lower(),
        columns=[ViewColumn(name=str(n), data_type=str(d).lower(), column_type=str(c)) for n, d, c in columns],
    )
