"""Contracts are somebody else's text: hostile bytes, equal meanings, and what a hash counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contract import Contract, ContractError, contract_hash, parse_contract
from core.contract.parse import KNOWN_PARTS, MAX_BYTES
from core.contract.problems import MAX_LINES
from tests.unit.schemas import attribute, contract, contract_table

HALF = "\\ud83d"
ESCAPES = "x\x1b[31m\ny"
SOUND = json.dumps([contract_table()])

DOCUMENTS: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "contract: is not JSON at line 1, column 1"),
    ("blank", " \n", "contract: is not JSON at line 2, column 1"),
    ("cut off", '{"tables": [', "contract: is not JSON at line 1, column 13"),
    ("trailing comma", '{"tables": [1,]}', "contract: is not JSON at line 1"),
    ("two documents", f"{SOUND}{SOUND}", "contract: is not JSON at line 1"),
    ("single quotes", "{'tables': []}", "contract: is not JSON at line 1, column 2"),
    ("null", "null", "contract: is null"),
    ("text", '"tables"', "contract: is a string"),
    ("number", "1.5", "contract: is a number"),
    ("boolean", "true", "contract: is a boolean"),
    ("empty list", "[]", "tables: List should have at least 1 item"),
    ("no tables", "{}", "tables: the key 'tables' is missing"),
    ("another key", '{"table": [], "tables": []}', "table: unknown key 'table'. Did you mean 'tables'?"),
    ("tables as object", '{"tables": {}}', "tables: Input should be a valid list"),
    ("table null", '{"tables": [null]}', "tables[0]: "),
    ("NaN", '[{"estimated_item_size_bytes": NaN}]', "contract: holds NaN, which is not JSON"),
    ("infinity", '[{"estimated_item_size_bytes": -Infinity}]', "contract: holds -Infinity"),
    ("overflow", '[{"estimated_item_size_bytes": 1e999}]', "tables[0], estimated_item_size_bytes: "),
    ("huge integer", '[{"estimated_item_size_bytes": ' + "9" * 5000 + "}]", "contract: is not usable JSON"),
    ("duplicate key", '{"tables": [], "tables": []}', "contract: has the key 'tables' twice in one object"),
    ("duplicate key deep", '[{"pk": "a", "pk": "a"}]', "contract: has the key 'pk' twice in one object"),
    ("broken UTF-8", b'[{"table": "\xff"}]', "contract: is not UTF-8 at byte 12"),
    ("UTF-16", SOUND.encode("utf-16"), "contract: is not UTF-8 at byte 0"),
    ("latin-1", '[{"table": "é"}]'.encode("latin-1"), "contract: is not UTF-8 at byte 12"),
    ("too large", b" " * (MAX_BYTES + 1), "contract: is 4,194,305 bytes long"),
    ("five megabytes", SOUND + " " * 5_000_000, "a contract has at most 4,194,304"),
    ("half in a key", f'[{{"{HALF}": 1}}]', "tables[0]: '\\ud83d' holds half of a character"),
    ("half in a name", f'[{{"table": "{HALF}"}}]', "tables[0], table: '\\ud83d' holds half"),
    ("half in a remark", f'[{{"satisfies": ["{HALF}"]}}]', "tables[0], satisfies[0]: '\\ud83d' holds half"),
    ("nested", "[" * 100_000, "contract: is nested too deeply"),
    ("nested objects", '{"tables":' * 100_000, "contract: is nested too deeply"),
]


@pytest.mark.parametrize(("text", "problem"), [d[1:] for d in DOCUMENTS], ids=[d[0] for d in DOCUMENTS])
def test_a_document_that_is_no_contract_is_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_contract(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize("depth", [*range(900, 1000, 7), *range(970, 1000)])
@pytest.mark.parametrize("form", ["{}", '[{{"table":{}}}]', '[{{"attributes":[{}]}}]'])
def test_nesting_near_the_interpreters_own_limit_is_refused_as_any_other(form: str, depth: int) -> None:
    with pytest.raises(ContractError):
        parse_contract(form.format("[" * depth + "]" * depth))


def test_a_byte_order_mark_is_no_problem() -> None:
    assert parse_contract(b"\xef\xbb\xbf" + SOUND.encode()) == parse_contract(SOUND)


def test_a_bare_list_means_the_same_as_tables() -> None:
    assert parse_contract(SOUND) == parse_contract(json.dumps({"tables": json.loads(SOUND)}))


def test_control_characters_never_reach_a_terminal() -> None:
    table = contract_table(
        attribute("id", "N", "id"), attribute(ESCAPES, "M", "note"), attribute(ESCAPES, "S", "note"), sk=ESCAPES
    )
    joined = attribute("z" + ESCAPES, "S", join={"type": "self-join" + ESCAPES}) | {ESCAPES: 1}
    for document in ([table], [contract_table(joined)]):
        with pytest.raises(ContractError) as caught:
            parse_contract(json.dumps(document))
        assert all(line.isprintable() for line in str(caught.value).split("\n"))
        assert len(str(caught.value).split("\n")) == len(caught.value.problems)


def test_a_message_has_at_most_a_hundred_lines_and_says_what_it_left_out() -> None:
    with pytest.raises(ContractError) as caught:
        parse_contract(json.dumps([contract_table(**{f"k{n}": 1 for n in range(5_000)})]))
    lines = str(caught.value).split("\n")
    assert len(lines) <= MAX_LINES
    assert lines[-1] == f"... and {5_000 - len(lines) + 1} problems more"
    assert len(caught.value.facts["problems"]) == 5_000


def test_a_problem_is_also_data() -> None:
    with pytest.raises(ContractError) as caught:
        parse_contract("[]")
    wire = caught.value.to_wire()
    assert (wire["code"], wire["retryable"]) == ("contract", False)
    assert [p["place"] for p in wire["facts"]["problems"]] == ["tables"]


def test_the_hash_of_a_contract_is_what_it_was() -> None:
    """Stored migrations are bound to it: a change of this number orphans them."""
    assert contract_hash(parse_contract(SOUND)) == "3bd9f7d1fe5bdb3f0e38345d0a579434dd4cebaf4c7ad00baebedc3937806ca0"


def test_the_hash_ignores_spelling_and_remarks() -> None:
    plain = contract(contract_table())
    remarked = contract_table(
        attribute("id", "N", "id", denormalized=True, justification="fast", join=None),
        satisfies=["AP1"],
        estimated_item_size_bytes=800,
        sk=None,
        gsis=[],
    )
    spelled = json.dumps({"tables": [dict(reversed(remarked.items()))]}, indent=3)
    assert contract_hash(parse_contract(spelled)) == contract_hash(plain)


@pytest.mark.parametrize(
    "changes",
    [
        {"pk": "note"},
        {"sk": "note"},
        {"table": "Order"},
        {"source_table": "customers"},
        {"gsis": [{"index_name": "ByNote", "pk": "note"}]},
        {"attributes": [attribute("note", "S", "note"), attribute("id", "N", "id")]},
        {"attributes": [attribute("id", "S", "id"), attribute("note", "S", "note")]},
    ],
)
def test_the_hash_counts_what_changes_the_target(changes: dict[str, Any]) -> None:
    two = contract_table(attribute("id", "N", "id"), attribute("note", "S", "note"))
    assert contract_hash(contract(two)) != contract_hash(contract(two | changes))


KEYS = st.sampled_from(["tables", *sorted({key for part in KNOWN_PARTS for key in part.model_fields})])
TAGS = ["single-entity", "chain", "case", "self-join", "json-construction"]
WORDS = st.sampled_from([*TAGS, "S", "N", "M", "ALL", "INCLUDE", "a#b", "array"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=7),
    max_leaves=40,
)


def outcome(document: Any) -> Contract | ContractError:
    try:
        return parse_contract(json.dumps(document))
    except ContractError as error:
        return error


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_any_json_is_a_contract_or_a_contract_error(value: Any) -> None:
    for document in (value, [value], {"tables": [{"attributes": [value], "gsis": [value], "entities": [value]}]}):
        found = outcome(document)
        assert isinstance(found, Contract) or all(p.place and p.message for p in found.problems)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from(["join", "calculation", "transformation", "type", "name", "source_column"]))
def test_any_part_of_an_attribute_is_sound_or_refused_there(value: Any, part: str) -> None:
    found = outcome([contract_table(attribute("id", "N", "id") | {part: value})])
    if isinstance(found, ContractError):
        assert all(p.place.startswith("tables[0] Orders") for p in found.problems)
    else:
        json.dumps(found.model_dump(by_alias=True, mode="json"), allow_nan=False).encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_refused_politely(text: bytes | str) -> None:
    with pytest.raises(ContractError):
        parse_contract(text)
