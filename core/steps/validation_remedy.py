"""What to do about a table that is not validated: for each kind of difference the command that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.source_position import Movement
from core.steps.full_validation import MovedRejects

_MOVEMENTS: Final = {
    Movement.UNCHANGED: "The source has not changed since the load began, so the table was changed.",
    Movement.MOVED: "The source's server moved since the load began; these rows may have changed there.",
}


def movement_told(moved: Movement) -> str:
    """Who may have made the differences, as far as the source's position says it."""
    return _MOVEMENTS.get(moved, "Whether the source or the table changed since the load cannot be told.")


def remedy_of_counts(migration_id: str) -> str:
    """What to do where not every item was compared."""
    return (
        f"`tableferry validate {migration_id} --mode full` says which rows and items differ; "
        f"`tableferry repair {migration_id}` finds out too, and writes missing and differing items again."
    )


def remedy_of_differences(
    migration_id: str, found: Mapping[str, Any], moved: MovedRejects, *, others: bool, keeps: bool
) -> str:
    """What to do about what a full validation `found`, in the order in which it helps.

    `others`: items that this migration did not write may stand in the table; `keeps`: a repair leaves such.
    """
    said: list[str] = []
    if moved.became:
        said.append(
            "Mend the rows that became rejects at the source: until then their items look as if they had no row."
        )
    if found["colliding"]:
        said.append("Give rows that share a key keys of their own at the source; a repair leaves them alone.")
    if found["missing"] or found["differing"] or (found["taken"] and not others):
        what = "missing and differing items again" + (
            ", and rejected rows over the items that hold their keys" if found["taken"] and not others else ""
        )
        but = ", but leaves differing ones, which others may have written, unless it is told to --overwrite"
        said.append(f"`tableferry repair {migration_id}` writes {what}{but if keeps else ''}.")
    if found["extra"] and not others:
        said.append(f"`tableferry repair {migration_id} --delete-extra` deletes items that no row has.")
    if moved.ceased:
        first = "Then `" if found["missing"] or found["differing"] else "`"
        said.append(
            f"{first}tableferry retry-rejects {migration_id}` accounts for rejects that are none any more: rows that "
            "were mended or deleted at the source, or whose key is free now."
        )
    if any(index["in_index"] is None for index in found["indexes"]):
        said.append("Create the index that does not exist, as the contract says, and validate again.")
    elif not said:
        said.append(f"An index follows its table with a delay: `tableferry validate {migration_id}` looks again.")
    return " ".join(said)
