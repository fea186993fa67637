"""What the database user may do in the database, read from SHOW GRANTS with the active roles.

Sources: https://dev.mysql.com/doc/refman/9.0/en/show-grants.html, https://mariadb.com/kb/en/show-grants/
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.servers.mysql.cells import identifier
from adapters.servers.mysql.connection import Session
from adapters.servers.mysql.grants import Grant, held_by, parse_grants
from adapters.servers.shapes import Permission, PermissionReport, Verdict
from core.errors import TableferryError

NEEDED = ("SELECT", "CREATE VIEW", "SHOW VIEW", "DROP")


def privilege_report(session: Session) -> PermissionReport:
    """The report; a verdict that the grants leave open is settled by trying, where trying does no harm."""
    try:
        grants = parse_grants(_shown(session))
    except TableferryError as error:
        permissions = [_open(session, action, f"SHOW GRANTS failed: {error.message}") for action in NEEDED]
    else:
        literal_names = _partial_revokes(session)
        permissions = [_judge(session, action, grants, literal_names=literal_names) for action in NEEDED]
    return PermissionReport.of("mysql", permissions)


def _shown(session: Session) -> list[str]:
    if session.version.engine == "mariadb":
        # The roles' grants are shown too, and PUBLIC's (from 10.11) on its own.
        lines = session.texts("SHOW GRANTS")
        try:
            lines += session.texts("SHOW GRANTS FOR PUBLIC")
        except TableferryError:
            # Before 10.11 there is no PUBLIC, and without a grant to it there is none to show.
            return [str(line) for (line,) in lines]
        return [str(line) for (line,) in lines]
    ((roles,),) = session.texts("SELECT CURRENT_ROLE()")
    using = "" if roles in (None, "NONE") else f" USING {roles}"
    return [str(line) for (line,) in session.texts(f"SHOW GRANTS FOR CURRENT_USER(){using}")]


def _partial_revokes(session: Session) -> bool:
    """With partial revokes on, wildcards in database names are plain characters."""
    found = session.texts("SHOW VARIABLES LIKE 'partial_revokes'")
    return bool(found) and found[0][1] == "ON"


def _judge(session: Session, action: str, grants: Sequence[Grant], *, literal_names: bool) -> Permission:
    database = session.address.database
    if held_by(grants, action, database, literal_names=literal_names):
        return _permission(session, action, "allowed", "")
    tables = sorted({g.table for g in grants if g.covers_table(action, database)})
    if tables:
        return _permission(session, action, "unverified", f"granted on these tables only: {', '.join(tables)}")
    reason = f"GRANT {action} ON {identifier(database)}.* TO the database user"
    return _permission(session, action, "denied", f"no grant gives it; {reason}")


def _open(session: Session, action: str, why: str) -> Permission:
    if action == "SELECT" and _can_select(session):
        return _permission(session, action, "allowed", "a SELECT from one of its tables worked")
    return _permission(session, action, "unverified", why)


def _can_select(session: Session) -> bool:
    try:
        found = session.texts(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() LIMIT 1"
        )
        for (table,) in found:
            session.rows(f"SELECT 1 FROM {identifier(str(table))} LIMIT 0")
    except TableferryError:
        return False
    return bool(found)


def _permission(session: Session, action: str, verdict: Verdict, reason: str) -> Permission:
    return Permission(
        action=action, resource=f"{identifier(session.address.database)}.*", verdict=verdict, reason=reason
    )
