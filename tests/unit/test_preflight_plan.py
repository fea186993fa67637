"""What the schema is taken to prove: never more than every value of the type holds to; and what is asked instead."""

from __future__ import annotations

from typing import Any

import pytest

from core.items.item import ItemConverter
from core.items.plan import Attribute, Column, ItemPlan, Key, Kind
from core.items.rejects import RejectedRow
from core.items.sources import (
    Chosen,
    DateFormatted,
    FromColumn,
    JoinedText,
    NumberFormatted,
    Source,
    Template,
    WithDefault,
)
from core.preflight import ColumnFacts, EntityRows, Tier, plan_preflight
from core.preflight.doubts import doubts_of
from core.preflight.extents import Extent, extent_of
from tests.e2e.cell_numbers import numbers
from tests.e2e.cell_texts import texts

TYPES = ("S", "N", "B", "BOOL", "M", "L", "SS", "NS")
CELLS = [s for engine in ("mysql", "mariadb") for s in (*numbers(engine), *texts(engine)) if s.kind != "geometry"]


def facts(source: Any) -> ColumnFacts:
    return ColumnFacts("c", source.kind, False, source.definition.lower(), "utf8mb4_general_ci")


@pytest.mark.parametrize("source", CELLS, ids=lambda s: s.name)
def test_no_value_of_a_column_without_doubts_is_ever_rejected(source: Any) -> None:
    """The extremes of every type, as both engines show them."""
    for type_ in TYPES:
        item = ItemPlan((Column("c", source.kind),), (), (), (Attribute("a", type_, FromColumn(0)),), ())
        try:
            converter = ItemConverter(item)
        except ValueError:
            continue  # a combination that no contract can have
        rejected = [cell for _, cell in source.values if is_rejected(converter, cell)]
        if rejected:
            assert doubts_of(item.attributes[0], [facts(source)]), f"{source.definition} as {type_}: {rejected[0]!r}"


def is_rejected(converter: ItemConverter, cell: Any) -> bool:
    try:
        converter.convert((cell,))
    except RejectedRow:
        return True
    return False


@pytest.mark.parametrize("source", CELLS, ids=lambda s: s.name)
def test_no_value_is_longer_than_its_column_is_taken_to_allow_nor_empty_where_it_cannot_be(source: Any) -> None:
    column = facts(source)
    for _, cell in source.values:
        size = len(cell) if isinstance(cell, bytes) else len(cell.encode())
        if source.kind != Kind.BIT:
            assert column.most_bytes is None or size <= column.most_bytes
        assert size > 0 or column.may_be_empty


TEXT = ColumnFacts("t", Kind.TEXT, True, "varchar(10)", "utf8mb4_general_ci")
NUMBER = ColumnFacts("n", Kind.INTEGER, False, "int")
DAY = ColumnFacts("d", Kind.DATE, True, "date")
COLUMNS = (TEXT, NUMBER, DAY)


@pytest.mark.parametrize(
    ("source", "extent"),
    [
        (FromColumn(0), Extent(True, True, 40)),
        (FromColumn(1), Extent(False, False, 255)),
        (Template(("USER#", FromColumn(1))), Extent(False, False, 260)),
        (Template((FromColumn(0), FromColumn(0))), Extent(True, True, 80)),
        (Template(()), Extent(False, True, 0)),
        (JoinedText((FromColumn(0), FromColumn(1)), "#", skip_null=False), Extent(True, False, 296)),
        (JoinedText((FromColumn(0), FromColumn(0)), "#", skip_null=True), Extent(True, True, 81)),
        (JoinedText((FromColumn(0), FromColumn(1)), "#", skip_null=True), Extent(False, True, 296)),
        (WithDefault(FromColumn(0), "é"), Extent(False, True, 40)),
        (Chosen(1, FromColumn(1), None), Extent(True, False, 255)),
        (Chosen(1, FromColumn(1), ""), Extent(False, True, 255)),
        (DateFormatted(FromColumn(2), "DD.MM.YYYY"), Extent(True, False, 20)),
    ],
)
def test_extents(source: Source, extent: Extent) -> None:
    assert extent_of(source, COLUMNS) == extent


@pytest.mark.parametrize(
    ("type_", "source", "why", "in_sql"),
    [
        ("S", DateFormatted(FromColumn(2), "DD.MM"), "a date may not exist", True),
        ("S", DateFormatted(FromColumn(0), "DD", "DD"), "a text may be no date", False),
        ("S", NumberFormatted(FromColumn(0), 2, False, 1), "a text may be no number", False),
        ("N", Template(("1", FromColumn(1))), "N made of a text is known only when it is converted", False),
        ("M", FromColumn(0), "M of text is known only when it is converted", False),
        ("NULL", FromColumn(0), "NULL of text is known only when it is converted", False),
    ],
)
def test_doubts(type_: str, source: Source, why: str, in_sql: bool) -> None:
    (doubt,) = doubts_of(Attribute("a", type_, source), COLUMNS)
    assert (doubt.why, doubt.suspects is not None) == (f"attribute a: {why}", in_sql)


def plan(*attributes: Attribute, key: Key, distinct: bool = True, columns: tuple[ColumnFacts, ...] = COLUMNS) -> Any:
    item = ItemPlan(tuple(Column(c.name, c.kind) for c in columns), (1,), ("n",), attributes, (key,))
    return plan_preflight([EntityRows(item, columns)], distinct_keys=distinct)


def test_the_cheapest_tier_that_is_exact() -> None:
    number = Attribute("k", "N", FromColumn(1))
    assert plan(number, key=Key("k", "N", "pk")).tier is Tier.SCHEMA
    assert plan(number, key=Key("k", "N", "pk"), distinct=False).tier is Tier.SQL
    text = Attribute("k", "S", FromColumn(0))
    asked = plan(text, key=Key("k", "S", "pk"))
    assert (asked.tier, asked.because) == (Tier.SQL, ("k: key_null", "k: key_empty"))
    made = Attribute("k", "S", DateFormatted(FromColumn(2), "YYYY"))
    assert plan(made, key=Key("k", "S", "pk")).tier is Tier.RUN
    assert plan(number, Attribute("x", "M", FromColumn(0)), key=Key("k", "N", "pk")).tier is Tier.RUN


def test_a_type_that_is_not_known_proves_nothing() -> None:
    unknown = (ColumnFacts("t", Kind.TEXT, True), ColumnFacts("n", Kind.DECIMAL, False))
    looked = plan(
        Attribute("k", "N", FromColumn(1)), Attribute("t", "S", FromColumn(0)), key=Key("k", "N", "pk"), columns=unknown
    )
    assert looked.tier is Tier.RUN
    assert "attribute k: a DECIMAL may have over 38 digits" in looked.because


def test_an_item_of_many_long_columns_is_measured() -> None:
    long = tuple(ColumnFacts(f"t{n}", Kind.TEXT, True, "text", "utf8mb4_bin") for n in range(8))
    texts = [Attribute(c.name, "S", FromColumn(n + 2)) for n, c in enumerate(long)]
    columns = (TEXT, NUMBER, *long)
    number = Attribute("k", "N", FromColumn(1))
    assert plan(number, *texts[:6], key=Key("k", "N", "pk"), columns=columns).tier is Tier.SCHEMA
    assert plan(number, *texts, key=Key("k", "N", "pk"), columns=columns).because == ("an item may pass 400 KB",)
