"""Cells and attribute values as they cross the wire: bytes as base64 text, everything else as JSON has it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from core.items.plan import Cell
from core.ports import Item, Permission, PermissionReport, ServiceStatus


def cell_to_wire(cell: Cell) -> str | dict[str, str] | None:
    """A cell as the mysql server takes it."""
    return {"b64": base64.b64encode(cell).decode("ascii")} if isinstance(cell, bytes) else cell


def cell_from_wire(wire: Any) -> Cell:
    """A cell as the mysql server sends it."""
    if isinstance(wire, Mapping):
        return base64.b64decode(wire["b64"])
    return None if wire is None else str(wire)


def row_from_wire(wire: Sequence[Any]) -> tuple[Cell, ...]:
    """A row of cells."""
    return tuple(cell_from_wire(c) for c in wire)


def item_to_wire(item: Item) -> dict[str, Any]:
    """An item as the dynamodb server takes it."""
    return {name: _value(value, lambda b: base64.b64encode(b).decode("ascii")) for name, value in item.items()}


def item_from_wire(wire: Mapping[str, Any]) -> Item:
    """An item as the dynamodb server sends it."""
    return {name: _value(value, base64.b64decode) for name, value in wire.items()}


def _value(value: Mapping[str, Any], convert: Any) -> dict[str, Any]:
    ((type_, content),) = value.items()
    if type_ == "B":
        return {"B": convert(content)}
    if type_ == "BS":
        return {"BS": [convert(c) for c in content]}
    if type_ == "M":
        return {"M": {k: _value(v, convert) for k, v in content.items()}}
    if type_ == "L":
        return {"L": [_value(v, convert) for v in content]}
    return {type_: content}


def status_from_wire(wire: Mapping[str, Any]) -> ServiceStatus:
    """A `ServiceStatus`."""
    return ServiceStatus(
        server=wire["server"],
        operational=wire["operational"],
        details=dict(wire["details"]),
        checked_at=wire["checked_at"],
        error=wire.get("error"),
    )


def permissions_from_wire(wire: Mapping[str, Any]) -> PermissionReport:
    """A `PermissionReport`."""
    return PermissionReport(
        server=wire["server"],
        ready=wire["ready"],
        permissions=tuple(
            Permission(p["action"], p["resource"], p["verdict"], p.get("reason") or "") for p in wire["permissions"]
        ),
        checked_at=wire["checked_at"],
    )
