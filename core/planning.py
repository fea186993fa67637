"""Before anything is created: the contract is compiled against the live schema, and the data is asked the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from sqlglot import exp

from core.compile import CompiledTable, compile_contract
from core.compile.unmapped import text_checks
from core.contract import Contract, ContractError, Problem, Table
from core.contract.checks import table_place
from core.contract.tables import may_mean_others, tables_named
from core.errors import InvalidRequestError, NotFoundError
from core.options import MigrationOptions
from core.ports import SourceDatabase, TargetTables, World
from core.source_schema import SourceSchema
from core.view_checks import view_problems

_MAX_NAMED = 1_000  # tables that are asked for by name; of more, all are described


async def plan_tables(
    contract: Contract, world: World, options: MigrationOptions, *, moment: datetime, resumed: bool = False
) -> tuple[SourceSchema, list[CompiledTable]]:
    """Compile every table and prove its joins; `moment` is when the migration began or begins.

    Raises ContractError with every problem: of the schema, of views that the server does not take, of joins with
    several matches, of texts that are none, of target tables that exist and differ. A `resumed` migration proved its
    joins and tables before it began.
    """
    schema = await _schema(contract, world.source)
    compiled = compile_contract(contract, schema, options.target, moment=moment)
    if resumed:
        return schema, compiled
    found = await asyncio.gather(
        *(view_problems(table_place(n, contract.tables[n]), t, world.source) for n, t in enumerate(compiled)),
        *(_join_problems(table, world.source) for table in compiled),
        *(_text_problems(n, contract.tables[n], t, schema, world.source) for n, t in enumerate(compiled)),
        *(_target_problems(n, contract.tables[n], t, world.targets) for n, t in enumerate(compiled)),
    )
    problems = [problem for some in found for problem in some]
    if problems:
        raise ContractError(problems)
    return schema, compiled


async def _schema(contract: Contract, source: SourceDatabase) -> SourceSchema:
    named = set(tables_named(contract))
    schema = await source.describe_schema(sorted(named) if len(named) <= _MAX_NAMED else [])
    others = may_mean_others(contract, named, folds=schema.lower_case_table_names != 0)
    if all(schema.table(name) for name in named) and not others:
        return schema
    # All of them, so that a problem can name the nearest, and so that a table is known by a name that is another's in
    # another case. What stands in an expression is not asked for: nothing of it becomes SQL before it is compiled.
    return await source.describe_schema([])


async def _join_problems(table: CompiledTable, source: SourceDatabase) -> list[Problem]:
    problems: list[Problem] = []
    for check in table.join_checks:
        try:
            several = (await source.query(check.sql, max_rows=1, timeout_seconds=3_600)).rows
        except (InvalidRequestError, NotFoundError) as error:
            problems.append(Problem(check.place, f"its join cannot be made: {error.message}", "Change its condition."))
            continue
        if several:
            problems.append(
                Problem(
                    check.place,
                    f"some rows match several rows of {check.target_table}; picking one silently would be wrong",
                    "Join by a condition that at most one row fulfils.",
                )
            )
    return problems


async def _text_problems(
    number: int, table: Table, compiled: CompiledTable, schema: SourceSchema, source: SourceDatabase
) -> Sequence[Problem]:
    return [
        Problem(
            table_place(number, table),
            f"{check.column} holds bytes that are no characters of {check.character_set}, so that the server would "
            "send question marks for them",
            "Give the column the character set that its bytes are in, or correct the texts.",
        )
        for check in text_checks(compiled.view.select_sql, schema)
        if (await source.query(check.sql, max_rows=1, timeout_seconds=3_600)).rows
    ]


async def _target_problems(
    number: int, table: Table, compiled: CompiledTable, targets: TargetTables
) -> Sequence[Problem]:
    place = table_place(number, table)
    return [
        Problem(
            place,
            f"the DynamoDB table {compiled.target.table_name} exists and differs: {d['property']} is {d['actual']!r}, "
            f"the contract wants {d['expected']!r}",
            "Choose a --table-prefix, or delete the table.",
        )
        for d in await targets.differences(compiled.target.to_wire())
    ]


async def expected_rows(source: SourceDatabase, table: CompiledTable) -> int:
    """How many rows the view will have: those of its source tables (a looked-up key can make more)."""
    total = 0
    for entity in table.entities:
        rows = exp.select("COUNT(*)").from_(exp.table_(entity.source_table, quoted=True))
        found = await source.query(rows.sql("mysql"), timeout_seconds=3_600)
        total += int(str(found.rows[0][0]))
    return total
