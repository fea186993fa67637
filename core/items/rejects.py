"""Why a row cannot become an item: one fixed word for programs, one sentence for people.

The sentence never holds the row's own value; a key that is taken alone is named, or nobody could find it.
"""

from __future__ import annotations

from typing import Final


class Reason:
    """The fixed words of `RejectedRow.reason`, the same in rejects files, results and reports."""

    KEY_NULL = "key_null"
    KEY_EMPTY = "key_empty"
    KEY_TOO_LONG = "key_too_long"
    INDEX_KEY_EMPTY = "index_key_empty"
    INDEX_KEY_TOO_LONG = "index_key_too_long"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_TOO_PRECISE = "number_too_precise"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    NOT_A_DATE = "not_a_date"
    NOT_A_BOOLEAN = "not_a_boolean"
    NOT_TEXT = "not_text"
    NOT_NULL = "not_null"
    NOT_JSON = "not_json"
    JSON_WRONG_SHAPE = "json_wrong_shape"
    JSON_TOO_DEEP = "json_too_deep"
    JSON_DUPLICATE_NAME = "json_duplicate_name"
    JSON_EMPTY_NAME = "json_empty_name"
    JSON_NAME_TOO_LONG = "json_name_too_long"
    ITEM_TOO_LARGE = "item_too_large"
    KEY_COLLISION = "key_collision"
    KEY_TAKEN = "key_taken"


# Reasons that no row has by itself: another row, or another's item, is why.
FOR_ANOTHERS_SAKE: Final = frozenset({Reason.KEY_COLLISION, Reason.KEY_TAKEN})

# The member of such a reject's line that holds the item's `core.items.canonical.key_digest`, as hex.
ITEM_KEY: Final = "item_key"
# The member that holds the row's `core.items.canonical.content_digest`, as hex, where `row` does not name one row.
CONTENT: Final = "content"


class RejectedRow(Exception):  # noqa: N818 - a row's outcome, counted and kept; not an error of the program
    """This row cannot become an item; `attribute` is "" while no single attribute is to blame (item_too_large)."""

    def __init__(self, reason: str, message: str, attribute: str = "") -> None:
        super().__init__(reason, message, attribute)
        self.reason = reason
        self.message = message
        self.attribute = attribute

    def __str__(self) -> str:
        return (
            f"{self.attribute}: {self.message} ({self.reason})" if self.attribute else f"{self.message} ({self.reason})"
        )
