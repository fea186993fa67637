"""Draws the lifecycle for docs/lifecycle.md: `python -m core.lifecycle_diagram` rewrites the diagram there."""

from __future__ import annotations

from pathlib import Path

from core.lifecycle import TRANSITIONS, TableState

DOCUMENT = Path(__file__).parent.parent / "docs" / "lifecycle.md"
_BEGIN, _END = "```mermaid\n", "```\n"


def lifecycle_diagram() -> str:
    """The lifecycle as mermaid text (`stateDiagram-v2`), drawn from `TRANSITIONS`."""
    from transitions.extensions import GraphMachine

    edges = [[step["trigger"], step["source"].value, step["dest"].value] for step in TRANSITIONS]
    machine = GraphMachine(
        states=[state.value for state in TableState],
        transitions=edges,
        initial=TableState.PENDING.value,
        auto_transitions=False,
        graph_engine="mermaid",
    )
    lines: list[str] = machine.get_graph().draw(None).splitlines()
    # The library's colours mark the state of a live object; the book of rules has none.
    kept = [line.rstrip() for line in lines[lines.index("stateDiagram-v2") :] if "lass" not in line.split("_")[0]]
    return "\n".join(line for line in kept if line) + "\n"


def with_diagram(document: str) -> str:
    """The text of the document with its mermaid block replaced by today's diagram."""
    before, _, rest = document.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{lifecycle_diagram()}{_END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_diagram(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
