"""Options that several commands share, and what all of them do with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[Path | None, typer.Option("--config", help="settings file (default: ./tableferry.toml)")]
TableOption = Annotated[str | None, typer.Option("--table", help="only this table of the contract")]
MigrationArgument = Annotated[str | None, typer.Argument(help="a migration's id; default: the newest that fits")]


def use_config(config: Path | None) -> None:
    """Settings are read where they are used, also inside flows, so an option reaches them by the environment."""
    if config is not None:
        if not config.is_file():
            raise typer.BadParameter(f"there is no file {config}", param_hint="--config")
        os.environ["TABLEFERRY_CONFIG"] = str(config.absolute())


def exit_with(code: int) -> None:
    """End the command; 0 is how every command ends anyway."""
    if code:
        raise typer.Exit(code)
