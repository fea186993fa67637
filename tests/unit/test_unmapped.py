"""Which columns of a view are asked for bytes that are no characters."""

from __future__ import annotations

import pytest

from core.compile.unmapped import text_checks
from core.source_schema import SourceSchema
from tests.unit.schemas import column, schema, table

ENGINES = ("mysql", "mariadb")


def of(*columns: tuple[str, str, str], engine: str = "mysql") -> SourceSchema:
    made = [column(name, type_, collation=collation) for name, type_, collation in columns]
    other = table("other", column("id"), column("a", "varchar(9)", collation="latin1_bin"))
    found = schema(table("it's", *made), other)
    return SourceSchema(engine, found.version, found.database, found.tables)


def checked(sql: str, source: SourceSchema) -> list[str]:
    return [f"{c.column} {c.character_set}" for c in text_checks(sql, source)]


@pytest.mark.parametrize(
    ("type_", "collation", "expected"),
    [
        ("varchar(9)", "cp1251_general_ci", ["it's.a cp1251"]),
        ("text", "sjis_bin", ["it's.a sjis"]),
        ("varchar(9)", "utf8mb4_uca1400_ai_ci", []),
        ("varchar(9)", "latin1_swedish_ci", []),
        ("enum('a')", "cp1251_general_ci", []),
        ("varchar(9)", "ascii_bin", []),
    ],
)
def test_only_texts_of_sets_with_gaps_are_asked(type_: str, collation: str, expected: list[str]) -> None:
    assert checked("SELECT `s`.`a` AS `b` FROM `it's` AS `s`", of(("a", type_, collation))) == expected


def test_mariadb_takes_any_byte_for_ascii() -> None:
    source = of(("a", "varchar(9)", "ascii_bin"), engine="mariadb")
    assert checked("SELECT `s`.`a` AS `b` FROM `it's` AS `s`", source) == ["it's.a ascii"]


def test_columns_are_found_wherever_they_stand_and_asked_once() -> None:
    source = of(("a", "text", "greek_bin"), ("b", "text", "big5_bin"), ("c", "text", "sjis_bin"))
    sql = (
        "SELECT 's.c', (SELECT JSON_ARRAYAGG(HEX(`r2`.`b`) ORDER BY `r2`.`a` LIMIT 2) FROM `it's` AS `r2`) AS `c` "
        "FROM `other` AS `s` LEFT JOIN `it's` AS `j1` ON `j1`.`a` = `s`.`a`"
    )
    assert checked(sql, source) == ["it's.b big5", "it's.a greek"]


def test_an_alias_belongs_to_its_own_select_of_a_union() -> None:
    source = of(("a", "text", "greek_bin"))
    sql = "SELECT `s`.`a` AS `a` FROM `other` AS `s` UNION ALL SELECT `s`.`id` AS `a` FROM `it's` AS `s`"
    assert checked(sql, source) == []


def test_odd_names_are_quoted() -> None:
    source = schema(table("t`1", column("c`1", "text", collation="greek_bin")))
    (check,) = text_checks("SELECT `s`.`c``1` AS `x` FROM `t``1` AS `s`", source)
    assert "CONVERT(`c``1` USING utf8mb4)" in check.sql
    assert "FROM `t``1` WHERE" in check.sql
