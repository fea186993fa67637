from __future__ import annotations

from dataclasses import replace

import pytest

from core.items.item import ItemConverter
from core.items.plan import Attribute, Cell, Column, ItemPlan, Key, Kind
from core.items.rejects import RejectedRow
from core.items.sources import FromColumn, JoinedText

PLAN = ItemPlan(
    columns=(
        Column("id", Kind.INTEGER),
        Column("name", Kind.TEXT),
        Column("code", Kind.BINARY),
        Column("day", Kind.DATE),
        Column("total", Kind.DECIMAL),
    ),
    row_key=(0, 2),
    row_key_names=("order_id", "code"),
    attributes=(
        Attribute("pk", "N", FromColumn(0)),
        Attribute("name", "S", FromColumn(1)),
        Attribute("code", "B", FromColumn(2)),
        Attribute("day", "S", FromColumn(3)),
        Attribute("total", "N", FromColumn(4)),
        Attribute("id#name", "S", JoinedText((FromColumn(0), FromColumn(1)), "#", skip_null=False)),
        Attribute("day#id", "S", JoinedText((FromColumn(3), FromColumn(0)), "#", skip_null=False)),
    ),
    keys=(
        Key("pk", "N", "pk"),
        Key("id#name", "S", "sk"),
        Key("day#id", "S", "pk", "ByDay"),
        Key("code", "B", "sk", "ByDay"),
        Key("name", "S", "sk", "ByName"),
    ),
)


def row(**changes: Cell) -> list[Cell]:
    cells: dict[str, Cell] = {"id": "7", "name": "n", "code": b"\x01", "day": "2024-01-02", "total": "1.50", **changes}
    return list(cells.values())


def reject(**changes: Cell) -> tuple[str, str]:
    with pytest.raises(RejectedRow) as rejected:
        ItemConverter(PLAN).convert(row(**changes))
    return rejected.value.reason, rejected.value.attribute


def test_a_row_becomes_an_item_with_its_composed_keys() -> None:
    assert ItemConverter(PLAN).convert(row()) == {
        "pk": {"N": "7"},
        "name": {"S": "n"},
        "code": {"B": b"\x01"},
        "day": {"S": "2024-01-02"},
        "total": {"N": "1.5"},
        "id#name": {"S": "7#n"},
        "day#id": {"S": "2024-01-02#7"},
    }


def test_a_null_leaves_its_attribute_and_what_is_composed_of_it_out() -> None:
    item = ItemConverter(PLAN).convert(row(day=None, total=None, code=None))
    assert item == {"pk": {"N": "7"}, "name": {"S": "n"}, "id#name": {"S": "7#n"}}


def test_composed_texts_are_mysqls_own_with_their_scale() -> None:
    plan = ItemPlan(
        columns=(Column("a", Kind.DECIMAL), Column("b", Kind.BIT), Column("c", Kind.TEXT)),
        row_key=(0,),
        row_key_names=("a",),
        attributes=(
            Attribute("a#b#c", "S", JoinedText((FromColumn(0), FromColumn(1), FromColumn(2)), "#", skip_null=False)),
        ),
        keys=(Key("a#b#c", "S", "pk"),),
    )
    assert ItemConverter(plan).convert(["1.50", b"\x02", ""]) == {"a#b#c": {"S": "1.50#2#"}}


def test_a_table_key_must_be_there() -> None:
    assert reject(id=None) == ("key_null", "pk")
    assert reject(name=None) == ("key_null", "id#name")


def test_an_index_key_may_be_absent_but_not_empty() -> None:
    assert reject(code=b"") == ("index_key_empty", "code")
    assert reject(name="") == ("index_key_empty", "name")


@pytest.mark.parametrize(("type_", "kind", "empty"), [("S", Kind.TEXT, ""), ("B", Kind.BINARY, b"")])
def test_a_table_key_must_not_be_empty(type_: str, kind: str, empty: Cell) -> None:
    plan = ItemPlan(
        (Column("k", kind),), (0,), ("k",), (Attribute("k", type_, FromColumn(0)),), (Key("k", type_, "pk"),)
    )
    with pytest.raises(RejectedRow, match="key_empty"):
        ItemConverter(plan).convert([empty])


@pytest.mark.parametrize("index", [None, "ByK"])
@pytest.mark.parametrize(("role", "limit"), [("pk", 2048), ("sk", 1024)])
@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600"])
def test_keys_are_measured_in_bytes(index: str | None, role: str, limit: int, letter: str) -> None:
    plan = ItemPlan(
        (Column("k", Kind.TEXT),), (0,), ("k",), (Attribute("k", "S", FromColumn(0)),), (Key("k", "S", role, index),)
    )  # fmt: skip
    fits = letter * (limit // len(letter.encode()))
    assert ItemConverter(plan).convert([fits]) == {"k": {"S": fits}}
    with pytest.raises(RejectedRow) as rejected:
        ItemConverter(plan).convert([fits + "a"])
    assert rejected.value.reason == ("key_too_long" if index is None else "index_key_too_long")
    assert f"{limit:,} bytes" in rejected.value.message


def test_binary_keys_are_measured_too() -> None:
    plan = ItemPlan(
        (Column("k", Kind.BINARY),), (0,), ("k",), (Attribute("k", "B", FromColumn(0)),), (Key("k", "B", "pk"),)
    )
    assert ItemConverter(plan).convert([b"x" * 2048])
    with pytest.raises(RejectedRow, match="key_too_long"):
        ItemConverter(plan).convert([b"x" * 2049])


def test_an_item_may_have_409600_bytes() -> None:
    plan = ItemPlan(
        (Column("k", Kind.TEXT), Column("v", Kind.TEXT)),
        (0,),
        ("k",),
        (Attribute("k", "S", FromColumn(0)), Attribute("v", "S", FromColumn(1))),
        (Key("k", "S", "pk"),),
    )
    converter = ItemConverter(plan)
    rest = 409_600 - len("k") - len("x") - len("v")
    assert converter.convert_sized(["x", "v" * rest])[1] == 409_600
    with pytest.raises(RejectedRow) as rejected:
        converter.convert(["x", "v" * (rest + 1)])
    assert (rejected.value.reason, rejected.value.attribute) == ("item_too_large", "")


def test_a_reject_names_the_attribute_whose_cell_is_to_blame() -> None:
    assert reject(total="abc") == ("not_a_number", "total")
    assert reject(id="1e999") == ("number_out_of_range", "pk")


def test_a_cell_that_contradicts_the_plan_names_its_attribute() -> None:
    with pytest.raises(TypeError, match="attribute name"):
        ItemConverter(PLAN).convert(row(name=b"bytes"))
    with pytest.raises(TypeError, match="attribute total"):
        ItemConverter(PLAN).convert(row(total=b"1"))


def test_the_type_null_is_the_one_way_to_write_a_null() -> None:
    plan = ItemPlan(
        (Column("k", Kind.TEXT), Column("gone", Kind.TEXT)),
        (0,),
        ("k",),
        (Attribute("k", "S", FromColumn(0)), Attribute("gone", "NULL", FromColumn(1))),
        (Key("k", "S", "pk"),),
    )
    assert ItemConverter(plan).convert(["a", None]) == {"k": {"S": "a"}, "gone": {"NULL": True}}
    with pytest.raises(RejectedRow, match=r"gone.*not_null"):
        ItemConverter(plan).convert(["a", ""])


def test_the_source_row_is_named_by_its_key() -> None:
    assert ItemConverter(PLAN).row_key(row(code=b"\x00\xff")) == {"order_id": "7", "code": "0x00ff"}
    assert ItemConverter(PLAN).row_key(row(code=None)) == {"order_id": "7", "code": None}


def test_a_preview_shows_the_beginning_of_the_offending_cells() -> None:
    converter = ItemConverter(PLAN)
    assert converter.preview(row(total="abc"), ["total"]) == {"total": "abc"}
    assert converter.preview(row(name="x" * 500), ["name"]) == {"name": "x" * 200}
    assert converter.preview(row(name=None), ["id#name"]) == {"id": "7", "name": None}
    assert converter.preview(row(code=b"\xab" * 500), ["code"]) == {"code": "0x" + "ab" * 99}
    assert converter.preview(row(), [""]) == {}
    assert list(converter.preview(row())) == [column.name for column in PLAN.columns]


@pytest.mark.parametrize("key", [Key("total", "S", "pk"), Key("missing", "S", "pk"), Key("day#id", "N", "sk", "x")])
def test_a_plan_whose_key_no_attribute_gives_is_refused(key: Key) -> None:
    with pytest.raises(ValueError, match=key.name):
        ItemConverter(replace(PLAN, keys=(key,)))
