"""The command line. Exit codes: 0 all tables validated; 1 a table failed; 2 the contract or the settings are wrong, or
something that a migration needs is missing, and nothing was started; 3 finished, but rows were rejected;
4 stopped before its end, as was asked; 130 left at once by a second Ctrl-C."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.exceptions import TyperException

from core.errors import InputError, SettingsError, StateError, TableferryError
from flows.cli_local import local
from flows.cli_mcp import mcp
from flows.cli_operate import cancel, cleanup, pause
from flows.cli_options import ConfigOption, MigrationArgument, TableOption, exit_with, use_config
from flows.cli_validate import repair, validate
from flows.output import Output, OutputOption

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended

app = typer.Typer(
    help="Moves MySQL tables into DynamoDB tables, as a migration contract describes.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold settings, and settings hold secrets
    add_completion=False,
)
app.add_typer(local, name="local")
app.command("mcp")(mcp)
for command in (validate, repair, pause, cancel, cleanup):
    app.command()(command)


PrefixOption = Annotated[str | None, typer.Option("--table-prefix", help="goes before every target table's name")]
NonemptyOption = Annotated[
    bool | None, typer.Option("--into-nonempty", help="load into target tables that hold items already")
]
OverwriteOption = Annotated[
    bool | None, typer.Option("--overwrite", help="with --into-nonempty: write over items that have a row's key")
]
RejectsOption = Annotated[
    Literal["refuse", "keep"] | None,
    typer.Option("--rejects", help="rows that cannot become items: refuse their table (default), or keep them aside"),
]
ValidationOption = Annotated[
    Literal["auto", "counts", "sample", "full"] | None,
    typer.Option(
        "--validation", help="what is compared after the load (default auto: everything up to 1,000,000 rows)"
    ),
]
CollisionOption = Annotated[
    Literal["none", "first", "last"] | None,
    typer.Option("--on-collision", help="with --rejects keep: which of several rows with one key is loaded"),
]


@app.command()
def check(
    contract: Annotated[Path | None, typer.Argument(help="ask about this contract's tables")] = None,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
    table_prefix: PrefixOption = None,
) -> None:
    """Check the four servers and every permission; changes nothing."""
    from flows.commands import check as command

    use_config(config)
    exit_with(command(contract, table_prefix, as_json=output is Output.JSON))


@app.command()
def plan(
    contract: Annotated[Path, typer.Argument(help="the migration contract (JSON)")],
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
    table_prefix: PrefixOption = None,
) -> None:
    """Show the views, the tables and the rows that a run would make, and every problem; changes nothing."""
    from flows.commands import plan as command

    use_config(config)
    exit_with(command(contract, table_prefix, as_json=output is Output.JSON))


@app.command()
def schema() -> None:
    """Print the contract's JSON Schema, for editors."""
    from flows.commands import schema as command

    exit_with(command())


@app.command()
def run(
    contract: Annotated[Path, typer.Argument(help="the migration contract (JSON)")],
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
    table_prefix: PrefixOption = None,
    into_nonempty: NonemptyOption = None,
    overwrite: OverwriteOption = None,
    rejects: RejectsOption = None,
    on_collision: CollisionOption = None,
    validation: ValidationOption = None,
    new: Annotated[
        bool, typer.Option("--new", help="start another one although an unfinished one of this contract exists")
    ] = False,
) -> None:
    """Run a migration: check, views, tables, load, validate, report."""
    from flows.commands import run as command

    use_config(config)
    changes = {
        "into_nonempty": into_nonempty,
        "overwrite": overwrite,
        "rejects": rejects,
        "on_collision": on_collision,
        "validation": validation,
    }
    exit_with(command(contract, table_prefix, changes, new=new, as_json=output is Output.JSON))


@app.command()
def resume(
    migration: MigrationArgument = None,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
    rejects: RejectsOption = None,
    on_collision: CollisionOption = None,
    validation: ValidationOption = None,
) -> None:
    """Continue a migration that was interrupted, or whose tables failed."""
    from flows.commands import resume as command

    use_config(config)
    changes = {"rejects": rejects, "on_collision": on_collision, "validation": validation}
    exit_with(command(migration, changes, as_json=output is Output.JSON))


@app.command()
def status(
    migration: MigrationArgument = None, output: OutputOption = Output.TEXT, config: ConfigOption = None
) -> None:
    """Show the migrations, or where each table of one stands."""
    from flows.commands import status as command

    use_config(config)
    exit_with(command(migration, as_json=output is Output.JSON))


@app.command()
def report(
    migration: MigrationArgument = None, output: OutputOption = Output.TEXT, config: ConfigOption = None
) -> None:
    """Print a migration's report."""
    from flows.commands import report as command

    use_config(config)
    exit_with(command(migration, as_json=output is Output.JSON))


@app.command()
def rejects(
    migration: MigrationArgument = None,
    table: TableOption = None,
    reason: Annotated[str | None, typer.Option("--reason", help="only rows rejected for this reason")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, max=10_000, help="rows that are shown")] = 20,
    output_file: Annotated[
        Path | None, typer.Option("--output-file", help="write all rows here, as JSON lines")
    ] = None,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
) -> None:
    """Show the rows that could not become items: how many for each reason, and some of them."""
    from flows.commands_rejects import Wanted
    from flows.commands_rejects import rejects as command

    use_config(config)
    exit_with(command(migration, Wanted(table, reason, limit), output_file, as_json=output is Output.JSON))


@app.command()
def retry_rejects(
    migration: MigrationArgument = None,
    table: TableOption = None,
    output: OutputOption = Output.TEXT,
    config: ConfigOption = None,
) -> None:
    """Load the rejected rows again, after they were repaired at the source, and validate their tables again."""
    from flows.commands_rejects import retry_rejects as command

    use_config(config)
    exit_with(command(migration, table, as_json=output is Output.JSON))


def main() -> None:
    """The console script."""
    try:
        _require_own_packages()
        code = app(standalone_mode=False)
    except KeyboardInterrupt:
        _say(
            StateError("Interrupted. A load job that runs goes on.", remedy="`tableferry resume` continues from here.")
        )
        sys.exit(INTERRUPTED)
    except TyperException as error:
        wrong: Any = error  # typer types its own base class without what every wrong use of the command line has
        if not _wants_json():
            wrong.show()
        else:
            _say(SettingsError(wrong.format_message()))
        sys.exit(2)
    except OSError as error:
        _say(SettingsError(f"{error.strerror}: {error.filename}.", remedy="Check TABLEFERRY_HOME and the paths given."))
        sys.exit(2)
    except TableferryError as error:
        _say(error)
        sys.exit(2 if isinstance(error, InputError | StateError) else 1)
    sys.exit(code or 0)


def _say(error: TableferryError) -> None:
    from flows.console import print_error

    print_error(error, as_json=_wants_json())


def _require_own_packages() -> None:
    """Common names: another distribution's `core` or `adapters` must not pass as ours."""
    import adapters
    import core

    here = Path(__file__).resolve().parent.parent
    for package in (core, adapters):
        if package.__file__ is None or Path(package.__file__).resolve().parent.parent != here:
            raise SettingsError(
                f"The package {package.__name__!r} comes from {package.__file__}, not from tableferry.",
                remedy="Install tableferry in a virtual environment of its own.",
            )


def _wants_json() -> bool:
    arguments = sys.argv[1:]
    pairs = itertools.pairwise(arguments)
    return {"--output=json", "-ojson"} & set(arguments) != set() or any(
        a in {"--output", "-o"} and b == "json" for a, b in pairs
    )
