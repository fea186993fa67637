"""What stands in a multi-entity view for the columns of the other entities: NULL, typed where a key range is cut by it.

MySQL pushes a condition on a column down into UNION ALL only if that column is a number in every SELECT of it, or in
none, and a bare NULL counts as text: each chunk would then make the rows of the whole table first (8.4 and 9.7;
MariaDB 10.11 pushes it down either way).
"""

from __future__ import annotations

import re

from sqlglot import exp

from core.compile.select import SelectBuilder
from core.items.plan import Kind
from core.source_schema import SourceColumn

_DECIMAL = re.compile(r"(?:decimal|numeric)(\(\d+(?:,\d+)?\))")


def absent_column(select: SelectBuilder, index: int) -> exp.Expr:
    """The NULL beside column `index` of another entity's SELECT, under that column's name."""
    column = _key_column(select, select.selected[index])
    value = exp.Null() if column is None else _typed_null(column)
    return exp.alias_(value, select.columns[index].name, quoted=True)


def _key_column(select: SelectBuilder, selected: exp.Expr) -> SourceColumn | None:
    tree = selected.unalias()
    if not isinstance(tree, exp.Column) or tree.table != select.relation.alias:
        return None
    return next((c for c in select.source.row_key() if c.name == tree.name), None)


def _typed_null(column: SourceColumn) -> exp.Expr:
    """A NULL that leaves the column's text as it is: YEAR has none, for 0000 would become 0."""
    type_ = ""
    if column.kind == Kind.INTEGER and column.data_type != "year":
        type_ = "UNSIGNED" if "unsigned" in column.column_type.lower() else "SIGNED"
    elif found := _DECIMAL.match(column.column_type.lower()):
        type_ = f"DECIMAL{found[1]}"
    return exp.Cast(this=exp.Null(), to=exp.Var(this=type_)) if type_ else exp.Null()
