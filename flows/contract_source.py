"""Where a flow's contract comes from: a file, S3, or the text itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from adapters.s3_objects import S3Objects
from core.contract import Contract, ContractError, Problem, parse_contract
from core.ports import World
from flows.contract_file import read_contract_file


async def read_contract(contract: str, world: World) -> Contract:
    """Read a contract from an s3:// URI, from JSON text, or from a path. Raises ContractError."""
    if contract.startswith("s3://"):
        bucket, _, key = contract.removeprefix("s3://").partition("/")
        if not isinstance(world.objects, S3Objects):
            raise ContractError([Problem(contract, "cannot be read: the s3 role has another adapter")])
        return parse_contract(await replace(world.objects, bucket=bucket).get(key))
    if contract.lstrip()[:1] in {"{", "["}:
        return parse_contract(contract)
    return await asyncio.to_thread(read_contract_file, Path(contract))
