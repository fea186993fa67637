"""What MySQL's functions give, for those that contracts here call; NULL for NULL, unless it is their very purpose."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.contract_evaluator.sql_values import EXACT, Day, Moment, Value, number_of, text_of


@dataclass(frozen=True)
class Interval:
    """INTERVAL n UNIT, an argument of DATE_ADD and DATE_SUB."""

    count: int
    unit: str


def _strict(of: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if any(v is None for v in values) else of(*values)


def _concat_ws(separator: str | None, *values: Value) -> str | None:
    return None if separator is None else separator.join(text_of(v) for v in values if v is not None)


def _cased(text: str, change: Callable[[str], str]) -> str:
    """Letter by letter: MySQL does not make two letters of one."""
    return "".join(changed if len(changed := change(letter)) == 1 else letter for letter in text)


def _rounded(value: Value, places: int = 0) -> Any:
    number = Decimal(number_of(value) or 0)
    found = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, context=EXACT)
    return int(found) if isinstance(value, int) else found


def _absolute(value: Value) -> Any:
    return abs(value) if isinstance(value, (int, float)) else EXACT.abs(Decimal(number_of(value) or 0))


def _part(text: str, start: int, length: int) -> str:
    return text[start - 1 : start - 1 + length] if start > 0 else ""


def _parts(moment: Day | Moment) -> tuple[datetime.datetime, str]:
    """The moment to the second, and its fraction as it is written."""
    whole, point, fraction = moment.text.partition(".")
    form = "%Y-%m-%d" if isinstance(moment, Day) else "%Y-%m-%d %H:%M:%S"
    return datetime.datetime.strptime(whole, form), point + fraction  # noqa: DTZ007 - in UTC, as all here


def _shifted(moment: Day | Moment, interval: Interval, sign: int) -> Day | Moment | None:
    at, fraction = _parts(moment)
    count = interval.count * sign
    try:
        if interval.unit in {"MONTH", "YEAR"}:
            at = _months_later(at, count * (12 if interval.unit == "YEAR" else 1))
        else:
            at += datetime.timedelta(**{f"{interval.unit.lower()}s": count})
    except (OverflowError, ValueError):
        return None
    days = isinstance(moment, Day) and interval.unit not in {"HOUR", "MINUTE", "SECOND"}
    date = f"{at.year:04}-{at.month:02}-{at.day:02}"
    return Day(date) if days else Moment(f"{date} {at:%H:%M:%S}{fraction}")


def _months_later(at: datetime.datetime, months: int) -> datetime.datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def _days_between(left: Day | Moment, right: Day | Moment) -> int:
    return (_parts(left)[0].date() - _parts(right)[0].date()).days


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "CONCAT": _strict(lambda *values: "".join(map(text_of, values))),
    "CONCAT_WS": _concat_ws,
    "UPPER": _strict(lambda text: _cased(text, str.upper)),
    "LOWER": _strict(lambda text: _cased(text, str.lower)),
    "TRIM": _strict(lambda text: text.strip(" ")),
    "LEFT": _strict(lambda text, count: text[:count]),
    "RIGHT": _strict(lambda text, count: text[-count:] if count else ""),
    "SUBSTRING": _strict(_part),
    "REPLACE": _strict(lambda text, old, new: text.replace(old, new)),
    "REVERSE": _strict(lambda text: text[::-1]),
    "CHAR_LENGTH": _strict(len),
    "COALESCE": lambda *values: next((v for v in values if v is not None), None),
    "IFNULL": lambda value, other: other if value is None else value,
    "ABS": _strict(_absolute),
    "ROUND": _strict(_rounded),
    "DATE_ADD": _strict(lambda moment, interval: _shifted(moment, interval, 1)),
    "DATE_SUB": _strict(lambda moment, interval: _shifted(moment, interval, -1)),
    "DATEDIFF": _strict(_days_between),
    "DATE": _strict(lambda moment: Day(moment.text[:10])),
    "YEAR": _strict(lambda moment: int(text_of(moment)[:4])),
    "MONTH": _strict(lambda moment: int(moment.text[5:7])),
    "DAY": _strict(lambda moment: int(moment.text[8:10])),
    "LAST_DAY": _strict(lambda m: Day(f"{m.text[:8]}{calendar.monthrange(int(m.text[:4]), int(m.text[5:7]))[1]:02}")),
}
