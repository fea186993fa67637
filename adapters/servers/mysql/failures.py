"""Turns what PyMySQL raises into `core.errors`, by what a caller can do about it.

https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html; MariaDB's own: 1900, 4000 on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import (
    AlreadyExistsError,
    AuthenticationFailedError,
    CallTimedOutError,
    InternalError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    TableferryError,
    UnavailableError,
)

_GROUPS: tuple[tuple[frozenset[int], type[TableferryError], str], ...] = (
    (
        frozenset({1045, 1698, 1251, 1862, 1820, 2059, 2061, 3118, 3955, 4151}),
        AuthenticationFailedError,
        "Check the user and password of the source's settings, and that the account is neither locked nor expired.",
    ),
    (
        frozenset({1044, 1142, 1143, 1227, 1290, 1345, 1356, 1369, 1370, 1410, 1449, 1836, 3098}),
        PermissionDeniedError,
        "Grant the database user the privilege, or ask for mysql_validate_permissions.",
    ),
    (
        frozenset({3024, 1969, 1907}),
        CallTimedOutError,
        "Allow more time, or ask for less.",
    ),
    (
        frozenset({1146, 1049, 1051, 1109, 4092, 1305}),
        NotFoundError,
        "Check the name and the database.",
    ),
    (frozenset({1050, 1347, 1965}), AlreadyExistsError, "Something of this name is there already; look at it first."),
    (
        frozenset({1040, 1203, 1226, 1129, 1053, 1077, 1158, 1159, 1160, 1161, 1317, 1927, 3169, 3168, 4031})
        | frozenset({1205, 1213, 1206, 3572, 1637, 1041, 1021}),
        UnavailableError,
        "Try again later.",
    ),
)
_CLIENT_ERRORS = range(2000, 3000)
_UNREACHED = frozenset({2002, 2003, 2005, 2026})  # no socket, refused, unknown host, no TLS


@contextmanager
def mysql_call(where: str, *, masked: str = "") -> Iterator[None]:
    """Calls to the SQL server at `where`; what fails is raised as a `TableferryError` without the text `masked`."""
    import pymysql

    try:
        yield
    except pymysql.MySQLError as exc:
        raise translate_mysql(exc, where, masked) from exc
    except (OSError, RuntimeError, UnicodeError) as exc:
        text = f"The connection to {where} failed: {_mask(str(exc), masked)}."
        if isinstance(exc, UnicodeError):
            raise InvalidRequestError(text, remedy="The text is not valid Unicode.") from exc
        raise UnavailableError(text, remedy="Check host, port and TLS settings.") from exc


def translate_mysql(exc: Exception, where: str, masked: str = "") -> TableferryError:
    """The typed form of a PyMySQL exception."""
    number = exc.args[0] if exc.args and isinstance(exc.args[0], int) else 0
    reason = _mask(str(exc.args[-1] if exc.args else exc), masked).rstrip(".")
    facts: dict[str, Any] = {"errno": number, "where": where}
    text = f"The SQL server at {where} answered [{number}]: {reason}."
    for numbers, error, remedy in _GROUPS:
        if number in numbers:
            return error(text, remedy=remedy, **facts)
    if number in _CLIENT_ERRORS:
        return _of_connection(where, number, reason)
    if number:
        return InvalidRequestError(text, remedy="Correct the statement.", **facts)
    return InternalError(f"PyMySQL failed at {where} ({type(exc).__name__}): {reason}.", **facts)


def _of_connection(where: str, number: int, reason: str) -> TableferryError:
    facts: dict[str, Any] = {"errno": number, "where": where}
    if number == 2013 and "timed out" in reason:
        return CallTimedOutError(f"No answer in time from {where}: {reason}.", remedy="Allow more time.", **facts)
    remedy = "Check host, port and network, and that the SQL server runs."
    if number in _UNREACHED:
        return NetworkError(f"Cannot reach {where} [{number}]: {reason}.", remedy=remedy, **facts)
    return UnavailableError(f"Cannot talk to {where} [{number}]: {reason}.", remedy=remedy, **facts)


def _mask(text: str, masked: str) -> str:
    return text.replace(masked, "***") if masked else text
