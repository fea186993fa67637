"""`tableferry validate` and `tableferry repair`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from flows.cli_options import ConfigOption, MigrationArgument, TableOption, exit_with, use_config
from flows.output import Output, OutputOption

ModeOption = Annotated[
    Literal["counts", "sample", "full"] | None,
    typer.Option("--mode", help="what is compared (default: what the migration was run with)"),
]


def validate(
    migration: MigrationArgument = None,
    mode: ModeOption = None,
    table: TableOption = None,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
) -> None:
    """Compare loaded tables with their views again. Exit code 0: equal; 1: they differ."""
    from flows.commands_validate import validate as command

    use_config(config)
    exit_with(command(migration, mode, table, as_json=output is Output.JSON))


def repair(
    migration: MigrationArgument = None,
    table: TableOption = None,
    delete_extra: Annotated[bool, typer.Option("--delete-extra", help="also delete items that have no row")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="after --into-nonempty: also write over differing items of others")
    ] = False,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
) -> None:
    """Write again what a full validation finds missing or differing, then validate. Exit code 0: equal now."""
    from flows.commands_validate import repair as command

    use_config(config)
    as_json = output is Output.JSON
    exit_with(command(migration, table, delete_extra=delete_extra, overwrite=overwrite, as_json=as_json))
