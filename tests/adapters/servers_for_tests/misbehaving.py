"""An MCP server over stdio that does what real ones sometimes do: die, hang, crash, answer a lot.

Started as a program; the directory in MISBEHAVING_DIRECTORY counts its starts and its calls, one file each.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from mcp.server import MCPServer
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

STANDARD_OUTPUT = os.dup(1)  # the SDK keeps the tools' own prints away from it
DIRECTORY = Path(os.environ["MISBEHAVING_DIRECTORY"])
server = MCPServer("misbehaving", log_level="CRITICAL")


class Answer(BaseModel):
    """What every tool answers."""

    text: str
    pid: int = os.getpid()


def note(what: str) -> int:
    """Count one more of `what`; answers how many there are."""
    tempfile.mkstemp(prefix=f"{what}-", dir=DIRECTORY)
    return len(list(DIRECTORY.glob(f"{what}-*")))


@server.tool()
async def echo(text: str) -> Answer:
    note("echo")
    return Answer(text=text)


@server.tool()
async def die(times: int) -> Answer:
    """End the process in the middle of the call, the first `times` times."""
    if note("die") <= times:
        os._exit(3)
    return Answer(text="survived")


@server.tool()
async def hang() -> Answer:
    note("hang")
    try:
        await asyncio.Event().wait()
    finally:
        note("hang_cancelled")
    return Answer(text="never")


@server.tool()
async def ask_backend() -> CallToolResult:
    """Answer like a living server whose database is away, as long as the directory holds a file `backend_away`."""
    note("ask_backend")
    if (DIRECTORY / "backend_away").exists():
        return _failed("unavailable", "the database is away")
    return CallToolResult(content=[], structured_content={"text": "back", "pid": os.getpid()})


@server.tool()
async def stop_itself(times: int) -> Answer:
    """Stop the process as SIGSTOP does, the first `times` times."""
    if note("stop_itself") <= times:
        os.kill(os.getpid(), signal.SIGSTOP)
    return Answer(text="went on")


@server.tool()
async def garble(text: str, times: int) -> Answer:
    """Write something else to standard output before the answer, the first `times` times."""
    if note("garble") <= times:
        os.write(STANDARD_OUTPUT, text.encode())
    return Answer(text="clear")


@server.tool()
async def flood(times: int) -> Answer:
    """Write 10 MB that are no answer, and never end, the first `times` times."""
    if note("flood") <= times:
        with os.fdopen(STANDARD_OUTPUT, "w") as out:
            out.write("x" * 10_000_000)
        signal.pause()
    return Answer(text="dry")


@server.tool()
async def large(size: int) -> Answer:
    return Answer(text="x" * size)


@server.tool()
async def crash(secret: str) -> Answer:
    note("crash")
    raise RuntimeError(f"the password is {secret}")


@server.tool()
async def refuse(code: str, times: int) -> CallToolResult:
    """Answer with the wire form of an error, the first `times` times."""
    if note(f"refuse_{code}") > times:
        return CallToolResult(content=[], structured_content={"text": "done", "pid": os.getpid()})
    return _failed(code, "no")


def _failed(code: str, message: str) -> CallToolResult:
    retryable = code in {"throttled", "unavailable"}
    wire = {"code": code, "message": message, "remedy": "ask", "retryable": retryable, "facts": {"table": "t"}}
    return CallToolResult(is_error=True, content=[TextContent(type="text", text=message)], structured_content=wire)


@server.tool()
async def prose() -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="all is well")])


if __name__ == "__main__":
    note("start")
    if (DIRECTORY / "away").exists():
        sys.exit("not today")
    (DIRECTORY / f"pid-{os.getpid()}").touch()
    match os.environ.get("MISBEHAVING_START", ""):
        case "garbage":
            sys.stdout.write("Welcome!\n{not json}\n")
            sys.stdout.flush()
        case "exit":
            sys.exit("no license")
        case "mute":
            sys.stdin.read()
            sys.exit()
    server.run("stdio")
