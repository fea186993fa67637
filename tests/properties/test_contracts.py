"""Generated contracts over generated schemas and rows: the view's rows become the items that plain Python computes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, reject, settings

from tests.contract_evaluator.sql_values import Unspecified
from tests.properties.checked import outcome
from tests.properties.conftest import ProductOver
from tests.properties.contracts import Example, examples
from tests.properties.product import Product
from tests.properties.shops import Shop, shops

pytestmark = pytest.mark.server
SHOPS, CONTRACTS = 12, 300


@pytest.fixture
def known() -> list[Shop]:
    return list(shops(SHOPS))


@pytest.fixture
def product(product_over: ProductOver, known: list[Shop]) -> Product:
    return product_over([table for shop in known for table in shop.tables.values()])


def test_items_are_those_that_plain_python_computes(product: Product, known: list[Shop]) -> None:
    """Every row of every contract becomes the expected item, or a reject for an expected reason."""
    seen: Counter[str] = Counter()

    @settings(
        derandomize=True,
        max_examples=CONTRACTS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(example=examples(known))
    def check(example: Example) -> None:
        try:
            seen[outcome(product, example.contract, example.tables)] += 1
        except Unspecified:
            reject()

    check()
    assert seen["items"] > CONTRACTS * 0.6, seen
