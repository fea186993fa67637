"""Where the value of every attribute of an entity comes from, each independent of the others (rule 9)."""

from __future__ import annotations

from typing import Any, Final

from sqlglot import exp

from core.compile.calculated import calculated_source
from core.compile.entity import EntityScope
from core.compile.joined import joined_source
from core.compile.place import Place, Refused
from core.compile.transformed import transformed
from core.contract.model import Attribute, MultiColumnJoin
from core.contract.problems import nearest, plain, shown
from core.items.problems import source_problem
from core.items.sources import FromColumn, Source, Template

MAX_LEVELS: Final = 20  # attributes that are made of attributes; programs that read them nest as deeply
_MAX_PARTS: Final = 1_000  # of one value: ten levels that each name the next one ten times would have ten billion
_TOO_MANY: Final = "is made of too many other attributes: at most {} one through the other, and 1,000 parts in all"
_DIRECTLY: Final = "Name the columns themselves."


def compile_attributes(scope: EntityScope) -> dict[str, Source]:
    """The sources of all attributes that compile; what is wrong with the others is noted."""
    # Attributes of the table's key come first: one that is looked up there may match several rows, and the other
    # attributes of the same join then follow it.
    names = sorted(scope.attributes, key=lambda name: name not in scope.key_names)
    found = {name: attribute_source(name, scope) for name in names}
    return {name: source for name in scope.attributes if (source := found[name]) is not None}


def attribute_source(name: str, scope: EntityScope) -> Source | None:
    """The source of one attribute; None after noting what is wrong."""
    if name in scope.sources:
        return scope.sources[name]
    place = scope.place.inside(f"attribute {name}")
    if len(scope.select.under_way) > MAX_LEVELS:
        place.problem("", _TOO_MANY.format(MAX_LEVELS), _DIRECTLY)
        return None
    if name in scope.select.under_way:
        place.problem("", f"refers to itself: {' -> '.join(plain(n) for n in [*scope.select.under_way, name])}")
        return None
    scope.select.under_way.append(name)
    try:
        with place.noting(""):  # what a server of this version lacks is noticed where the view is made
            found: Source | None = _compile(scope.attributes[name], scope, place)
    except Refused:
        found = None
    finally:
        scope.select.under_way.pop()
    scope.sources[name] = found
    return found


def _compile(attribute: Attribute, scope: EntityScope, place: Place) -> Source:
    _require_right_source(attribute, scope, place)
    value: Source | None = None
    if attribute.join is not None:
        value = joined_source(attribute, scope, place.inside("join"))
    elif attribute.calculation is not None:
        value = calculated_source(attribute, scope, place.inside("calculation"))
    elif attribute.source_column is not None:
        value = _plain(attribute, scope, place)
    found = transformed(attribute, value, scope, lambda name: attribute_source(name, scope), place)
    if _extends_too_far(found):
        place.problem("", _TOO_MANY.format(MAX_LEVELS), _DIRECTLY)
        raise Refused
    reason = source_problem(found, attribute.type, scope.select.columns)
    if reason is not None:
        place.problem("type", f"{attribute.type} is impossible here: {reason}")
        raise Refused
    return found


def _extends_too_far(source: Source) -> bool:
    waiting: list[tuple[Any, int]] = [(source, 0)]
    seen = 0
    while waiting:
        part, level = waiting.pop()
        seen += 1
        if seen > _MAX_PARTS or level > MAX_LEVELS:
            return True
        within = part.parts if isinstance(part, Template) else getattr(part, "of", ())
        waiting += [(p, level + 1) for p in (within if isinstance(within, tuple) else (within,))]
    return False


def _require_right_source(attribute: Attribute, scope: EntityScope, place: Place) -> None:
    source = scope.select.relation
    if attribute.source_table is not None and scope.schema.table(attribute.source_table) is not source.table:
        place.problem(
            "source_table",
            f"is {shown(attribute.source_table)}, but the rows come from {shown(source.name)}",
            "Use a foreign-key join to take a value from another table.",
        )
        raise Refused
    given = attribute.source_column
    if isinstance(given, list) and not isinstance(attribute.join, MultiColumnJoin):
        place.problem("source_column", "is a list, which belongs to a multi-column join", "Name one column.")
        raise Refused
    for name in given if isinstance(given, list) else [given] if given is not None else []:
        if source.column(name) is None:
            known = [c.name for c in source.table.columns]
            place.problem("source_column", f"{source.name} has no column {shown(name)}", nearest(name, known))
            raise Refused


def _plain(attribute: Attribute, scope: EntityScope, place: Place) -> Source:
    source = scope.select.relation
    column = source.column(str(attribute.source_column))
    if column is None:
        raise Refused
    tree = exp.column(column.name, table=source.alias, quoted=True)
    return FromColumn(scope.add_source_column(tree, column, attribute, place))
