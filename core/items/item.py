"""One row to one item: every attribute exact, the keys legal, the size within DynamoDB's limit, or a reject."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date

from core.items.convert import ValueConverter, value_converter
from core.items.documents import AttributeValue
from core.items.keys import key_check
from core.items.plan import Cell, ItemPlan, Kind
from core.items.rejects import Reason, RejectedRow
from core.items.size import MAX_ITEM_BYTES, item_size
from core.items.sources import FromColumn, columns_of
from core.items.values import ValueOf, compile_value

Item = dict[str, AttributeValue]

PREVIEW_CHARACTERS = 200


class ItemConverter:
    """Turns rows of a plan's view into items; compiled once, safe to share between threads.

    Raises ValueError for a plan that contradicts itself: an impossible type, a key that no attribute produces.
    """

    def __init__(self, plan: ItemPlan) -> None:
        self._plan = plan
        self._plain = _plain(plan)
        self._made = _made(plan)
        self._nulls = frozenset(attribute.name for attribute in plan.attributes if attribute.type == "NULL")
        self._refuse_impossible_keys()
        self._checks = [check for check in map(key_check, plan.keys) if check is not None]
        own = (key_check(key) for key in plan.keys if key.index is None)
        self._key_values = [
            (attribute.name, compile_value(attribute.source, attribute.type, plan.columns))
            for attribute in plan.attributes
            if attribute.name in plan.table_keys()
        ]
        self._key_checks = [check for check in own if check is not None]

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
            for name, column, convert in self._plain:
                cell = row[column]
                if cell is not None:
                    value = convert(cell)
                    if value is not None:
                        item[name] = value
                elif name in self._nulls:
                    item[name] = {"NULL": True}
            for name, value_of in self._made:
                value = value_of(row)
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

    def key_of(self, row: Sequence[Cell]) -> Item | None:
        """The table's own key alone, of a row that may not be an item for another reason; None where the key is why."""
        key: Item = {}
        try:
            for name, value_of in self._key_values:
                value = value_of(row)
                if value is not None:
                    key[name] = value
            for check in self._key_checks:
                check(key)
        except RejectedRow:
            return None
        return key

    def row_key(self, row: Sequence[Cell]) -> dict[str, str | None]:
        """What identifies the source row: source column to text (bytes as 0x...; None for NULL)."""
        return {name: shown_cell(row[index]) for name, index in zip(self._plan.row_key_names, self._plan.row_key)}

    def preview(self, row: Sequence[Cell], attributes: Container[str] | None = None) -> dict[str, str | None]:
        """The beginning (at most 200 characters) of each cell that the attributes are made of, by column; None: all."""
        made_of = [columns_of(of.source) for of in self._plan.attributes if attributes is None or of.name in attributes]
        cells: dict[str, str | None] = {}
        for index in sorted({index for columns in made_of for index in columns}):
            column = self._plan.columns[index]
            # Two columns may be called the same; no two have the same name.
            name = column.name if not column.label or column.label in cells else column.label
            cells[name] = _beginning(shown_cell(row[index]))
        return cells

    def _refuse_impossible_keys(self) -> None:
        types = {attribute.name: attribute.type for attribute in self._plan.attributes}
        for key in self._plan.keys:
            if types.get(key.name) != key.type:
                raise ValueError(
                    f"key {key.name} is to be {key.type}, its attribute is {types.get(key.name, 'missing')}"
                )


def _plain(plan: ItemPlan) -> list[tuple[str, int, ValueConverter]]:
    """The attributes that are one column as it is: converted in the loop itself, because nearly all are."""
    return [
        (attribute.name, source.column, value_converter(attribute.type, plan.columns[source.column].kind))
        for attribute, source in ((attribute, attribute.source) for attribute in plan.attributes)
        if isinstance(source, FromColumn)
    ]


def _made(plan: ItemPlan) -> list[tuple[str, ValueOf]]:
    return [
        (attribute.name, compile_value(attribute.source, attribute.type, plan.columns))
        for attribute in plan.attributes
        if not isinstance(attribute.source, FromColumn)
    ]


def _checked_size(item: Item) -> int:
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise RejectedRow(Reason.ITEM_TOO_LARGE, f"the item has {size:,} bytes, DynamoDB holds {MAX_ITEM_BYTES:,}")
    return size


def _beginning(text: str | None) -> str | None:
    return None if text is None else text[:PREVIEW_CHARACTERS]


def can_be_asked_for(cells: Sequence[Cell], kinds: Sequence[str]) -> bool:
    """Whether a server takes these cells as literals: MySQL refuses dates that are none, which a column may hold."""
    return all(
        kind not in (Kind.DATE, Kind.DATETIME) or not isinstance(cell, str) or _is_a_date(cell[:10])
        for cell, kind in zip(cells, kinds)
    )


def _is_a_date(text: str) -> bool:
    if "-00" in text:
        return True  # zeros in the place of a month or a day, which MySQL takes
    try:
        date.fromisoformat(text)
    except ValueError:
        return text.startswith("0000")
    return True


def shown_cell(cell: Cell) -> str | None:
    """A cell as people see it: bytes as 0x..."""
    return "0x" + cell.hex() if isinstance(cell, bytes) else cell
