"""Attributes: a value, perhaps a transformation of it, and a type that can hold the result."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.properties.kinds import ARRAY, MANY, OBJECT, Given
from tests.properties.rows import TEXTS
from tests.properties.shops import Shop
from tests.properties.values import given

# The types that hold each kind; where one is likelier, it stands there twice.
TYPES: dict[str, tuple[str, ...]] = {
    "integer": ("S", "N", "N", "BOOL"),
    "bool": ("BOOL", "BOOL", "N", "S"),
    "filled": ("S", "N"),
    "year": ("S", "N"),
    "decimal": ("S", "N", "N", "BOOL"),
    "big": ("S", "S", "N"),
    "double": ("S", "N", "BOOL"),
    "float": ("S", "N", "BOOL"),
    "bit": ("S", "N", "BOOL", "B"),
    "text": ("S", "S", "S", "B"),
    "digits": ("S", "S", "N"),
    "daytext": ("S",),
    "enum": ("S", "B"),
    "jsontext": ("S", "S", "L", "M", "SS", "NS"),
    "binary": ("B", "B", "S"),
    "date": ("S",),
    "datetime": ("S",),
    "time": ("S",),
    "set": ("SS", "S"),
    "json": ("S", "S", "L", "M", "SS", "NS", "BOOL", "N"),
    "point": ("S", "B"),
    ARRAY: ("L", "L", "S"),
    OBJECT: ("M", "M", "S"),
}
_SETS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("integer", "decimal", "bit", "double", "bool", "float", "year"), ("NS", "SS", "L")),
    **dict.fromkeys(("text", "digits", "enum", "jsontext"), ("SS", "L", "BS")),
    "binary": ("BS", "L"),
}
_MOMENTS, _NUMBERS = ("date", "datetime"), ("integer", "decimal", "big", "double", "float", "bit", "year", "bool")
_DATE_FORMATS = ("DD/MM/YYYY HH:mm:ss", "YYYY", "MM-DD", "YYYYMMDD", "YYYY-MM-DDTHH:mm:ssZ", "it's DD")
_NUMBER_FORMATS = ("0.00", "#,##0.00", "0", "#", "000.0", "#,##0", "0.000000")
_TEXTS = ("S", "S", "S", "B")
_DEFAULTS = {"S": (*TEXTS, "n.a.", "v1.0"), "N": ("0", "-1.50", "1e3"), "B": ("a", "ü")}


def attribute(draw: st.DrawFn, shop: Shop, role: str, name: str, scalars: list[str]) -> dict[str, Any]:
    """One attribute; `scalars` are attributes that a string-format may name."""
    found = given(draw, shop, role)
    parts = dict(found.parts)
    if found.kind == "set" and "join" in parts and parts["join"]["type"] == "conditional":
        found = Given(parts, "set", replaced=False)
    transformation = _transformation(draw, shop, role, name, scalars, found)
    type_ = _type(draw, found, transformation)
    if found.replaced:
        parts["join"] = _with_literal(draw, parts["join"], type_, found.kind)
    made = {"name": name, "type": type_, **parts}
    return made if transformation is None else {**made, "transformation": transformation}


def is_scalar(made: dict[str, Any]) -> bool:
    """Whether a template may take the attribute's text."""
    return made["type"] in {"S", "N"} and made.get("join", {}).get("type") != "json-construction"


def _type(draw: st.DrawFn, found: Given, transformation: dict[str, Any] | None) -> str:
    if transformation is not None:
        kind = transformation["type"]
        types: tuple[str, ...] = ("M", "L", "S", "SS", "NS", "N", "BOOL") if kind == "json-parse" else _TEXTS
        if kind == "number-format" and "," not in transformation["format"]:
            types = ("S", "N")
        return str(draw(st.sampled_from(types)))
    if found.kind.startswith(MANY):
        return str(draw(st.sampled_from(_SETS.get(found.kind.removeprefix(MANY), ("SS", "L")))))
    types = tuple(t for t in TYPES[found.kind] if t != "S" or not found.holds_bytes)
    if found.parts.get("join", {}).get("type") in {"foreign-key", "lookup-table"} and not draw(st.integers(0, 4)):
        types = _SETS.get(found.kind, types)
    if not draw(st.integers(0, 60)) and "join" not in found.parts:
        return "NULL"
    return str(draw(st.sampled_from(types)))


def _with_literal(draw: st.DrawFn, join: dict[str, Any], type_: str, kind: str) -> dict[str, Any]:
    """null_value or else_value, a text that the type can hold."""
    part = "null_value" if join["type"] == "self-join" else "else_value"
    possible = _DEFAULTS.get(type_, ())
    if part == "null_value" and type_ == "B":
        possible = ()
    if not possible or not draw(st.integers(0, 3)):
        return join
    return {**join, part: draw(st.sampled_from(possible))}


def _transformation(
    draw: st.DrawFn, shop: Shop, role: str, name: str, scalars: list[str], found: Given
) -> dict[str, Any] | None:
    kind, shape = found.kind, draw(st.integers(0, 5))
    if kind.startswith(MANY) or kind in (ARRAY, OBJECT, "point") or shape > 2:
        return None
    if kind in _MOMENTS and shape:
        return {"type": "date-format", "format": draw(st.sampled_from(_DATE_FORMATS))}
    if kind == "time" and shape:
        return {"type": "date-format", "format": draw(st.sampled_from(("HH:mm", "ss")))}
    if kind == "daytext" and shape:
        return {"type": "date-format", "format": "YYYY-MM-DD", "source_format": "DD.MM.YYYY"}
    if kind in (*_NUMBERS, "digits") and shape:
        return {"type": "number-format", "format": draw(st.sampled_from(_NUMBER_FORMATS))}
    if kind == "jsontext" and shape:
        return {"type": "json-parse"}
    if kind == "binary":
        return None
    return {"type": "string-format", "format": _format(draw, shop, role, name, scalars, found)}


def _format(draw: st.DrawFn, shop: Shop, role: str, name: str, scalars: list[str], found: Given) -> str:
    """A template; one on a value must name it: as the attribute itself, or as the source_column that it is."""
    made = "join" in found.parts or "calculation" in found.parts
    own = name if made else draw(st.sampled_from((name, found.parts["source_column"])))
    names = [shop.names[role, c] for c in shop.of_kind(role, "text", "integer", "decimal", "date", "enum", "bit")]
    pieces = [f"{{{own}}}"]
    for _ in range(draw(st.integers(0, 2))):
        pieces.append(f"{{{draw(st.sampled_from((*names, *scalars)))}}}")
    literal = draw(st.sampled_from(("", "#", "'", "\\", "%s ", "v1.0 ")))
    return literal + literal.join(pieces)
