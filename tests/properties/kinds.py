"""What a generated attribute takes its value from, before any transformation, and what kind of value that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.properties.shops import LINKS, Link, Shop

MANY, ARRAY, OBJECT = "many ", "array", "object"


@dataclass(frozen=True)
class Given:
    """The parts of an attribute that say where its value comes from, and the kind of that value.

    `replaced` tells that a literal text may stand in its place, `holds_bytes` that it is no JSON text.
    """

    parts: dict[str, Any]
    kind: str
    replaced: bool = False
    holds_bytes: bool = False


Maker = Callable[[st.DrawFn, Shop, str], Given]


def links(role: str, *, many: bool | None) -> list[Link]:
    """The ways from a table to others; with several matches, without, or (None) both."""
    return [link for link in LINKS if link.source == role and (many is None or link.many == many)]
