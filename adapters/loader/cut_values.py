"""Values that are longer than the server's max_allowed_packet, which it cuts or leaves out, and says so in a warning.

Found by running both engines: CONCAT and REPEAT become NULL with warning 1301; JSON_ARRAYAGG ends MySQL's read with
error 1301, and is cut on MariaDB with warning 1260, now and then where what is left reads as JSON.
"""

from __future__ import annotations

from typing import Any

from adapters.loader.errors import SourceCutError

CUT = 1260  # ER_CUT_VALUE_GROUP_CONCAT
TOO_LONG = 1301  # ER_WARN_ALLOWED_PACKET_OVERFLOWED


def require_whole_values(connection: Any, warnings: int, where: str) -> None:
    """Look at the warnings of the statement before this one, of which there are so many. Raises SourceCutError."""
    if not warnings:
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW WARNINGS")
        for _, code, message in cursor.fetchall():
            if int(code) in (CUT, TOO_LONG):
                raise cut(where, message)


def cut(where: str, message: str) -> SourceCutError:
    """The error for what the server said."""
    return SourceCutError(
        f"{where} has a value that is longer than the server sends ({message}); nothing is loaded shortened: raise "
        "max_allowed_packet on the server (at most 1 GB), or let the contract take less"
    )
