"""Attributes that are made of other attributes: as many as sense has, and not without end."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from core.contract import ContractError
from tests.unit.schemas import attribute, compiled


def chain(size: int, text: str, *, turned: bool) -> list[dict[str, Any]]:
    names = [f"c{n}" for n in range(size)] + ["id"]
    made = [
        attribute(one, "S", transformation={"type": "string-format", "format": text.format(other)})
        for one, other in pairwise(names)
    ]
    return made[::-1] if turned else made


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("size", "text"), [(3_000, "{{{0}}}"), (25, "<{{{0}}}>"), (9, "{{{0}}}" * 10)])
def test_attributes_made_of_attributes_without_end_are_refused(size: int, text: str, turned: bool) -> None:
    with pytest.raises(ContractError, match="is made of too many other attributes"):
        compiled(attribute("id", "N", "id"), *chain(size, text, turned=turned))


def test_attributes_made_of_attributes_are_taken() -> None:
    for turned in (False, True):
        compiled(attribute("id", "N", "id"), *chain(15, "<{{{0}}}>", turned=turned))
        compiled(attribute("id", "N", "id"), *chain(2, "{{{0}}}" * 10, turned=turned))
