"""Numbers, bit fields, dates and times at their extremes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.e2e.cells import Source, same

SESSION_ZONE = "+05:30"
_ZONE = timedelta(hours=5, minutes=30)


def numbers(engine: str) -> list[Source]:
    """The columns of these types."""
    return [*_integers(), *_decimals(), *_doubles(), *_bits(), *_moments(engine)]


def _integers() -> Iterator[Source]:
    for name, bits in (("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)):
        half, short = 1 << (bits - 1), name.lower()
        yield Source(f"{short}_s", name, "integer", same([-half, half - 1, 0, 1, -1, half // 2]))
        yield Source(f"{short}_u", f"{name} UNSIGNED", "integer", same([0, 1, 2 * half - 1, half]))
    yield Source("filled", "INT(8) ZEROFILL", "integer", (("42", "00000042"), ("0", "0" * 8), ("4294967295",) * 2))
    wide = (("7", "7".zfill(20)), ("18446744073709551615",) * 2)
    yield Source("filled20", "BIGINT(20) UNSIGNED ZEROFILL", "integer", wide)
    yield Source("truth", "BOOLEAN", "integer", same([0, 1, 2, -128, 127]))
    yield Source("year_", "YEAR", "integer", (("0000", "0000"), *same([1901, 2024, 2155])))


def _decimals() -> Iterator[Source]:
    yield Source("dec1", "DECIMAL(1,0)", "decimal", same([0, 9, -9]))
    yield Source("dec10", "DECIMAL", "decimal", same([0, 9999999999, -9999999999]))
    money = (("10.5", "10.50"), ("-0", "0.00"), ("-99999999.99",) * 2, ("0.01", "0.01"), ("100", "100.00"))
    yield Source("money", "DECIMAL(10,2)", "decimal", money)
    filled = (("1.5", "00001.500"), ("99999.999",) * 2, ("0", "00000.000"))
    yield Source("dec_zero", "DECIMAL(8,3) UNSIGNED ZEROFILL", "decimal", filled)
    yield Source("dec38", "DECIMAL(38,0)", "decimal", same(["9" * 38, "-" + "9" * 38, "1" + "0" * 37]))
    yield Source("dec38_30", "DECIMAL(38,30)", "decimal", same([f"{'9' * 8}.{'9' * 30}", f"-0.{'0' * 29}1"]))
    # 39 digits fit if the last one is 0: the limit is on significant digits.
    yield Source("dec39", "DECIMAL(39,0)", "decimal", same(["9" * 39, "9" * 38 + "0", "1" + "0" * 38, "-" + "1" * 39]))
    yield Source("dec65", "DECIMAL(65,0)", "decimal", same(["9" * 65, "-" + "9" * 65, "1" + "0" * 64, "0"]))
    zeros = "0" * 30
    values = same(
        [f"{'9' * 35}.{'9' * 30}", f"0.{'0' * 29}1", f"{'9' * 35}.{'9' * 3}{'0' * 27}", f"-{'1' * 35}.{zeros}"]
    )
    yield Source("dec65_30", "DECIMAL(65,30)", "decimal", (*values, ("0.5", f"0.5{'0' * 29}")))


def _doubles() -> Iterator[Source]:
    """MySQL shows FLOAT with six digits and DOUBLE with as many as make the same double again."""
    floats = [
        ("0", "0"), ("0.1", "0.1"), ("-1.5", "-1.5"), ("3.40282e38", "3.40282e38"), ("1.17549e-38", "1.17549e-38"),
        ("16777216", "16777200"), ("123456.7", "123457"), ("1e15", "1e15"), ("-3.40282e38", "-3.40282e38"),
    ]  # fmt: skip
    yield Source("float_", "FLOAT", "float", tuple(floats))
    doubles = [
        *("0", "0.1", "0.30000000000000004", "1e15", "1e125", "9.99e125", "1e126", "1.7976931348623157e308"),
        *("2.2250738585072014e-308", "1e-130", "1e-131", "1e-200", "123456789012345.6", "-1.5", "-1e-130"),
    ]
    yield Source("double_", "DOUBLE", "double", (*same(doubles), ("9007199254740993", "9.007199254740992e15")))
    yield Source("float_md", "FLOAT(7,3)", "float", (("1.5", "1.500"), ("-9999.5", "-9999.500"), ("0", "0.000")))
    yield Source("double_md", "DOUBLE(10,2)", "double", (("1.5", "1.50"), ("99999999.99",) * 2, ("0", "0.00")))


def _bits() -> Iterator[Source]:
    for width in (1, 2, 8, 9, 33, 63, 64):
        top, size = (1 << width) - 1, (width + 7) // 8
        numbers = sorted({0, 1, top, top // 2, min(top, 48)})
        yield Source(f"bit{width}", f"BIT({width})", "bit", tuple((n, n.to_bytes(size, "big")) for n in numbers))


def _moments(engine: str) -> Iterator[Source]:
    """Zero dates and dates with zero parts are there because the tests' session allows them."""
    days = [
        "0000-00-00",
        "0000-01-01",
        "1000-01-01",
        "9999-12-31",
        "2024-02-29",
        "2024-00-00",
        "2024-02-00",
        "0001-01-01",
    ]
    yield Source("date_", "DATE", "date", same(days))
    times = ["-838:59:59", "838:59:59", "00:00:00", "-00:00:01", "23:59:59", "100:00:01"]
    yield Source("time_", "TIME", "time", same(times))
    most = "838:59:59.999999" if engine == "mariadb" else "838:59:59.000000"
    fine = same([most, "-" + most, "-00:00:00.000001", "12:00:00.500000"])
    yield Source("time6", "TIME(6)", "time", (*fine, ("1:02:03", "01:02:03.000000")))
    yield Source("time2", "TIME(2)", "time", (("-1:02:03.5", "-01:02:03.50"), ("0", "00:00:00.00")))
    midnights = same(f"{day} 00:00:00" for day in days)
    yield Source("datetime_", "DATETIME", "datetime", (*midnights, ("9999-12-31 23:59:59",) * 2))
    fractions = same(["9999-12-31 23:59:59.999999", "0000-00-00 00:00:00.000000", "2024-02-00 01:02:03.000001"])
    yield Source("datetime6", "DATETIME(6)", "datetime", (*fractions, ("2024-02-29", "2024-02-29 00:00:00.000000")))
    yield Source("datetime1", "DATETIME(1)", "datetime", (("2024-02-29 01:02:03.1", "2024-02-29 01:02:03.1"),))
    for name, digits in (("timestamp_", 0), ("timestamp6", 6)):
        fraction = "." + "9" * digits if digits else ""
        texts = [f"1970-01-01 00:00:01{fraction}", f"2038-01-19 03:14:07{fraction}", f"2024-03-31 01:30:00{fraction}"]
        zero = "0000-00-00 00:00:00" + ("." + "0" * digits if digits else "")
        values = ((zero, zero), *((_local(text), text) for text in texts))
        yield Source(name, f"TIMESTAMP({digits}) NULL", "datetime", values)


def _local(utc: str) -> str:
    """What the clock of the session's zone shows at that time."""
    return str(datetime.fromisoformat(utc) + _ZONE)
