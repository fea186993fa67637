"""The contract's JSON Schema: what editors complete from, and the sample contract that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # mcp brings it
import pytest

from adapters.local import shop
from core.contract import ContractError, parse_contract
from core.contract.json_schema import json_schema
from flows.commands import schema
from tests.unit.schemas import contract_table

SAMPLE = Path(shop.__file__).parent / "contract.json"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def test_the_sample_names_the_schema_that_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    named = SAMPLE.parent / json.loads(SAMPLE.read_text(encoding="utf-8"))["$schema"]
    assert schema() == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads(named.read_text(encoding="utf-8")) == printed, (
        f"tableferry schema > {named.name}, in {named.parent}"
    )
    VALIDATOR.check_schema(printed)


def test_the_sample_is_right_by_the_schema_and_by_the_parser() -> None:
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert list(VALIDATOR.iter_errors(document)) == []
    assert len(parse_contract(SAMPLE.read_bytes()).tables) == len(document["tables"])


@pytest.mark.parametrize("change", [{"tabel": "x"}, {"type": "single"}, {"$schema": "x"}, {"pk": 1}])
def test_the_schema_underlines_what_the_parser_refuses(change: dict[str, Any]) -> None:
    document = {"$schema": "x", "tables": [contract_table() | change]}
    assert list(VALIDATOR.iter_errors(document))
    with pytest.raises(ContractError):
        parse_contract(json.dumps(document))


def test_the_key_stands_at_the_top_only() -> None:
    table = contract_table()
    assert parse_contract(json.dumps({"$schema": "./x.json", "tables": [table]})).tables
    assert parse_contract(json.dumps([table])).tables == parse_contract(json.dumps({"tables": [table]})).tables
    for document in (
        [{**table, "$schema": "x"}],
        {"tables": [{**table, "attributes": [{"$schema": "x"}]}]},
        [{"$schema": "x"}],
    ):
        with pytest.raises(ContractError) as caught:
            parse_contract(json.dumps(document))
        assert any("unknown key '$schema'" in p.message for p in caught.value.problems)
