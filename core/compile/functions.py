"""The functions that a contract's expressions may call, and the kind of value that each gives.

A function that is not here is refused, whatever it does: the list holds what computes a value from its arguments, and
means the same on MySQL and MariaDB; nothing that waits, locks, reads files or tells of the server, the user or the
session. tests/ports/test_expressions.py calls every one of them on a server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.compile.moments import MOMENTS
from core.items.plan import Kind

SAME: Final = "same"  # the kind of its first argument
COMMON: Final = "common"  # the kind that all its arguments can take
NUMBER: Final = "number"  # the kind of its first argument, which must be a number
NUMBERS: Final = "numbers"  # the numeric kind that all its arguments can take
TEXTUAL: Final = "textual"  # what its first argument is, text or bytes
JOINED: Final = "joined"  # text; bytes where one of its values is bytes
QUOTED: Final = "quoted"  # text, of text
TIMED: Final = "timed"  # the kind of its first argument if that is a moment, else text
SHIFTED: Final = "shifted"  # a moment moved by an interval


@dataclass(frozen=True)
class Function:
    """One function: the kind of its value (or a rule for it), and how many arguments it takes.

    `texts` of its first arguments are texts; None are all of them.
    """

    kind: str
    least: int
    most: int
    texts: int | None = 0


def _alike(names: str, kind: str, least: int, most: int, texts: int | None = 0) -> dict[str, Function]:
    return dict.fromkeys(names.split(), Function(kind, least, most, texts))


_MANY = 1000

FUNCTIONS: Final[dict[str, Function]] = {
    **_alike("UPPER UCASE LOWER LCASE REVERSE LTRIM RTRIM TRIM", TEXTUAL, 1, 1, 1),
    **_alike("LEFT RIGHT REPEAT", TEXTUAL, 2, 2, 1),
    **_alike("SUBSTRING SUBSTR", TEXTUAL, 2, 3, 1),
    **_alike("MID SUBSTRING_INDEX", TEXTUAL, 3, 3, 1),
    **_alike("LPAD RPAD", TEXTUAL, 3, 3, 1),
    **_alike("REPLACE", TEXTUAL, 3, 3, 3),
    **_alike("CONCAT", JOINED, 1, _MANY, None),
    **_alike("CONCAT_WS", JOINED, 2, _MANY, None),
    **_alike("ELT", JOINED, 2, _MANY),
    **_alike("SPACE BIN OCT HEX", Kind.TEXT, 1, 1),
    **_alike("MD5 SHA SHA1 TO_BASE64", Kind.TEXT, 1, 1, 1),
    **_alike("QUOTE", QUOTED, 1, 1, 1),
    **_alike("SHA2", Kind.TEXT, 2, 2, 1),
    **_alike("UNHEX FROM_BASE64", Kind.BINARY, 1, 1, 1),
    **_alike("CONV", Kind.TEXT, 3, 3),
    **_alike("FORMAT", Kind.TEXT, 2, 2),
    **_alike("LENGTH OCTET_LENGTH CHAR_LENGTH CHARACTER_LENGTH BIT_LENGTH ASCII ORD CRC32", Kind.INTEGER, 1, 1, 1),
    **_alike("LOCATE", Kind.INTEGER, 2, 3, 2),
    **_alike("INSTR FIND_IN_SET STRCMP", Kind.INTEGER, 2, 2, 2),
    **_alike("FIELD", Kind.INTEGER, 2, _MANY),
    **_alike("INET_ATON", Kind.INTEGER, 1, 1, 1),
    **_alike("INET_NTOA", Kind.TEXT, 1, 1),
    **_alike("ABS CEIL CEILING FLOOR", NUMBER, 1, 1),
    **_alike("ROUND", NUMBER, 1, 2),
    **_alike("TRUNCATE", NUMBER, 2, 2),
    **_alike("MOD", NUMBERS, 2, 2),
    **_alike("SIGN BIT_COUNT", Kind.INTEGER, 1, 1),
    **_alike("POW POWER ATAN2", Kind.DOUBLE, 2, 2),
    **_alike("SQRT EXP LN LOG2 LOG10 SIN COS TAN ASIN ACOS DEGREES RADIANS", Kind.DOUBLE, 1, 1),
    **_alike("LOG ATAN", Kind.DOUBLE, 1, 2),
    **_alike("COALESCE", COMMON, 1, _MANY),
    **_alike("GREATEST LEAST", COMMON, 2, _MANY),
    **_alike("IFNULL", COMMON, 2, 2),
    **_alike("NULLIF", SAME, 2, 2),
    **_alike("ISNULL", Kind.INTEGER, 1, 1),
    **_alike("YEAR MONTH DAY DAYOFMONTH DAYOFWEEK DAYOFYEAR WEEKDAY WEEKOFYEAR QUARTER", Kind.INTEGER, 1, 1),
    **_alike("HOUR MINUTE SECOND MICROSECOND TO_DAYS", Kind.INTEGER, 1, 1),
    **_alike("WEEK YEARWEEK", Kind.INTEGER, 1, 2),
    **_alike("DATEDIFF", Kind.INTEGER, 2, 2),
    **_alike("TIMESTAMPDIFF", Kind.INTEGER, 3, 3),
    **_alike("EXTRACT", Kind.INTEGER, 1, 1),
    **_alike("TIME_TO_SEC", Kind.DECIMAL, 1, 1),  # with the fraction on MariaDB
    **_alike("UNIX_TIMESTAMP", Kind.DECIMAL, 0, 1),
    **_alike("DATE LAST_DAY FROM_DAYS", Kind.DATE, 1, 1),
    **_alike("MAKEDATE", Kind.DATE, 2, 2),
    **_alike("TIME SEC_TO_TIME", Kind.TIME, 1, 1),
    **_alike("TIMEDIFF", Kind.TIME, 2, 2),
    **_alike("MAKETIME", Kind.TIME, 3, 3),
    **_alike("TIMESTAMP", Kind.DATETIME, 1, 2),
    **_alike("STR_TO_DATE", Kind.DATETIME, 2, 2),
    **_alike("FROM_UNIXTIME", Kind.DATETIME, 1, 2),
    **_alike("CONVERT_TZ", Kind.DATETIME, 3, 3),
    **_alike("DATE_ADD DATE_SUB ADDDATE SUBDATE", SHIFTED, 2, 2),
    **_alike("TIMESTAMPADD", SHIFTED, 3, 3),
    **_alike("ADDTIME SUBTIME", TIMED, 2, 2),
    **_alike("DATE_FORMAT TIME_FORMAT", Kind.TEXT, 2, 2),
    **_alike("DAYNAME MONTHNAME", Kind.TEXT, 1, 1),
    **_alike("JSON_EXTRACT", Kind.JSON, 2, _MANY),
    **_alike("JSON_KEYS", Kind.JSON, 1, 2),
    **_alike("JSON_UNQUOTE JSON_QUOTE JSON_TYPE", Kind.TEXT, 1, 1),
    **_alike("JSON_VALID JSON_DEPTH", Kind.INTEGER, 1, 1),
    **_alike("JSON_LENGTH", Kind.INTEGER, 1, 2),
    **_alike("JSON_CONTAINS", Kind.INTEGER, 2, 3),
    **_alike("JSON_CONTAINS_PATH", Kind.INTEGER, 3, _MANY),
    **{name: Function(kind, 0, 0 if kind == Kind.DATE else 1) for name, kind in MOMENTS.items()},
}

# Functions that MySQL has as a component since 9.6, and not of its own: where the component is missing, a stored
# function of the database may bear the name, and reads other tables with the rights of whoever made it.
NO_LONGER_NATIVE: Final = frozenset({"MD5", "SHA", "SHA1"})

# What people write instead, and functions that would be another thing on the other engine: what to write.
INSTEAD: Final = {
    "SYSDATE": "Use NOW(), which is the same moment for every row.",
    "JSON_VALUE": "Use JSON_UNQUOTE(JSON_EXTRACT(document, path)); JSON_VALUE cuts long values on MySQL.",
    "REGEXP_LIKE": "Use `text REGEXP pattern`.",
    "REGEXP_REPLACE": "Use REPLACE; the engines write a pattern's groups differently.",
    "REGEXP_SUBSTR": "Use SUBSTRING_INDEX; the engines answer differently when nothing matches.",
    # One number that is no period ends a read on MySQL (error 1210), and is a period of some kind on MariaDB.
    "PERIOD_ADD": "Use DATE_FORMAT(TIMESTAMPADD(MONTH, months, moment), '%Y%m').",
    "PERIOD_DIFF": "Use TIMESTAMPDIFF(MONTH, earlier, later), of the first days of the months.",
    "NVL": "Use IFNULL.",
    "LEN": "Use CHAR_LENGTH.",
    "TO_CHAR": "Use DATE_FORMAT.",
    "TO_DATE": "Use STR_TO_DATE.",
    "DATE_TRUNC": "Use DATE_FORMAT.",
    "CHARINDEX": "Use LOCATE.",
    "STRPOS": "Use LOCATE.",
    "SPLIT_PART": "Use SUBSTRING_INDEX.",
    "CHAR": "Use a literal, or UNHEX.",
    "INSERT": "Use CONCAT with LEFT and SUBSTRING.",
    "UUID_TO_BIN": "Use UNHEX(REPLACE(text, '-', '')); MariaDB has no UUID_TO_BIN.",
    "BIN_TO_UUID": "Use LOWER(HEX(bytes)); MariaDB has no BIN_TO_UUID.",
    **dict.fromkeys(("JSON_OBJECT", "JSON_ARRAY"), "Use a json-construction join, or attributes of their own."),
    **dict.fromkeys(("SUM", "COUNT", "AVG", "MIN", "MAX"), "Use an aggregate calculation."),
    **dict.fromkeys(("GROUP_CONCAT", "JSON_ARRAYAGG"), "Use a json-construction join, or a lookup-table of type L."),
}
