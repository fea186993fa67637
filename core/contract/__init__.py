"""The migration contract: its form as pydantic models, and every problem of a document at once, each with its place."""

from core.contract.model import Attribute, Contract, Entity, Gsi, Table
from core.contract.parse import contract_hash, parse_contract
from core.contract.problems import ContractError, Problem

__all__ = [
    "Attribute",
    "Contract",
    "ContractError",
    "Entity",
    "Gsi",
    "Problem",
    "Table",
    "contract_hash",
    "parse_contract",
]
