"""Lets through two statements only: CREATE VIEW and DROP VIEW of one `ddb_..._view`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from adapters.servers.mysql.effects import refuse_effects
from adapters.servers.mysql.query_guard import parse_one_statement, refuse_in_tree
from adapters.servers.mysql.sql_words import Word, refused, words
from core.errors import InvalidRequestError

VIEW_NAME = re.compile(r"ddb_.+_view", re.DOTALL | re.IGNORECASE)

# What may stand before the view's name; DEFINER is left out, because it makes the view act as somebody else.
_CREATE = re.compile(
    r"CREATE( OR REPLACE)?( ALGORITHM = (UNDEFINED|MERGE|TEMPTABLE))?( SQL SECURITY (DEFINER|INVOKER))? VIEW"
)
_DOT = Word("mark", ".")
_DROP = re.compile(r"DROP VIEW( IF EXISTS)?")


@dataclass(frozen=True)
class ViewStatement:
    """What an allowed statement does, and to which view."""

    statement: Literal["create_view", "drop_view"]
    view: str


def check_ddl(sql: str, database: str) -> ViewStatement:
    """Raise InvalidRequestError unless the text creates or drops one view of ours in the database."""
    pieces = words(sql)
    refuse_effects(pieces)
    head = _head(pieces)
    rest = pieces[len(head.split(" ")) :]
    tree = parse_one_statement(sql)
    if isinstance(tree, exp.Create) and _CREATE.fullmatch(head):
        query = tree.expression
        if not isinstance(query, exp.Query):
            raise refused("a view is made of a query")
        refuse_in_tree(query)
        return ViewStatement("create_view", _view_name(rest, database))
    if isinstance(tree, exp.Drop) and _DROP.fullmatch(head):
        if len(rest) != (3 if rest[1:2] == [_DOT] else 1):
            raise refused("DROP VIEW is offered for one view, without options")
        return ViewStatement("drop_view", _view_name(rest, database))
    raise refused(
        "it is neither CREATE [OR REPLACE] [ALGORITHM = ...] [SQL SECURITY ...] VIEW nor DROP VIEW [IF EXISTS]"
    )


def check_view_name(name: str) -> None:
    """Raise InvalidRequestError unless it is a name that only a view of ours has."""
    if not VIEW_NAME.fullmatch(name):
        raise InvalidRequestError(
            f"The view {name!r} is none of tableferry's.", remedy="Its name must have the form ddb_..._view.", view=name
        )


def _head(pieces: list[Word]) -> str:
    """The words up to VIEW, and IF EXISTS behind it."""
    texts = [p.text if p.kind != "name" else "`" for p in pieces[:20]]
    if "VIEW" not in texts:
        return ""
    end = texts.index("VIEW") + 1
    if texts[end : end + 2] == ["IF", "EXISTS"]:
        end += 2
    return " ".join(texts[:end])


def _view_name(rest: list[Word], database: str) -> str:
    """The name that `rest` begins with, which may have this database's before it."""
    names = [rest[0]] if len(rest) < 2 or rest[1] != _DOT else [rest[0], *rest[2:3]]
    if any(piece.kind not in ("word", "name") for piece in names) or rest[3:4] == [_DOT]:
        raise refused("its view's name cannot be read")
    if len(names) == 2 and names[0].raw != database:
        raise InvalidRequestError(
            f"The view would be in {names[0].raw!r}, not in {database!r}.", remedy="Leave the schema's name out."
        )
    check_view_name(names[-1].raw)
    return names[-1].raw
