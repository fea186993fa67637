"""Lets through queries that only read: SELECT, UNION, WITH ... SELECT, SHOW, EXPLAIN."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.servers.mysql.effects import refuse_effects
from adapters.servers.mysql.sql_words import Word, refused, words

if TYPE_CHECKING:
    from sqlglot import exp

_EXPLAIN = ("EXPLAIN", "DESCRIBE", "DESC")
_EXPLAIN_PREFIX = re.compile(
    r"\s*(EXPLAIN|DESCRIBE|DESC)\s+((ANALYZE|EXTENDED|PARTITIONS)\s+|FORMAT\s*=\s*'?\w+'?\s+)*", re.IGNORECASE
)
# By the kinds of the pieces, n(ame) or w(ord): `[schema.]table [column]`.
_TABLE_AND_COLUMN = re.compile(r"([nw]\.)?[nw][nw]?")
_SHOWN = frozenset(
    {
        "BINARY",
        "CHARACTER",
        "COLLATION",
        "COLUMNS",
        "COUNT",
        "CREATE",
        "DATABASES",
        "ENGINES",
        "ERRORS",
        "EXTENDED",
        "FIELDS",
        "FULL",
        "GLOBAL",
        "GRANTS",
        "INDEX",
        "INDEXES",
        "KEYS",
        "PLUGINS",
        "PRIVILEGES",
        "PROCESSLIST",
        "SCHEMAS",
        "SESSION",
        "STATUS",
        "STORAGE",
        "TABLE",
        "TABLES",
        "TRIGGERS",
        "VARIABLES",
        "WARNINGS",
    }
)


def check_query(sql: str) -> None:
    """Raise InvalidRequestError unless the text is one statement that only reads."""
    pieces = words(sql)
    refuse_effects(pieces)
    first = pieces[0].text if pieces[0].kind == "word" else ""
    if first == "SHOW":
        _check_show(pieces)
    elif first in _EXPLAIN:
        _check_explain(sql, pieces)
    else:
        parse_query(sql)


def parse_query(sql: str) -> exp.Query:
    """The query's tree. Raises InvalidRequestError for anything but a SELECT, a UNION or WITH ... SELECT."""
    tree = parse_one_statement(sql)
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        raise refused(f"it is not a query but {tree.key.upper()}")
    refuse_in_tree(tree)
    return tree


def parse_one_statement(sql: str) -> exp.Expr:
    """The statement's tree; raises InvalidRequestError for what the parser does not understand."""
    import sqlglot

    # Not dialect="mysql": sqlglot 30 finds a dialect by its name before it is whole, and a tool that another thread
    # calls at that moment would be refused what is right. Python itself waits for a module.
    from sqlglot.dialects.mysql import MySQL
    from sqlglot.errors import SqlglotError

    # sqlglot warns of every statement that it keeps as plain text; those are refused below, with a reason.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        trees = sqlglot.parse(sql, dialect=MySQL)
    except (SqlglotError, RecursionError) as exc:
        raise refused(f"it cannot be parsed ({str(exc).splitlines()[0]})") from exc
    if len(trees) != 1 or trees[0] is None:
        raise refused("it is not exactly one statement")
    return trees[0]


def refuse_in_tree(tree: exp.Expr) -> None:
    """Refuse what the parser kept as plain text, writes below the top, INTO and locks."""
    from sqlglot import exp

    refused_nodes = (exp.Command, exp.DDL, exp.DML, exp.Into, exp.Lock, exp.Hint)
    for node in tree.walk():
        if isinstance(node, refused_nodes) and not isinstance(node, exp.Query | exp.CTE):
            raise refused(f"it contains {node.key.upper()}")


def _check_show(pieces: Sequence[Word]) -> None:
    what = pieces[1].text if len(pieces) > 1 and pieces[1].kind == "word" else ""
    if what not in _SHOWN:
        raise refused(f"SHOW {what} is not offered")


def _check_explain(sql: str, pieces: Sequence[Word]) -> None:
    # EXPLAIN of a table's name is DESCRIBE; EXPLAIN ANALYZE runs what it explains, so that must be a query.
    explained = _EXPLAIN_PREFIX.sub("", sql, count=1)
    rest = words(explained)
    if rest[0].text in ("SELECT", "WITH", "(") and rest[0].kind != "name":
        parse_query(explained)
    elif not _TABLE_AND_COLUMN.fullmatch("".join("." if p.text == "." else p.kind[0] for p in rest)):
        raise refused(f"{pieces[0].text} is offered for queries and tables only")
