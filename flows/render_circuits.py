"""Circuits for `status`: for the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from core.circuits import CircuitRecord, CircuitState


def with_circuits(table: RenderableType, circuits: Sequence[CircuitRecord]) -> RenderableType:
    """The table, and below it a line for each server that is away."""
    away = [c for c in circuits if c.state is not CircuitState.CLOSED]
    return Group(table, *(Text(_line(circuit), style="yellow") for circuit in away)) if away else table


def circuit_documents(circuits: Sequence[CircuitRecord]) -> list[dict[str, Any]]:
    """Every circuit as JSON data."""
    return [
        {
            "server": c.server,
            "state": c.state.value,
            "failures": c.failures,
            "opened_at": c.opened_at.isoformat() if c.opened_at else None,
            "last_error": c.last_error,
        }
        for c in circuits
    ]


def _line(circuit: CircuitRecord) -> str:
    since = f" since {circuit.opened_at:%Y-%m-%d %H:%M:%S} UTC" if circuit.opened_at else ""
    return f"The {circuit.server} server is away{since} ({circuit.state.value}): {circuit.last_error}"
