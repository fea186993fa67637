"""The keys of a table and of its indexes: attributes, composed keys, and templates of a multi-entity table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.compile.attributes import attribute_source
from core.compile.entity import EntityScope
from core.compile.place import Place, Refused
from core.compile.transformed import placeholders, template
from core.contract.checks import composed_parts
from core.contract.model import Attribute as ContractAttribute
from core.contract.model import Entity, StringFormat, Table
from core.contract.problems import nearest, shown
from core.items.plan import Attribute, Key
from core.items.problems import source_problem
from core.items.sources import FromColumn, JoinedText, Source
from core.source_schema import SourceTable


@dataclass(frozen=True)
class EntityKeys:
    """The keys that one entity has, and the attributes that exist for them alone."""

    keys: tuple[Key, ...]
    added: tuple[Attribute, ...]


def key_names(
    table: Table, entity: Entity | None, attributes: Mapping[str, ContractAttribute], source: SourceTable
) -> frozenset[str]:
    """The attributes that the table's own key is made of: through composed keys, templates and string-formats too."""
    templates = {} if entity is None else {name: text for _, name, text in _templates(table, entity)}
    waiting = [n for n in (table.pk, table.sk) if n is not None]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name in attributes:
            found.add(name)
            waiting += _attributes_in(_format(attributes[name]), source)
        elif (text := templates.pop(name, None)) is not None:
            waiting += _attributes_in(text, source)
        elif "#" in name:
            waiting += [part for part in composed_parts(name) if part in attributes]
    return frozenset(found)


def _format(attribute: ContractAttribute) -> str:
    """The text with placeholders that the attribute is made by, or none."""
    transformation = attribute.transformation
    return transformation.format if isinstance(transformation, StringFormat) else ""


def _attributes_in(text: str, source: SourceTable) -> list[str]:
    """The placeholders that are no columns of the source, and so attributes (rule 16)."""
    columns = ((name, source.column(name)) for name in placeholders(text))
    return [name for name, column in columns if column is None or column.kind is None]


def key_uses(table: Table) -> Iterator[tuple[str, str, str | None]]:
    """Every (attribute, role, index) of the table's key and its indexes' keys."""
    uses = [(table.pk, "pk", None), (table.sk, "sk", None)]
    for gsi in table.gsis:
        uses += [(gsi.pk, "pk", gsi.index_name), (gsi.sk, "sk", gsi.index_name)]  # type: ignore[list-item]
    return ((name, role, index) for name, role, index in uses if name is not None)


def compile_keys(table: Table, entity: Entity | None, scope: EntityScope, place: Place) -> EntityKeys:
    """The keys of one entity; `entity` is None for a single-entity table. What is wrong is noted at `place`."""
    types = {name: a.type for name, a in scope.attributes.items()}
    added: dict[str, Attribute] = {}
    keys: list[Key] = []
    for name, role, index in key_uses(table):
        at = place.inside(role if index is None else f"gsi {index}, {role}")
        if name not in types and name not in added:
            source = _added_source(name, role if index is None else "", table, entity, scope, at)
            if source is None:
                continue
            added[name] = Attribute(name, "S", source)
        keys.append(Key(name, types.get(name, "S"), role, index))
    return EntityKeys(tuple(keys), tuple(added.values()))


def unused_templates(table: Table, entity: Entity, scope: EntityScope) -> list[str]:
    """Templates that an explicit attribute replaces although they could not be filled: a warning (rule 19)."""
    warnings: list[str] = []
    for part, name, text in _templates(table, entity):
        if text is None or name not in scope.attributes:
            continue
        trial = Place(f"{scope.place.name}, {part}", [], [])
        try:
            template(text, scope, lambda n: attribute_source(n, scope), trial, "")
        except Refused:
            warnings += [f"{p} (not used: the attribute {name!r} is the key)" for p in trial.problems]
    return warnings


def _templates(table: Table, entity: Entity) -> list[tuple[str, str | None, str | None]]:
    return [("pk_template", table.pk, entity.pk_template), ("sk_template", table.sk, entity.sk_template)]


def _added_source(
    name: str, role: str, table: Table, entity: Entity | None, scope: EntityScope, place: Place
) -> Source | None:
    """A key that no attribute of this name produces: filled by a template, or composed; None with its problem noted."""
    text = None if entity is None else {"pk": entity.pk_template, "sk": entity.sk_template}.get(role)
    try:
        if text is not None:
            return _filled(text, scope, f"{role}_template")
        if "#" in name:
            return _composed(name, scope, place, required=bool(role) or entity is None)
    except Refused:
        return None
    if role and entity is not None:
        part = f"{role}_template"
        scope.place.problem(part, f"is missing, and no attribute of this entity produces the key {shown(name)}")
    elif entity is None:
        place.problem("", f"no attribute produces {shown(name)}", nearest(name, scope.attributes))
    return None


def _filled(text: str, scope: EntityScope, part: str) -> Source:
    found = template(text, scope, lambda n: attribute_source(n, scope), scope.place, part)
    reason = source_problem(found, "S", scope.select.columns)
    if reason is not None:
        scope.place.problem(part, f"{shown(text)} names a value that has no text: {reason}")
        raise Refused
    return found


def _composed(name: str, scope: EntityScope, place: Place, *, required: bool) -> Source | None:
    parts = composed_parts(name)
    known = set(scope.attributes) | {c.name for c in scope.select.source.columns}
    if not required and any(scope.select.source.column(p) is None and p not in scope.attributes for p in parts):
        return None  # an index that this kind of item stays out of
    found = [_part(part, scope, place, known) for part in parts]
    sources = tuple(source for source in found if source is not None)
    if len(sources) < len(found):
        raise Refused
    return JoinedText(sources, "#", skip_null=False)


def _part(part: str, scope: EntityScope, place: Place, known: set[str]) -> Source | None:
    """A part is an attribute of that name, else a column of the source table; None with its problem noted."""
    if part in scope.attributes:
        found = attribute_source(part, scope)
        if found is None:
            return None  # that attribute's own problem is noted
    else:
        source = scope.select.relation
        column = source.column(part)
        if column is None or column.kind is None:
            place.problem(
                "", f"the part {shown(part)} is no attribute and no column of {source.name}", nearest(part, known)
            )
            return None
        found = FromColumn(scope.add_own_column(column, column.kind, part))
    reason = source_problem(found, "S", scope.select.columns)
    if reason is not None:
        place.problem("", f"the part {shown(part)} of a composed key has no text: {reason}")
        return None
    return found
