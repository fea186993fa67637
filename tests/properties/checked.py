"""One contract through the product and through the evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.contract import ContractError
from tests.contract_evaluator.documents import document
from tests.contract_evaluator.items import Outcome, outcomes
from tests.contract_evaluator.matching import SeveralMatches
from tests.contract_evaluator.tables import Table
from tests.properties.compare import account, differences
from tests.properties.product import Product


def outcome(product: Product, contract: dict[str, Any], tables: Sequence[Table]) -> str:
    """What came of a contract: "items" or "refused". Fails where product and evaluator disagree; raises Unspecified."""

    def disagree(*problems: str) -> None:
        pytest.fail(account(contract, tables, product.database.engine, view, problems), pytrace=False)

    view = ""
    product.fill(tables)
    expected = _expected(contract, tables)
    try:
        table = product.compiled(document(contract))
    except ContractError as error:
        disagree(f"the contract is legal, but was refused: {error}")
        raise
    view = table.view.select_sql
    if product.is_refused(table) != (expected is None):
        disagree("several matches are " + ("expected, but not found" if expected is None else "found, not expected"))
    if expected is None:
        return "refused"
    product.create_view(table)
    if problems := differences(expected, list(product.outcomes(table))):
        disagree(*problems)
    keys = [_key(contract, o.item) for o in expected if o.item is not None]
    if table.distinct_keys and len(set(keys)) < len(keys):
        disagree("the keys are not distinct, but the compiler proved that they are")
    return "items"


def _expected(contract: dict[str, Any], tables: Sequence[Table]) -> list[Outcome] | None:
    try:
        return outcomes(contract, tables)
    except SeveralMatches:
        return None


def _key(contract: dict[str, Any], item: dict[str, Any]) -> str:
    return repr([item.get(str(contract.get(role))) for role in ("pk", "sk")])
