"""Exact numbers: MySQL's text of a number becomes the text that DynamoDB itself would answer with, or a reject.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html, "Number".
"""

from __future__ import annotations

import re

from core.items.rejects import Reason, RejectedRow

MAX_DIGITS = 38
MAX_EXPONENT = 125  # of d.ddd: 9.9999999999999999999999999999999999999E+125
MIN_EXPONENT = -130  # 1E-130

_CANONICAL = re.compile(r"0|-?(?:[1-9][0-9]*|0(?=\.))(?:\.[0-9]*[1-9])?")
_SCALED = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:(\.[0-9]*[1-9])0*|\.0*)")
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_NONZERO = re.compile(r"[-+.0]*[1-9]")
# An exponent with more digits than this cannot be made up for by the digits of any text a server can send (4 GiB).
_LONGEST_EXPONENT = 18


def canonical(text: str) -> str:
    """The number as plain decimal digits: no exponent, no needless zeros, no minus on zero.

    The result has at most 38 significant digits and 0 or a magnitude of 1E-130 to 9.99...E+125; equal numbers have
    equal texts. Raises RejectedRow: not_a_number, number_too_precise, number_out_of_range.
    """
    if len(text) <= MAX_DIGITS:
        # What nearly every column holds: an integer, or a DECIMAL with its scale.
        if _CANONICAL.fullmatch(text):
            return text
        scaled = _SCALED.fullmatch(text)
        if scaled is not None:
            whole, fraction = scaled.groups("")
            return "0" if whole == "-0" and not fraction else whole + fraction
    negative, digits, point = decimal_parts(text)
    significant = digits.lstrip("0")
    point -= len(digits) - len(significant)
    significant = significant.rstrip("0")
    if not significant:
        return "0"
    _check(len(significant), point - 1)
    return ("-" if negative else "") + _plain(significant, point)


def is_nonzero(text: str) -> bool:
    """Whether MySQL's text of a number is anything but zero; the number's size and digits do not matter."""
    return _NONZERO.match(text) is not None


def decimal_parts(text: str) -> tuple[bool, str, int]:
    """Whether it is negative, its digits, and how many of them stand before the decimal point (may be none or more).

    Raises RejectedRow: not_a_number; number_out_of_range for an exponent of over 18 digits.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise RejectedRow(Reason.NOT_A_NUMBER, "the text is not a number")
    sign, whole, fraction, exponent = match.groups()
    digits = whole + (fraction or "")
    if not digits:
        raise RejectedRow(Reason.NOT_A_NUMBER, "the text is not a number")
    point = len(whole)
    if exponent and digits.strip("0"):
        point += _exponent(exponent)
    return sign == "-", digits, point


def _exponent(text: str) -> int:
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > _LONGEST_EXPONENT:
        raise _out_of_range()
    return -int(digits) if text[0] == "-" else int(digits)


def _check(digits: int, exponent: int) -> None:
    if not MIN_EXPONENT <= exponent <= MAX_EXPONENT:
        raise _out_of_range()
    if digits > MAX_DIGITS:
        raise RejectedRow(Reason.NUMBER_TOO_PRECISE, f"{digits} significant digits, DynamoDB holds {MAX_DIGITS}")


def _out_of_range() -> RejectedRow:
    return RejectedRow(
        Reason.NUMBER_OUT_OF_RANGE, "the magnitude is not in 1E-130 to 9.9999999999999999999999999999999999999E+125"
    )


def _plain(significant: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + significant
    if point >= len(significant):
        return significant + "0" * (point - len(significant))
    return significant[:point] + "." + significant[point:]
