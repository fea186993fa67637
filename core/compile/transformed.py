"""The four transformations, and templates: they apply to the value that join, calculation or column gave (rule 15)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from core.compile.entity import EntityScope
from core.compile.place import Place, Refused
from core.contract.model import Attribute, DateFormat, JsonParse, NumberFormat, StringFormat
from core.contract.problems import nearest, shown
from core.items.sources import DateFormatted, FromColumn, NumberFormatted, ParsedJson, Source, Template

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_DATE_TOKENS = re.compile(r"YYYY|MM|DD|HH|mm|ss")
_NUMBER_FORMAT = re.compile(r"(?P<grouping>#,##)?(?P<integer>0+|#)(?:\.(?P<decimals>0+))?")
AttributeSource = Callable[[str], Source | None]


def transformed(
    attribute: Attribute, value: Source | None, scope: EntityScope, of: AttributeSource, place: Place
) -> Source:
    """The transformed value; `value` is None where nothing but a string-format says where it comes from."""
    match attribute.transformation:
        case StringFormat() as transformation:
            return _string_format(attribute, transformation, value, scope, of, place)
        case DateFormat() as transformation:
            return _date_format(transformation, _given(value, place), place)
        case NumberFormat() as transformation:
            return _number_format(transformation, _given(value, place), place)
        case JsonParse():
            return ParsedJson(_given(value, place))
    return _given(value, place)


def placeholders(text: str) -> list[str]:
    """The names between braces, in their order."""
    return [found[1] for found in _PLACEHOLDER.finditer(text)]


def template(
    text: str,
    scope: EntityScope,
    of: AttributeSource,
    place: Place,
    part: str,
    given: Mapping[str, Source] | None = None,
) -> Template:
    """A text with {placeholders}: each a column of the source table, else an attribute of the same entity (rule 16).

    `given` are names that mean neither, with what they stand for.
    """
    given = given or {}
    parts: list[str | Source] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts += [text[end : found.start()]] if found.start() > end else []
        parts.append(given.get(found[1]) or _placeholder(found[1], scope, of, place, part))
        end = found.end()
    rest = text[end:]
    if "{" in "".join(p for p in parts if isinstance(p, str)) + rest or "}" in rest:
        place.problem(part, f"{shown(text)} has a brace without its partner")
        raise Refused
    return Template(tuple([*parts, rest] if rest or not parts else parts))


def _placeholder(name: str, scope: EntityScope, of: AttributeSource, place: Place, part: str) -> Source:
    source = scope.select.relation
    column = source.column(name)
    if column is not None and column.kind is not None:
        return FromColumn(scope.add_own_column(column, column.kind, name))
    if name in scope.attributes:
        found = of(name)
        if found is None:
            raise Refused  # that attribute's own problem is noted
        return found
    known = {c.name for c in source.table.columns} | set(scope.attributes)
    place.problem(part, f"{shown(name)} is no column of {source.name} and no attribute", nearest(name, known))
    raise Refused


def _string_format(
    attribute: Attribute,
    transformation: StringFormat,
    value: Source | None,
    scope: EntityScope,
    of: AttributeSource,
    place: Place,
) -> Source:
    part = "transformation, format"

    def other(name: str) -> Source | None:
        if name != attribute.name:
            return of(name)
        if value is None:
            place.problem(part, f"{shown(name)} is the attribute itself")
        return value

    made = attribute.join is not None or attribute.calculation is not None
    # What was joined or calculated has no other name than the attribute's, also where a column has that name too.
    given = {attribute.name: value} if made and value is not None else {}
    found = template(transformation.format, scope, other, place, part, given)
    named = placeholders(transformation.format)
    if made and attribute.name not in named:
        place.problem(
            part,
            "does not use the joined value, so that the join would be ignored",
            f"Its placeholder is {{{attribute.name}}}.",
        )
        raise Refused
    if not made:
        _refuse_unused_column(attribute, named, scope, place.inside(part))
    return found


def _refuse_unused_column(attribute: Attribute, named: Sequence[str], scope: EntityScope, place: Place) -> None:
    """A format that names other values alone would ignore the source_column; a constant needs none and may have one."""
    source = scope.select.relation
    given = attribute.source_column
    if not named or not isinstance(given, str):
        return
    own = source.column(attribute.name)
    means_value = attribute.name in named and (own is None or own.kind is None)
    if not means_value and source.column(given) not in [source.column(name) for name in named]:
        place.problem(
            "",
            f"does not use the column {shown(given)}, so that the source_column would be ignored",
            f"Name {{{given}}} in the format, or leave source_column out.",
        )
        raise Refused


def _date_format(transformation: DateFormat, value: Source, place: Place) -> Source:
    for part, text in (("format", transformation.format), ("source_format", transformation.source_format)):
        if text is not None and not _DATE_TOKENS.search(text):
            place.problem(f"transformation, {part}", f"{shown(text)} has none of YYYY, MM, DD, HH, mm, ss")
            raise Refused
    return DateFormatted(value, transformation.format, transformation.source_format)


def _number_format(transformation: NumberFormat, value: Source, place: Place) -> Source:
    found = _NUMBER_FORMAT.fullmatch(transformation.format)
    if found is None:
        place.problem(
            "transformation, format", f"{shown(transformation.format)} is no number format", "Such as 0.00 or #,##0.00."
        )
        raise Refused
    integer = found["integer"]
    return NumberFormatted(
        value, len(found["decimals"] or ""), found["grouping"] is not None, 0 if integer == "#" else len(integer)
    )


def _given(value: Source | None, place: Place) -> Source:
    if value is None:
        place.problem("", "the key 'source_column' is missing: nothing says where the value comes from")
        raise Refused
    return value
