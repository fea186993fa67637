"""Where the value of one attribute comes from: one function per pattern of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from core.compile.expressions import ExpressionProblem, Relation, column_of, join_condition
from core.compile.joins import JoinCheck, check_query, matches_at_most_once
from core.compile.view import ViewBuilder
from core.contract.model import Attribute, ForeignKeyJoin
from core.contract.problems import Problem, nearest, plain, shown
from core.items.convert import unsupported
from core.items.plan import Kind
from core.source_schema import SourceColumn, SourceSchema


@dataclass
class Place:
    """Collects the problems and the join checks of one place of the contract."""

    name: str
    problems: list[Problem]
    checks: list[JoinCheck]

    def problem(self, part: str, message: str, remedy: str = "") -> None:
        """Note what is wrong at a part of this place ("" for the place itself)."""
        self.problems.append(Problem(f"{self.name}, {part}" if part else self.name, message, remedy))

    def inside(self, name: str) -> Place:
        """A place within this one that collects into the same lists."""
        return Place(f"{self.name}, {plain(name)}", self.problems, self.checks)


def compile_attribute(attribute: Attribute, view: ViewBuilder, schema: SourceSchema, place: Place) -> int | None:
    """The index of the view column that holds the attribute's value; None after noting what is wrong."""
    if not _compiles_yet(attribute, place) or not _source_is_right(attribute, view.relation, schema, place):
        return None
    if isinstance(attribute.join, ForeignKeyJoin):
        found = _foreign_key(attribute, attribute.join, view, schema, place)
    else:
        found = _plain(attribute, view.relation, place)
    return None if found is None else _add(attribute, *found, view, place)


def _compiles_yet(attribute: Attribute, place: Place) -> bool:
    """Refuse by name what this version's compiler does not handle: ignoring it would change values silently."""
    for part, value in (("join", attribute.join), ("calculation", attribute.calculation)):
        if value is not None and not isinstance(value, ForeignKeyJoin):
            place.problem(part, f"{value.type!r} is not supported by this version of tableferry")
            return False
    if attribute.transformation is not None:
        kind = attribute.transformation.type
        place.problem("transformation", f"{kind!r} is not supported by this version of tableferry")
        return False
    return True


def _source_is_right(attribute: Attribute, source: Relation, schema: SourceSchema, place: Place) -> bool:
    if attribute.source_table is not None and schema.table(attribute.source_table) is not source.table:
        place.problem(
            "source_table",
            f"is {shown(attribute.source_table)}, but the rows come from {shown(source.name)}",
            "Use a foreign-key join to take a value from another table.",
        )
        return False
    if isinstance(attribute.source_column, list):
        place.problem("source_column", "is a list, which belongs to a multi-column join", "Name one column.")
        return False
    if attribute.source_column is not None and source.column(attribute.source_column) is None:
        known = [c.name for c in source.table.columns]
        message = f"{source.name} has no column {shown(attribute.source_column)}"
        place.problem("source_column", message, nearest(attribute.source_column, known))
        return False
    return True


def _plain(attribute: Attribute, source: Relation, place: Place) -> tuple[exp.Expr, SourceColumn] | None:
    column = source.column(attribute.source_column) if isinstance(attribute.source_column, str) else None
    if column is None:
        place.problem("", "the key 'source_column' is missing: nothing says where the value comes from")
        return None
    return exp.column(column.name, table=source.alias, quoted=True), column


def _foreign_key(
    attribute: Attribute, join: ForeignKeyJoin, view: ViewBuilder, schema: SourceSchema, place: Place
) -> tuple[exp.Expr, SourceColumn] | None:
    at = place.inside("join")
    table = schema.table(join.target_table)
    if table is None:
        known = [t.name for t in schema.tables]
        at.problem("target_table", f"there is no table {shown(join.target_table)}", nearest(join.target_table, known))
        return None
    target = view.next_relation(table, join.target_table)
    condition = None
    try:
        condition = join_condition(join.join_condition, source=view.relation, target=target)
    except ExpressionProblem as problem:
        at.problem("join_condition", problem.message, problem.remedy)
    try:
        column = column_of(join.select_column, target)
    except ExpressionProblem as problem:
        at.problem("select_column", problem.message, problem.remedy)
        return None
    if condition is None:
        return None
    if attribute.type in {"SS", "NS", "BS", "L"} and not matches_at_most_once(condition, view.relation, target):
        at.problem("", f"collecting several matches into {attribute.type} is not supported by this version")
        return None
    return _joined(view, target, condition, column, place), column


def _joined(view: ViewBuilder, target: Relation, condition: exp.Expr, column: SourceColumn, place: Place) -> exp.Expr:
    joined = view.add_join(target, condition)
    if joined is target and not matches_at_most_once(condition, view.relation, target):
        place.checks.append(check_query(place.name, condition, view.relation, target))
    return exp.column(column.name, table=joined.alias, quoted=True)


def _add(
    attribute: Attribute, expression: exp.Expr, column: SourceColumn, view: ViewBuilder, place: Place
) -> int | None:
    kind = column.kind
    if column.is_geometry and attribute.type in {"S", "B"}:
        function, kind = ("ST_AsText", Kind.TEXT) if attribute.type == "S" else ("ST_AsBinary", Kind.BINARY)
        expression = exp.Anonymous(this=function, expressions=[expression])
    if kind is None:
        remedy = "Geometry is S (WKT) or B (WKB)." if column.is_geometry else ""
        message = f"column {shown(column.name)} has type {column.column_type}, which cannot become {attribute.type}"
        place.problem("type", message, remedy)
        return None
    reason = unsupported(attribute.type, kind)
    if reason is not None:
        place.problem("type", f"{attribute.type} from column {shown(column.name)} ({column.column_type}): {reason}")
        return None
    return view.add_column(expression, kind, attribute.name)
