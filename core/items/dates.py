"""Dates and times written in another format, by their digits alone: no time zone, no calendar of Python's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Callable

from core.items.rejects import Reason, RejectedRow

DATE_TOKENS = ("YYYY", "MM", "DD")
TOKENS = (*DATE_TOKENS, "HH", "mm", "ss")

_TOKEN = re.compile("|".join(TOKENS))
_MYSQL = re.compile(
    r"(?:(?P<YYYY>[0-9]{4})-(?P<MM>[0-9]{2})-(?P<DD>[0-9]{2})(?: (?=.)|$))?"
    r"(?:(?P<HH>[0-9]{2,3}):(?P<mm>[0-9]{2}):(?P<ss>[0-9]{2})(?:\.[0-9]{1,6})?)?"
)
_HIGHEST = {"MM": 12, "DD": 31, "mm": 59, "ss": 59}
_DAYS = (31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # month 00 is MySQL's "unknown"


def date_formatter(format_: str, source_format: str | None) -> Callable[[str], str]:
    """A function from a text to the text in `format_`; it raises RejectedRow (not_a_date) for what does not fit.

    Without `source_format` it reads MySQL's DATE, DATETIME and TIME texts, zero dates too; a TIME has no date, and a
    negative one is no time of day. Missing times are 00.
    """
    pieces = _pieces(format_)
    reads = _MYSQL if source_format is None else _pattern(source_format)

    def formatted(text: str) -> str:
        match = reads.fullmatch(text)
        found = {} if match is None else {name: part for name, part in match.groupdict().items() if part}
        if not found or not _is_moment(found) or not _has_date(found, pieces):
            raise RejectedRow(Reason.NOT_A_DATE, f"the text is no date or time of {source_format or 'MySQL'}")
        return "".join(found.get(piece, "00") if token else piece for token, piece in pieces)

    return formatted


def missing_tokens(format_: str, source_format: str) -> list[str]:
    """The parts of a date that `format_` writes and `source_format` does not read."""
    read = _tokens(source_format)
    return [token for token in DATE_TOKENS if token in _tokens(format_) and token not in read]


def has_date(format_: str) -> bool:
    """Whether the format writes or reads any part of a date."""
    return any(token in DATE_TOKENS for token in _tokens(format_))


def _tokens(format_: str) -> set[str]:
    return {text for token, text in _pieces(format_) if token}


def _pieces(format_: str) -> list[tuple[bool, str]]:
    """The format cut up: (True, token) and (False, literal)."""
    pieces: list[tuple[bool, str]] = []
    at = 0
    for match in _TOKEN.finditer(format_):
        pieces += [(False, format_[at : match.start()]), (True, match.group())]
        at = match.end()
    return [piece for piece in [*pieces, (False, format_[at:])] if piece[1]]


def _pattern(source_format: str) -> re.Pattern[str]:
    seen: set[str] = set()
    pattern = ""
    for token, text in _pieces(source_format):
        if not token:
            pattern += re.escape(text)
        elif text in seen:
            pattern += f"(?P={text})"
        else:
            seen.add(text)
            pattern += f"(?P<{text}>[0-9]{{{len(text)}}})"
    return re.compile(pattern)


def _has_date(found: Mapping[str, str], pieces: list[tuple[bool, str]]) -> bool:
    return all(piece in found for token, piece in pieces if token and piece in DATE_TOKENS)


def _is_moment(found: Mapping[str, str]) -> bool:
    if any(int(found[name]) > highest for name, highest in _HIGHEST.items() if name in found):
        return False
    if not any(name in found for name in DATE_TOKENS):
        return int(found.get("HH", "0")) <= 838
    if int(found.get("HH", "0")) > 23 or len(found.get("HH", "00")) > 2:
        return False
    month, day = int(found.get("MM", "0")), int(found.get("DD", "0"))
    return day <= _DAYS[month] and not (month == 2 and day == 29 and "YYYY" in found and not _leap(found["YYYY"]))


def _leap(text: str) -> bool:
    year = int(text)
    return year % 4 == 0 and (year % 100 != 0 or (year % 400 == 0 and year != 0))
