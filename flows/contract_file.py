"""Reads a contract from a file; imports nothing slow, so that a contract's problems are shown at once."""

from __future__ import annotations

from pathlib import Path

from core.contract import Contract, ContractError, Problem, parse_contract


def read_contract_file(path: Path) -> Contract:
    """Read and parse a contract file. Raises ContractError, also when the file cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ContractError([Problem(str(path), f"cannot be read: {error.strerror}")]) from None
    return parse_contract(text)
