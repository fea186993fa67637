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

_MEND: Final = (
    "Mend the rows that became rejects at the source, or delete them there: a repair leaves their items alone."
)
_SHARED: Final = "Give rows that share a key keys of their own at the source; a repair leaves them alone."
_HELD: Final = (
    "Mend rejected rows whose keys are held by items of no row at the source (rows that share a key need keys of their "
    "own), or delete these items by hand; a repair leaves them alone."
)
_DELETE: Final = "`tableferry repair {} --delete-extra` deletes items that no row has."
_RETRY: Final = (
    "{}tableferry retry-rejects {}` accounts for rejects that are none any more: rows that were mended or deleted at "
    "the source, or whose key is free now."
)
_INDEX: Final = "Create the index that does not exist, as the contract says, and validate again."


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
    claims, taken = (0, 0) if others else (found["claims"], found["taken"])
    left = found["missing"] + found["differing"] + taken - found["repairable"] - claims
    advice = [
        _MEND if moved.became else "",
        _SHARED if found["colliding"] else "",
        _HELD if left and not (found["colliding"] or moved.became) else "",
        _repair(migration_id, claims=bool(claims), keeps=keeps) if found["repairable"] + claims else "",
        # While rows that broke have items, a deletion is refused.
        _DELETE.format(migration_id) if found["extra"] and not others and not moved.became else "",
        _RETRY.format("Then `" if found["repairable"] + claims else "`", migration_id) if moved.ceased else "",
        _INDEX if any(index["in_index"] is None for index in found["indexes"]) else "",
    ]
    said = " ".join(filter(None, advice))
    return said or f"An index follows its table with a delay: `tableferry validate {migration_id}` looks again."


def _repair(migration_id: str, *, claims: bool, keeps: bool) -> str:
    over = ", and rejected rows over the items that hold their keys" if claims else ""
    but = (
        ", but leaves differing ones, which others may have written, unless it is told to --overwrite" if keeps else ""
    )
    return f"`tableferry repair {migration_id}` writes missing and differing items again{over}{but}."
