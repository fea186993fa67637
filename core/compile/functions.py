"""The functions that a contract's expressions may call, and the kind of value that each gives.

A function that is not here is refused, whatever it does: the list holds what computes a value from its arguments,
and nothing that waits, locks, reads files or tells of the server, the user or the session.
"""

from __future__ import annotations

from typing import Final

from core.items.plan import Kind

SAME: Final = "same"  # the kind of its first argument
COMMON: Final = "common"  # the kind that all its value arguments can take
NUMBER: Final = "number"  # the numeric kind that all its arguments can take

# By the class that sqlglot parses a call into, or by the upper-case name where it keeps none ("NAME()").
FUNCTIONS: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("Concat", "ConcatWs", "Upper", "Lower", "Trim", "Substring", "Left", "Right", "Pad", "Reverse", "Repeat"),
        Kind.TEXT,
    ),
    **dict.fromkeys(("SubstringIndex", "Hex", "MD5", "SHA", "SHA2", "TimeToStr", "Dayname", "NumberToStr"), Kind.TEXT),
    **dict.fromkeys(("Replace", "MID()", "JSON_UNQUOTE()"), Kind.TEXT),
    **dict.fromkeys(
        ("Length", "StrPosition", "Year", "Month", "Day", "DayOfMonth", "DayOfWeek", "DayOfYear", "Hour", "Minute"),
        Kind.INTEGER,
    ),
    **dict.fromkeys(("Second", "Quarter", "Week", "DateDiff", "TimestampDiff", "Extract", "Sign"), Kind.INTEGER),
    **dict.fromkeys(("WEEKDAY()", "FIELD()", "JSON_LENGTH()"), Kind.INTEGER),
    "UNIX_TIMESTAMP()": Kind.DECIMAL,
    **dict.fromkeys(("Abs", "Round", "Trunc", "Ceil", "Floor", "Mod", "IntDiv"), NUMBER),
    **dict.fromkeys(("Pow", "Sqrt", "Ln", "Exp"), Kind.DOUBLE),
    **dict.fromkeys(("Coalesce", "Greatest", "Least"), COMMON),
    "Nullif": SAME,
    **dict.fromkeys(("TsOrDsToDate", "CurrentDate", "LastDay"), Kind.DATE),
    **dict.fromkeys(("Time", "SEC_TO_TIME()", "TIMEDIFF()"), Kind.TIME),
    **dict.fromkeys(
        ("NOW()", "CurrentTimestamp", "UtcTimestamp", "StrToDate", "UnixToTime", "TimestampAdd"), Kind.DATETIME
    ),
    "TsOrDsToTimestamp": Kind.DATETIME,  # what DATE_FORMAT wraps its date in; it is not written again
    "JSONExtract": Kind.JSON,
}
