"""The real adapters over the bundled servers, each in this process, as one hub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp import Client

from adapters.mcp_hub import McpHub

T = TypeVar("T")


def through(role: str, build_server: Callable[[], Any], use: Callable[[McpHub], Awaitable[T]]) -> T:
    """Whatever `use` does with a hub whose server in this role is a real one."""

    async def life() -> T:
        async with asyncio.timeout(300), McpHub({role: lambda: Client(build_server())}) as hub:
            return await use(hub)

    return asyncio.run(life())
