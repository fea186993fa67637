"""`tableferry pause`, `cancel` and `cleanup`."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli_options import ConfigOption, MigrationArgument, exit_with, use_config
from flows.output import Output, OutputOption

# Without a default: what cannot be undone is not done to whatever happens to be the newest.
NamedArgument = Annotated[str, typer.Argument(metavar="MIGRATION", help="a migration's id")]


def pause(migration: MigrationArgument = None, output: OutputOption = Output.TEXT, config: ConfigOption = None) -> None:
    """Let the chunks that are being loaded finish, then stop; `resume` goes on. Works from any terminal."""
    from flows.commands_stop import pause as command

    use_config(config)
    exit_with(command(migration, as_json=output is Output.JSON))


def cancel(migration: NamedArgument, output: OutputOption = Output.TEXT, config: ConfigOption = None) -> None:
    """Stop a migration's job runs and give it up for good; what it created stays until `cleanup`."""
    from flows.commands_stop import cancel as command

    use_config(config)
    exit_with(command(migration, as_json=output is Output.JSON))


def cleanup(
    migration: NamedArgument,
    drop_tables: Annotated[
        bool, typer.Option("--drop-tables", help="also delete target tables that it created, with their items")
    ] = False,
    disable_deletion_protection: Annotated[
        bool, typer.Option("--disable-deletion-protection", help="with --drop-tables: also those that are protected")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
) -> None:
    """Show and, if you agree, remove the views, jobs, secret and objects that a migration created; reports stay."""
    from flows.commands_cleanup import Wishes
    from flows.commands_cleanup import cleanup as command

    use_config(config)
    wishes = Wishes(drop_tables, disable_deletion_protection, yes)
    exit_with(command(migration, wishes, as_json=output is Output.JSON))
