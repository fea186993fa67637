"""The rows of the sample shop: the same for the same seed and scale, on every machine.

Every kind of value that a migration can get wrong is in there: NULL beside the empty text and the text `null`,
emoji, trailing blanks, the smallest and largest decimals, fractions of zero, moments at the ends of their ranges.
No row is a reject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from adapters.local.shop.values import (
    ADJECTIVES,
    AWKWARD,
    BALANCES,
    FAMILY,
    GIVEN,
    LATIN,
    THINGS,
    WEIGHTS,
    birthday,
    cents,
    decimals,
    in_money,
    json_text,
    maybe,
    members,
    moment,
    random_money,
    timestamp,
)

Row = tuple[Any, ...]
Batch = tuple[str, list[Row]]

TABLES: Final = ("customers", "categories", "products", "orders", "order_items", "reviews")
CUSTOMERS, PRODUCTS, ORDERS, REVIEWS = 8_000, 3_000, 30_000, 6_000
ROOTS, BRANCHES, LEAVES = 8, 4, 3
BATCH_ROWS: Final = 2_000


def batches(scale: float, seed: int) -> Iterator[Batch]:
    """Every row, as (table, rows) in an order that foreign keys accept; values are what pymysql takes.

    Raises ValueError for a scale that is not above 0. Categories do not grow with the scale.
    """
    if not scale > 0:
        raise ValueError(f"the scale must be above 0, not {scale}")
    customers, products, orders, reviews = (max(1, round(n * scale)) for n in (CUSTOMERS, PRODUCTS, ORDERS, REVIEWS))
    yield "categories", list(_categories(_random(seed, "categories")))
    yield from _plain("customers", customers, _customer, seed)
    yield from _plain("products", products, _product, seed)
    yield from _orders(orders, customers, products, _random(seed, "orders"))
    random = _random(seed, "reviews")
    yield from _cut("reviews", (_review(random, n, customers, products) for n in range(1, reviews + 1)))


def _random(seed: int, table: str) -> Random:
    return Random(f"tableferry shop {seed} {table}")  # noqa: S311 - sample rows, no secrets


def _plain(table: str, count: int, row: Callable[[Random, int], Row], seed: int) -> Iterator[Batch]:
    random = _random(seed, table)
    yield from _cut(table, (row(random, number) for number in range(1, count + 1)))


def _cut(table: str, rows: Iterator[Row]) -> Iterator[Batch]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield table, batch
            batch = []
    if batch:
        yield table, batch


def _categories(random: Random) -> Iterator[Row]:
    """A tree of three levels, parents before their children."""
    number, level = 0, [0]
    for width in (ROOTS, BRANCHES, LEAVES):
        parents, level = level, []
        for parent in parents:
            for position in range(width):
                number += 1
                level.append(number)
                name = f"{random.choice(ADJECTIVES)} {random.choice(THINGS)}"
                yield number, parent or None, name, position - 1, maybe(random, random.choice(AWKWARD))


def _customer(random: Random, number: int) -> Row:
    given, family = random.choice(GIVEN), random.choice(FAMILY)
    address = {
        "street": f"{random.choice(THINGS)} {random.randrange(1, 200)}",
        "lines": [random.choice(AWKWARD), None],
        "geo": {"lat": random.randrange(-900, 900) / 10, "exact": random.random() < 0.5},
    }
    return (
        number,
        maybe(random, f"customer{number}@example.com"),
        f"{given} {family}",
        maybe(random, random.choice(AWKWARD)),
        maybe(random, f"+{random.randrange(10**11)}"),
        maybe(random, random.choice(("1000-01-01", "9999-12-31", "2000-02-29", birthday(random)))),
        random.randrange(2),
        maybe(random, random.randrange(2)),
        maybe(random, members(random, ("books", "music", "garden", "kitchen", "spel & sport", "été"))),
        random.choice(("none", "silver", "gold", "platinum")),
        random.choice(BALANCES) if random.random() < 0.2 else f"{random.randrange(-(10**6), 10**6)}.{decimals(random)}",
        number.to_bytes(4, "big") + random.randbytes(12),
        maybe(random, random.choice((0, 2**63, 2**64 - 1, random.randrange(2**64)))),
        maybe(random, json_text(address)),
        moment(random),
        maybe(random, timestamp(random)),
    )


def _product(random: Random, number: int) -> Row:
    attributes = {
        "colour": random.choice(ADJECTIVES),
        "dimensions": {"w": random.randrange(1, 500), "h": random.randrange(1, 5000) / 10},
        "refurbished": random.random() < 0.1,
        "remark": random.choice(AWKWARD),
        "warranty": None,
    }
    tags = [random.choice(THINGS), random.randrange(-5, 100), random.choice(AWKWARD), None, [True, {"n": 0.5}]]
    return (
        number,
        f"{random.choice('ABCÄÖ')}{random.randrange(100):02}-{number:06}",
        random.randrange(1, ROOTS + ROOTS * BRANCHES + ROOTS * BRANCHES * LEAVES + 1),
        f"{random.choice(ADJECTIVES)} {random.choice(THINGS)} {number}",
        maybe(random, random.choice((*AWKWARD, "Lorem ipsum dolor sit amet. " * 40))),
        random_money(random, 10**6),
        maybe(random, random.choice(("-9999999999999999.9999", "0.0000", "-0.0001", "19.9000"))),
        maybe(random, random.choice(WEIGHTS)),
        maybe(random, random.randrange(10, 51) / 10),
        random.choice(("draft", "active", "active", "retired")),
        maybe(random, members(random, ("new", "sale", "fragile", "bulky"))),
        random.randrange(2),
        maybe(random, json_text(attributes)),
        maybe(random, json_text(tags[: random.randrange(6)])),
        maybe(random, json_text(sorted({random.randrange(-4, 90) / 2 for _ in range(random.randrange(5))}))),
        maybe(random, random.randbytes(random.randrange(0, 64))),
        maybe(random, random.choice((1901, 1999, 2026, 2155))),
    )


def _orders(count: int, customers: int, products: int, random: Random) -> Iterator[Batch]:
    """Orders and their lines side by side, so that an order's total is the sum of its lines at any scale."""
    orders: list[Row] = []
    lines: list[Row] = []
    for number in range(1, count + 1):
        own = [_line(random, number, line, products) for line in range(1, random.randrange(2, 8))]
        sum_of_lines = sum(quantity * cents(price) for _, _, _, quantity, price, *_ in own)
        orders.append(_order(random, number, random.randrange(1, customers + 1), sum_of_lines))
        lines += own
        if len(orders) == BATCH_ROWS or number == count:
            yield "orders", orders
            yield "order_items", lines
            orders, lines = [], []


def _order(random: Random, number: int, customer: int, sum_of_lines: int) -> Row:
    status = random.choice(("open", "paid", "shipped", "shipped", "returned"))
    return (
        number if number % 1000 else 2**62 + number,
        customer,
        status,
        random.choice(("web", "shop", "телефон", "app")),
        moment(random),
        None if status == "open" else timestamp(random),
        random.choice(("EUR", "USD", "JPY")),
        in_money(sum_of_lines),
        maybe(random, random.choice(("-99999.999", "99999.999", "0.000", "-0.001", "-12.500"))),
        int(random.random() < 0.05),
        maybe(random, random.choice(("-838:59:59", "838:59:59", "00:00:00", "09:30:00"))),
        maybe(random, random.choice(AWKWARD)),
    )


def _line(random: Random, order: int, line: int, products: int) -> Row:
    return (
        order if order % 1000 else 2**62 + order,
        line,
        random.randrange(1, products + 1),
        random.randrange(1, 10),
        random_money(random, 50_000),
        random.choice(AWKWARD) if random.random() < 0.1 else None,
        int(random.random() < 0.02),
        json_text({"wrap": random.choice(THINGS), "cards": random.randrange(3)}) if random.random() < 0.2 else None,
    )


def _review(random: Random, number: int, customers: int, products: int) -> Row:
    photos = [{"id": random.randrange(10**9), "alt": random.choice(AWKWARD)}] * random.randrange(3)
    return (
        number,
        random.randrange(1, products + 1),
        maybe(random, random.randrange(1, customers + 1)),
        random.randrange(1, 6),
        maybe(random, random.choice(LATIN)),
        maybe(random, random.choice((*AWKWARD, "Great 👍 " * 60))),
        random.choice((0, -1, 2**31 - 1, -(2**31), random.randrange(500))),
        maybe(random, json_text(photos)),
        maybe(random, timestamp(random)),
        f"{moment(random)}.{random.choice(('000', '120', '999'))}",
    )
