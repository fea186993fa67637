"""`tableferry local`: AWS on a laptop, for trials and development."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.output import Output, OutputOption

if TYPE_CHECKING:
    from adapters.local.runtime import RuntimeState

local = typer.Typer(
    help="A local runtime: an AWS emulator, and an imitation of Glue that really runs jobs. Not AWS.",
    no_args_is_help=True,
)


DirectoryOption = Annotated[
    Path | None, typer.Option("--directory", help="where it keeps everything (default: local/ in TABLEFERRY_HOME)")
]


@local.command()
def up(directory: DirectoryOption = None, output: OutputOption = Output.TEXT) -> None:
    """Start it, and print what a shell must export to use it."""
    from adapters.local import runtime

    _show(runtime.up(_directory(directory)), output)


@local.command()
def down(directory: DirectoryOption = None, output: OutputOption = Output.TEXT) -> None:
    """Stop it and the jobs it runs; what it holds is kept for the next `up`."""
    from adapters.local import runtime

    _show(runtime.down(_directory(directory)), output)


@local.command()
def status(directory: DirectoryOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show which parts run. Exit code 1 when one does not."""
    from adapters.local import runtime

    state = runtime.status(_directory(directory))
    _show(state, output)
    if not state.is_up:
        raise typer.Exit(1)


@local.command()
def demo(
    scale: Annotated[float, typer.Option(help="size of the sample shop; 1 is about 150,000 rows", min=0.001)] = 1.0,
    directory: Annotated[Path, typer.Option(help="where the report is left")] = Path("demo-output"),
) -> None:
    """Migrate a generated sample shop on the local runtime, print the report, and leave nothing running."""
    from flows.demo import run_demo

    code = run_demo(scale=scale, directory=directory)
    if code:
        raise typer.Exit(code)


def _directory(given: Path | None) -> Path:
    from flows.settings import load_settings

    return given or load_settings().directory / "local"


def _show(state: RuntimeState, output: Output) -> None:
    from flows.console import ERRORS, print_json

    parts = [
        {
            "name": p.name,
            "running": p.running,
            "pid": p.pid,
            "port": p.port,
            "health": p.health.value,
            "log": str(p.log),
        }
        for p in state.parts
    ]
    if output is Output.JSON:
        print_json({"directory": str(state.directory), "up": state.is_up, "parts": parts, "env": dict(state.env)})
        return
    for part in state.parts:
        where = f"127.0.0.1:{part.port}" if part.port else "-"
        ERRORS.print(f"{part.name}: {part.health.value} ({where}, log {part.log})", markup=False, soft_wrap=True)
    if state.is_up:
        ERRORS.print('An imitation of AWS for trials. To use it: eval "$(tableferry local up)"', markup=False)
        for name, value in state.env.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
