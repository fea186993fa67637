"""Every error's code, whether it passes on its own, and that docs/outages.md says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import ErrorCode, TableferryError, from_wire
from core.outages import OUTAGES

PAGE = (Path(__file__).parents[2] / "docs/outages.md").read_text()
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]
DOCUMENTED = {code: cells[-1].strip() == "yes" for cells in ROWS for code in re.findall(r"`(\w+)`", cells[0])}


def classes(of: type[TableferryError] = TableferryError) -> list[type[TableferryError]]:
    return [of, *(found for below in of.__subclasses__() for found in classes(below))]


def test_every_code_is_documented() -> None:
    assert set(DOCUMENTED) == {code.value for code in ErrorCode}


@pytest.mark.parametrize(
    "kind", [c for c in classes() if "code" in vars(c) and c is not TableferryError], ids=lambda kind: kind.__name__
)
def test_an_error_is_transient_as_documented_and_an_outage_exactly_then(kind: type[TableferryError]) -> None:
    assert kind.retryable == DOCUMENTED[kind.code.value] == issubclass(kind, OUTAGES)


@pytest.mark.parametrize("code", [code for code, transient in DOCUMENTED.items() if transient])
def test_a_transient_error_stays_so_over_the_wire(code: str) -> None:
    error = from_wire({"code": code, "message": "away"})
    assert (error.code.value, error.retryable) == (code, True)
