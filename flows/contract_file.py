"""Reads a contract from a file; imports nothing slow, so that a contract's problems are shown at once."""

from __future__ import annotations

from pathlib import Path

from core.contract import Contract, ContractError, Problem, parse_contract
from core.contract.parse import MAX_BYTES
from core.contract.problems import plain


def read_contract_file(path: Path) -> Contract:
    """Read and parse a contract file. Raises ContractError, also when the file cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)  # one more than is parsed, so that a longer one is refused
    except OSError as error:
        raise ContractError([Problem(plain(str(path)), f"cannot be read: {error.strerror}")]) from None
    except ValueError:  # a path with a NUL in it
        raise ContractError([Problem(plain(str(path)), "cannot be read: it is no path")]) from None
    return parse_contract(text)
