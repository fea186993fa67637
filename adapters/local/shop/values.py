"""The values that the sample shop is made of, chosen to go wrong in a careless migration."""

from __future__ import annotations

import json
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

GIVEN = (
    "Ana",
    "Björn",
    "Chloé",
    "Дмитрий",
    "Ωμέγα",
    "李雷",
    "さくら",
    "محمد",
    "O'Neil",
    "Zoë",
    "İpek",
    "Nguyễn",
    "🦊 Fox",
)
FAMILY = (
    "Núñez",
    "Müller",
    "Smith",
    "Иванова",
    "Παπά",
    "王",
    "田中",
    "حسن",
    'de "la" Cruz',
    "D\\Arcy",
    "ß",
    "Ὀδυσσεύς",
)
THINGS = ("Lamp", "Bücherregal", "Café crème", "Чайник", "椅子", "Tent", "Guitarra", "Kettle 🫖", "Rug 100%", "Zażółć")
ADJECTIVES = (
    "small",
    "große",
    "vieux",
    "красный",
    "新しい",
    "plain",
    "50% off",
    "left|right",
    "<b>bold</b>",
    "{braced}",
)
# What a careless program takes for NULL, cuts off or turns around.
AWKWARD = (
    *(
        "",
        "null",
        "None",
        "NULL",
        "nan",
        "0",
        " leading",
        "trailing  ",
        "tab\there",
        "two\nlines",
        "a#b",
        "it's",
        '"quoted"',
    ),
    *('"quoted"', "back\\slash", "🦄🏳️‍🌈", "e\u0301 ≠ é", "שלום", "\u0000nul", "'); DROP TABLE x; --", "%s {0} ${x}"),
)
LATIN = ("Très bien", "Größe passt", "null", "", "Ni fu ni fa ¿no?", "Meh ", "5 £ too dear")
BALANCES = (
    *("9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999"),
    *("0.0000000001", "-0.0000000001", "0.0000000000", "1234567890.0000000000"),
)
WEIGHTS = (0.1, 1e-7, 1.7976931348623157e100, 2.5e-9, 123456.789, 0.0, -0.25, 1 / 3)


def maybe(random: Random, value: T) -> T | None:
    return None if random.random() < 0.15 else value


def members(random: Random, members: tuple[str, ...]) -> str:
    return ",".join(member for member in members if random.random() < 0.4)


def birthday(random: Random) -> str:
    return f"{random.randrange(1930, 2015)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"


def moment(random: Random) -> str:
    day = f"{random.randrange(2015, 2026)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
    return f"{day} {random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}"


def timestamp(random: Random) -> str:
    """In UTC; a fraction of zero is common, and some are at the ends of the type's range."""
    if random.random() < 0.01:
        return random.choice(("1970-01-01 00:00:01.000000", "2038-01-19 03:14:07.999999"))
    return f"{moment(random)}.{random.choice(('000000', '500000', '000001', f'{random.randrange(10**6):06}'))}"


def decimals(random: Random) -> str:
    return f"{random.randrange(10**10):010}" if random.random() < 0.7 else f"{random.randrange(100):02}00000000"


def random_money(random: Random, below_cents: int) -> str:
    return in_money(random.randrange(below_cents))


def in_money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def cents(money: str) -> int:
    return int(money.replace(".", ""))


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
