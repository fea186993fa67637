"""GRANT and REVOKE lines as SHOW GRANTS prints them, and what they give on a database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_QUOTED = r"`((?:[^`]|``)+)`"
_LINE = re.compile(rf"(GRANT|REVOKE) (.+?) ON (?:TABLE )?(\*|{_QUOTED})\.(\*|{_QUOTED}) (?:TO|FROM) ", re.IGNORECASE)
_COLUMNS = re.compile(r"\([^)]*\)")


@dataclass(frozen=True)
class Grant:
    """Privileges in upper case on a database (None: all; may hold the wildcards % and _) or on a table of it."""

    privileges: frozenset[str]
    database: str | None
    table: str
    revoked: bool

    def gives(self, action: str) -> bool:
        """Whether the action is one of its privileges."""
        return action in self.privileges or bool(self.privileges & {"ALL PRIVILEGES", "ALL"})

    def covers_table(self, action: str, database: str) -> bool:
        """Whether it gives the action on a single table of the database."""
        return not self.revoked and bool(self.table) and self.database == database and self.gives(action)


def parse_grants(lines: Sequence[str]) -> list[Grant]:
    """The grants of privileges among the lines; grants of roles, proxies, columns and routines are left out."""
    return [_grant(match) for line in lines if (match := _LINE.match(line))]


def held_by(grants: Sequence[Grant], action: str, database: str, *, literal_names: bool = False) -> bool:
    """Whether the grants give the action on the whole database.

    Of several databases that match, only the most specific counts (MySQL 8.4 manual, 8.2.7). A partial revoke takes a
    global privilege away.
    """
    whole = [g for g in grants if not g.table]
    here = [g for g in whole if g.database is not None and _matches(g.database, database, literal_names)]
    if any(g.revoked and g.gives(action) for g in here):
        here = [g for g in here if not g.revoked]
    elif any(g.database is None and g.gives(action) for g in whole):
        return True
    best = max((_specific(g.database or "") for g in here if not g.revoked), default=-1)
    return any(g.gives(action) for g in here if not g.revoked and _specific(g.database or "") == best)


def _grant(match: re.Match[str]) -> Grant:
    verb, privileges, database, name, table, table_name = match.groups()
    plain = [p.strip().upper() for p in re.split(r",\s*(?![^(]*\))", privileges) if not _COLUMNS.search(p)]
    return Grant(
        privileges=frozenset(plain),
        database=None if database == "*" else name.replace("``", "`"),
        table="" if table == "*" else table_name.replace("``", "`"),
        revoked=verb.upper() == "REVOKE",
    )


def _matches(pattern: str, database: str, literal_names: bool) -> bool:
    if literal_names:
        return pattern == database
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    regex = "".join({"%": ".*", "_": "."}.get(p) or re.escape(p[-1]) for p in pieces)
    return re.fullmatch(regex, database, re.DOTALL) is not None


def _specific(pattern: str) -> int:
    """How many characters stand before the first wildcard; a name without one is the most specific."""
    wildcard = re.search(r"(?<!\\)[%_]", pattern)
    return wildcard.start() if wildcard else 1_000_000
