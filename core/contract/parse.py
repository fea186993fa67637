"""Text -> `Contract`, or a `ContractError` with every problem of the form; nothing of the text is ever executed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.contract import model
from core.contract.checks import structural_problems
from core.contract.model import Contract
from core.contract.problems import ContractError, Problem, nearest, plain, shown

MAX_BYTES = 4 * 1024 * 1024  # the largest contracts seen are under 200 KB; more than 20 times that is no contract
_MAX_REMEDIES = 200  # looking for the nearest name costs time, and only the first problems are shown
KNOWN_PARTS = tuple(v for v in vars(model).values() if isinstance(v, type) and issubclass(v, BaseModel))


def parse_contract(text: bytes | str) -> Contract:
    """Read a contract: `{"tables": [...]}` or a bare list of tables, as UTF-8 JSON of at most `MAX_BYTES`.

    Raises ContractError with all problems of the form and of the contract's own structure (names, keys, indexes).
    """
    document = _document(text)
    try:
        contract = Contract.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems = [_problem(e, document, remedy=n < _MAX_REMEDIES) for n, e in enumerate(found)]
        raise ContractError(problems) from None
    problems = structural_problems(contract)
    if problems:
        raise ContractError(problems)
    return contract


def contract_hash(contract: Contract) -> str:
    """The SHA-256 of what the contract says, as hex: spacing, key order and informative fields do not count."""
    informative = {"$schema", "satisfies", "estimated_item_size_bytes", "denormalized", "justification"}

    def said(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: said(v) for k, v in value.items() if k not in informative and v is not None}
        return [said(v) for v in value] if isinstance(value, list) else value

    canonical = json.dumps(said(contract.model_dump(by_alias=True)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _document(text: bytes | str) -> dict[str, Any]:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise _refused(f"is {len(raw):,} bytes long; a contract has at most {MAX_BYTES:,}")
    try:
        document = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _refused(f"is not UTF-8 at byte {error.start}", "Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise _refused(f"is not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _refused("is nested too deeply to be a contract") from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise _refused(f"is not usable JSON: {error}") from None
    if isinstance(document, list):
        document = {"tables": document}
    if not isinstance(document, dict):
        raise _refused(f"is {_kind(document)}; it must be an object with 'tables', or a list of tables")
    _refuse_lone_surrogates(document)
    return document


def _refuse_lone_surrogates(document: dict[str, Any]) -> None:
    """JSON can escape half of a character; no database, and no other program, takes such a text."""
    stack: list[tuple[tuple[int | str, ...], Any]] = [((), document)]
    problems: list[Problem] = []
    while stack:
        path, value = stack.pop()
        texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
        for text in texts:
            if any("\ud800" <= c <= "\udfff" for c in text):
                problems.append(Problem(_place(path, document), f"{shown(text)} holds half of a character"))
        if isinstance(value, (dict, list)):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            stack += reversed([((*path, step), child) for step, child in pairs])
    if problems:
        raise ContractError(problems)


def _refused(message: str, remedy: str = "") -> ContractError:
    return ContractError([Problem("contract", message, remedy)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _refused(f"has the key {shown(key)} twice in one object", "Remove one of them.")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise _refused(f"holds {name}, which is not JSON")


def _problem(error: ErrorDetails, document: dict[str, Any], *, remedy: bool) -> Problem:
    path = list(error["loc"])
    if error["type"] == "extra_forbidden":
        name = str(path[-1])
        right = nearest(name, _known_keys(path[:-1])) if remedy else ""
        return Problem(_place(path, document), f"unknown key {shown(name)}", right)
    if error["type"] == "missing":
        return Problem(_place(path, document, missing=True), f"the key {shown(path[-1])} is missing")
    place = _place(path, document)
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return _tag_problem(place, error)
    return Problem(place, f"{error['msg']} (found {shown(error['input'])})")


def _tag_problem(place: str, error: ErrorDetails) -> Problem:
    expected = str(error.get("ctx", {}).get("expected_tags", "")).replace("'", "")
    tag = error.get("ctx", {}).get("tag")
    if tag is None:
        return Problem(f"{place}, type", "the key 'type' is missing")
    return Problem(f"{place}, type", f"unknown type {shown(tag)}", nearest(str(tag), expected.split(", ")))


def _known_keys(path: list[int | str]) -> list[str]:
    """The keys of the form part that `path` leads to; a union's branch is a step of its own, named by its tag."""
    part: type[BaseModel] = Contract
    for step in path:
        if isinstance(step, int):
            continue
        part = _part_of(part, step)
    return [f.alias or name for name, f in part.model_fields.items()]


def _part_of(part: type[BaseModel], step: str) -> type[BaseModel]:
    tagged = [m for m in KNOWN_PARTS if "type" in m.model_fields and _tag(m) == step]
    if tagged and step not in part.model_fields:
        return tagged[0]
    names = {"tables": "Table", "attributes": "Attribute", "entities": "Entity", "gsis": "Gsi", "joins": "ChainLink"}
    names |= {"cases": "CaseBranch", "construction": "Construction"}
    found: type[BaseModel] = getattr(model, names[step]) if step in names else part
    return found


def _tag(part: type[BaseModel]) -> str | None:
    values = get_args(part.model_fields["type"].annotation)
    return str(values[0]) if len(values) == 1 else None


def _place(path: Sequence[int | str], document: Any, *, missing: bool = False) -> str:
    """`tables[2] Categories, attribute parent_name, join_condition`: indexes become names where there are any."""
    words: list[str] = []
    at: Any = document
    previous = ""
    for number, step in enumerate(path):
        child = at[step] if _has(at, step) else None
        if isinstance(step, int):
            words[-1:] = [_indexed(previous, step, child)]
        elif _has(at, step) or (missing and number == len(path) - 1):
            words.append(plain(step))
        else:  # the name of a union's branch is no key of the document
            continue
        previous, at = str(step), child
    return ", ".join(words) or "contract"


def _has(at: Any, step: int | str) -> bool:
    if isinstance(at, list):
        return isinstance(step, int) and step < len(at)
    return isinstance(at, dict) and step in at


def _indexed(collection: str, index: int, child: Any) -> str:
    named = {"tables": "table", "attributes": "name", "gsis": "index_name", "entities": "entity_type"}
    name = child.get(named[collection]) if collection in named and isinstance(child, dict) else None
    label = name if isinstance(name, str) and name.isprintable() and len(name) <= 255 else None
    if collection == "tables":
        return f"tables[{index}] {label}" if label else f"tables[{index}]"
    word = {"attributes": "attribute", "gsis": "gsi", "entities": "entity"}.get(collection)
    return f"{word} {label}" if word and label else f"{collection}[{index}]"


def _kind(value: object) -> str:
    return {"str": "a string", "int": "a number", "float": "a number", "bool": "a boolean", "NoneType": "null"}.get(
        type(value).__name__, type(value).__name__
    )
