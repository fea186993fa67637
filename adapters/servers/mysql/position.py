"""Where the source stands: the GTIDs that it executed and the end of its binary log, as far as the user may see them.

Sources: https://dev.mysql.com/doc/refman/8.4/en/replication-options-gtids.html (gtid_executed),
https://mariadb.com/kb/en/gtid/ (gtid_current_pos).
"""

from __future__ import annotations

from pydantic import BaseModel

from adapters.servers.mysql.connection import Session
from core.errors import InvalidRequestError, TableferryError


class SourcePosition(BaseModel):
    """A moment of the source; two with equal `gtid` (or else equal file and position) have nothing between them.

    What cannot be seen is null, and `reason` says why.
    """

    server_time: str
    gtid: str | None = None
    binlog_file: str | None = None
    binlog_position: int | None = None
    reason: str = ""


def source_position(session: Session) -> SourcePosition:
    """The position now. Nothing that the user may not see is an error."""
    ((time, logs),) = session.texts("SELECT UTC_TIMESTAMP(6), @@GLOBAL.log_bin")
    found = SourcePosition(server_time=f"{time}+00:00")
    if logs != "1":
        return found.model_copy(update={"reason": "the server keeps no binary log"})
    gtid, no_gtid = _gtid(session)
    file, position, no_log = _end_of_log(session)
    reasons = "; ".join(r for r in (no_gtid, no_log) if r)
    update = {"gtid": gtid, "binlog_file": file, "binlog_position": position, "reason": reasons}
    return found.model_copy(update=update)


def _gtid(session: Session) -> tuple[str | None, str]:
    if session.version.engine == "mariadb":
        ((gtid,),) = session.texts("SELECT @@GLOBAL.gtid_current_pos")
        return gtid, ""
    ((mode, gtid),) = session.texts("SELECT @@GLOBAL.gtid_mode, @@GLOBAL.gtid_executed")
    if mode != "ON":
        return None, f"gtid_mode is {mode}"
    return (gtid or "").replace("\n", ""), ""


def _end_of_log(session: Session) -> tuple[str | None, int | None, str]:
    try:
        rows = _log_status(session)
    except TableferryError as error:
        return None, None, f"the end of the binary log is not shown: {error.message}"
    if not rows:
        return None, None, "the server shows no binary log"
    file, position = rows[0][:2]
    return str(file), int(position or 0), ""


def _log_status(session: Session) -> list[tuple[str | None, ...]]:
    if session.version.engine == "mariadb":
        return session.texts("SHOW MASTER STATUS")
    try:
        return session.texts("SHOW BINARY LOG STATUS")  # MySQL 8.2 and later; 8.4 knows no other
    except InvalidRequestError:
        return session.texts("SHOW MASTER STATUS")
