from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.items.number import canonical, is_nonzero
from core.items.rejects import RejectedRow
from tests.items.evaluator import REJECT, as_number

DIGITS = st.text("0123456789", min_size=0, max_size=45)
SIGNS = st.sampled_from(["", "-", "+"])
EXPONENTS = st.one_of(
    st.just(""), st.integers(-200, 200).map(lambda e: f"e{e}"), st.integers(-140, 140).map(lambda e: f"E{e:+04d}")
)
SPELLINGS = st.builds(
    lambda sign, whole, point, fraction, exponent: sign + whole + (point + fraction if point else "") + exponent,
    SIGNS,
    DIGITS,
    st.sampled_from(["", "."]),
    DIGITS,
    EXPONENTS,
)


def reason(text: str) -> str:
    with pytest.raises(RejectedRow) as rejected:
        canonical(text)
    return rejected.value.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0e99999999999999999999999", "0"),
        ("00042", "42"),
        ("+7", "7"),
        ("10.50", "10.5"),
        ("1.00", "1"),
        ("-0.50", "-0.5"),
        ("0.000", "0"),
        ("100", "100"),
        ("1e2", "100"),
        ("1E-2", "0.01"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-1.7976931348623157e2", "-179.76931348623157"),
        ("1E125", "1" + "0" * 125),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("9" * 38, "9" * 38),
        ("9" * 38 + "0" * 88, "9" * 38 + "0" * 88),
        ("0" * 1000 + "1" + "0" * 125, "1" + "0" * 125),
        ("0." + "0" * 100_000 + "1e100001", "1"),
    ],
)
def test_equal_numbers_have_one_text(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 1", "1 ", "1\n", "1_0", "abc", "1e", "e5", ".", "-", "--1", "1.2.3", "0x10", "inf", "-Infinity"),
        *("nan", "1e5.0", "\u0661", "\uff11", "1,000", "5.1.0", "1..0", "5.10.0", "-.0.", "1e" + "0" * 200_000 + "x"),
    ],
)
def test_what_is_no_number_is_a_reject(text: str) -> None:
    assert reason(text) == "not_a_number"


@pytest.mark.parametrize("text", ["1" * 39, "0." + "1" * 39, "1" + "0" * 37 + "1", "-" + "9" * 65])
def test_more_than_38_significant_digits_are_a_reject(text: str) -> None:
    assert reason(text) == "number_too_precise"


@pytest.mark.parametrize(
    "text",
    [
        *("1e126", "-1e126", "9.99e-131", "1.7976931348623157e308", "2.2250738585072014e-308"),
        *("1e999999999999999999999999", "1e-999999999999999999999999", "1e" + "9" * 100_000),
    ],
)
def test_a_magnitude_outside_dynamodbs_range_is_a_reject(text: str) -> None:
    assert reason(text) == "number_out_of_range"


@given(SPELLINGS)
@example("9.9999999999999999999999999999999999999E+125")
@example("-0.1e-129")
def test_it_agrees_with_decimal(text: str) -> None:
    expected = as_number(text)
    if expected is REJECT:
        reason(text)
        return
    found = canonical(text)
    assert Decimal(found) == expected
    assert found == format(expected.normalize() if expected else Decimal(0), "f") or len(found) > 28


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(0, 5))
def test_equal_values_have_equal_texts(value: Decimal, zeros: int) -> None:
    plain = format(value, "f")
    assert canonical(plain) == canonical(plain + "0" * zeros) == canonical(f"{plain}e0")


@given(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e125, max_value=1e125).filter(
        lambda f: f == 0 or abs(f) > 1e-129
    )
)
def test_a_double_stays_the_same_double(value: float) -> None:
    assert float(canonical(repr(value))) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", False),
        ("-0", False),
        ("0.000", False),
        ("0e5", False),
        ("1", True),
        ("-1", True),
        ("0.001", True),
        ("1e300", True),
    ],
)
def test_anything_but_zero_is_true(text: str, expected: bool) -> None:
    assert is_nonzero(text) is expected
