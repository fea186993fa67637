"""Numbers written with a fixed count of decimals and digit groups: exact on the decimal text, never through a float."""

from __future__ import annotations

from typing import Callable

from core.items.number import decimal_parts
from core.items.rejects import Reason, RejectedRow

# A text such as 1e999999999 must not become a gigabyte of zeros; no DOUBLE has more than 309 digits.
_MOST_ZEROS = 400


def number_formatter(decimals: int, grouping: bool, minimum_integer_digits: int) -> Callable[[str], str]:
    """A function from a number's text to its formatted text; rounds half away from zero, writes no minus on zero.

    The function raises RejectedRow: not_a_number, number_out_of_range (an exponent over 400 beyond the digits).
    """

    def formatted(text: str) -> str:
        negative, digits, point = decimal_parts(text)
        if point > len(digits) + _MOST_ZEROS:
            raise RejectedRow(Reason.NUMBER_OUT_OF_RANGE, f"the number has over {_MOST_ZEROS} zeros at its end")
        units = _rounded(digits, point + decimals)
        padded = units.zfill(decimals + minimum_integer_digits)
        cut = len(padded) - decimals
        whole, fraction = padded[:cut], padded[cut:]
        written = _grouped(whole) if grouping else whole
        sign = "-" if negative and units else ""
        return sign + (f"{written}.{fraction}" if decimals else written or "0")

    return formatted


def _rounded(digits: str, keep: int) -> str:
    """The first `keep` of the digits (zeros appended where there are fewer), rounded; without leading zeros."""
    if keep < 0:
        return ""
    kept = (digits[:keep] + "0" * (keep - len(digits))).lstrip("0")
    if digits[keep : keep + 1] < "5":
        return kept
    return _incremented(kept)


def _incremented(digits: str) -> str:
    """One more; by text, because Python refuses to read integers of over 4,300 digits."""
    stem = digits.rstrip("9")
    nines = len(digits) - len(stem)
    return (stem[:-1] + str(int(stem[-1]) + 1) if stem else "1") + "0" * nines


def _grouped(whole: str) -> str:
    first = len(whole) % 3
    groups = [whole[at : at + 3] for at in range(first, len(whole), 3)]
    return ",".join([whole[:first], *groups] if first else groups)
