"""One row to one item: every attribute exact, the keys legal, the size within DynamoDB's limit, or a reject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.items.convert import ValueConverter, value_converter
from core.items.documents import AttributeValue
from core.items.keys import key_check
from core.items.plan import Attribute, Cell, Composed, ItemPlan
from core.items.rejects import Reason, RejectedRow
from core.items.size import MAX_ITEM_BYTES, item_size

Item = dict[str, AttributeValue]

PREVIEW_CHARACTERS = 200


class ItemConverter:
    """Turns rows of a plan's view into items; compiled once, safe to share between threads.

    Raises ValueError for a plan that contradicts itself: an impossible type, a key that no attribute produces.
    """

    def __init__(self, plan: ItemPlan) -> None:
        self._plan = plan
        self._attributes = [_attribute(plan, attribute) for attribute in plan.attributes]
        self._nulls = frozenset(attribute.name for attribute in plan.attributes if attribute.type == "NULL")
        self._row_key_names = plan.row_key_names or tuple(plan.columns[index].name for index in plan.row_key)
        self._composed = [_composed(plan, composed) for composed in plan.composed]
        self._refuse_impossible_keys()
        self._checks = [check for check in map(key_check, plan.keys) if check is not None]

    def convert(self, row: Sequence[Cell]) -> Item:
        """The row as an item in DynamoDB's low-level form ({"total": {"N": "1"}}; binary as bytes).

        `row` has one cell per column of the plan. Raises RejectedRow with the attribute to blame.
        """
        return self.convert_sized(row)[0]

    def convert_sized(self, row: Sequence[Cell]) -> tuple[Item, int]:
        """The same, with the item's size in bytes as DynamoDB counts it."""
        item: Item = {}
        name = ""
        try:
            for name, column, convert in self._attributes:
                cell = row[column]
                if cell is not None:
                    value = convert(cell)
                    if value is not None:
                        item[name] = value
                elif name in self._nulls:
                    item[name] = {"NULL": True}
            for name, parts in self._composed:
                value = _joined(row, parts)
                if value is not None:
                    item[name] = value
        except RejectedRow as reject:
            reject.attribute = name
            raise
        except TypeError as error:
            raise TypeError(f"attribute {name}: the server sent another kind of cell than the plan says") from error
        for check in self._checks:
            check(item)
        return item, _checked_size(item)

    def row_key(self, row: Sequence[Cell]) -> dict[str, str | None]:
        """What identifies the source row: source column to text (bytes as 0x...; None for NULL)."""
        names = self._plan.row_key_names or [self._plan.columns[index].name for index in self._plan.row_key]
        return {name: _shown(row[index]) for name, index in zip(names, self._plan.row_key)}

    def preview(self, row: Sequence[Cell], attribute: str) -> str:
        """The beginning (at most 200 characters) of the cells that `attribute` is made of; "" for no attribute."""
        shown = [_shown(row[index]) for index in self._columns_of(attribute)]
        return "#".join("NULL" if text is None else text for text in shown)[:PREVIEW_CHARACTERS]

    def _columns_of(self, attribute: str) -> tuple[int, ...]:
        for composed in self._plan.composed:
            if composed.name == attribute:
                return composed.columns
        return tuple(found.column for found in self._plan.attributes if found.name == attribute)

    def _refuse_impossible_keys(self) -> None:
        types = {attribute.name: attribute.type for attribute in self._plan.attributes}
        types.update({composed.name: "S" for composed in self._plan.composed})
        for key in self._plan.keys:
            if types.get(key.name) != key.type:
                raise ValueError(
                    f"key {key.name} is to be {key.type}, its attribute is {types.get(key.name, 'missing')}"
                )


def _attribute(plan: ItemPlan, attribute: Attribute) -> tuple[str, int, ValueConverter]:
    return attribute.name, attribute.column, value_converter(attribute.type, plan.columns[attribute.column].kind)


def _composed(plan: ItemPlan, composed: Composed) -> tuple[str, list[tuple[int, ValueConverter]]]:
    return composed.name, [(column, value_converter("S", plan.columns[column].kind)) for column in composed.columns]


def _joined(row: Sequence[Cell], parts: list[tuple[int, ValueConverter]]) -> AttributeValue | None:
    texts: list[Any] = []
    for column, convert in parts:
        cell = row[column]
        value = None if cell is None else convert(cell)
        if value is None:
            return None
        texts.append(value["S"])
    return {"S": "#".join(texts)}


def _checked_size(item: Item) -> int:
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise RejectedRow(Reason.ITEM_TOO_LARGE, f"the item has {size:,} bytes, DynamoDB holds {MAX_ITEM_BYTES:,}")
    return size


def _shown(cell: Cell) -> str | None:
    return "0x" + cell.hex() if isinstance(cell, bytes) else cell
