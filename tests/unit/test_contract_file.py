"""A contract file that cannot be read is a problem of the contract, with the path as its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.contract import ContractError
from flows.contract_file import read_contract_file
from tests.unit.test_contract_parse import SOUND


def test_a_contract_is_read(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    path.write_text(SOUND)
    assert read_contract_file(path).tables[0].table == "Orders"


@pytest.mark.parametrize("name", ["nowhere.json", ".", "a\0b", "x" * 300, "a\nb"])
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match="cannot be read") as caught:
        read_contract_file(tmp_path / name)
    assert str(caught.value).isprintable()


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ContractError, match="a contract has at most"):
        read_contract_file(Path("/dev/zero"))
