"""Which functions and operators an expression may use, how each prints, and what a refusal says instead."""

from __future__ import annotations

import pytest

from core.compile.contract_sql import to_sql
from core.compile.expressions import Relation, exact, expression, join_condition, ordering, value_kind
from core.compile.problem import ExpressionProblem
from core.items.plan import Kind
from tests.unit.schemas import column, table

ORDERS = table(
    "orders",
    *(column("id"), column("t", "varchar(9)"), column("p", "decimal(9,2)"), column("d", "double")),
    *(column("y", "date"), column("m", "datetime"), column("raw", "varbinary(9)"), column("doc", "json")),
    *(column("word", "enum('a')"), column("words", "set('a')")),
    *(column("c", "time"), column("u", "bigint unsigned"), column("few", "int(6) unsigned"), column("yr", "year")),
)
OF = Relation("orders", "s", ORDERS)


def compiled(text: str) -> str:
    return to_sql(expression(text, {"orders": OF}, default=OF))


def kind(text: str) -> str | None:
    tree = expression(text, {"orders": OF}, default=OF)
    return value_kind(tree, {"orders": OF})


def refusal(text: str) -> str:
    with pytest.raises(ExpressionProblem) as caught:
        kind(text)
    return f"{caught.value.message}. {caught.value.remedy}"


GUARDED = "IF(JSON_VALID(`s`.`t`), `s`.`t`, NULL)"
PRINTED = {
    "doc->'$.a'": "JSON_EXTRACT(`s`.`doc`, '$.a')",
    "doc->>'$.a.b'": "JSON_UNQUOTE(JSON_EXTRACT(`s`.`doc`, '$.a.b'))",
    "t REGEXP '^a'": "`s`.`t` REGEXP '^a'",
    "t NOT RLIKE '^a'": "NOT `s`.`t` REGEXP '^a'",
    "t LIKE 'a!%' ESCAPE '!'": "`s`.`t` LIKE 'a!%' ESCAPE '!'",
    "t || id": "`s`.`t` OR `s`.`id`",
    "t COLLATE utf8mb4_bin = 'a'": "`s`.`t` COLLATE utf8mb4_bin = 'a'",
    "id ^ 1 | 2": "`s`.`id` ^ 1 | 2",
    "id / 3 * 3": "ROUND(`s`.`id` / 3, 4) * 3",
    "p / id / 7": "ROUND(ROUND(`s`.`p` / `s`.`id`, 6) / 7, 10)",
    "(p * 1.5) / u": "ROUND((`s`.`p` * 1.5) / `s`.`u`, 7)",
    "d / 3 + id / d": "`s`.`d` / 3 + `s`.`id` / `s`.`d`",
    "UNIX_TIMESTAMP(m) / 60": "UNIX_TIMESTAMP(`s`.`m`) / 60",
    "IFNULL(id, 0)": "IFNULL(`s`.`id`, 0)",
    "LOCATE('a', t)": "LOCATE('a', `s`.`t`)",
    "DATE_FORMAT(y, '%H:%i:%s')": "DATE_FORMAT(`s`.`y`, '%H:%i:%s')",
    "TIMESTAMPDIFF(day, y, m)": "TIMESTAMPDIFF(DAY, `s`.`y`, `s`.`m`)",
    "y + INTERVAL 1 DAY": "`s`.`y` + INTERVAL 1 DAY",
    "few - 1 < 0": "CAST(`s`.`few` AS SIGNED) - 1 < 0",
    "id - (u + 1)": "`s`.`id` - (CAST(`s`.`u` AS DECIMAL(20, 0)) + 1)",
    "-yr": "-CAST(`s`.`yr` AS SIGNED)",
    "few + 1 > u": "`s`.`few` + 1 > `s`.`u`",
    "y - INTERVAL few DAY": "`s`.`y` - INTERVAL `s`.`few` DAY",
    "GREATEST(u, 1) - 1": "CAST(GREATEST(`s`.`u`, 1) AS DECIMAL(20, 0)) - 1",
    "GREATEST(id, 1) - 1": "GREATEST(`s`.`id`, 1) - 1",
    "id + few": "`s`.`id` + CAST(`s`.`few` AS SIGNED)",
    "u DIV 2 + few % 3": "`s`.`u` DIV 2 + `s`.`few` % 3",
    "u DIV -1": "TRUNCATE(CAST(`s`.`u` AS DECIMAL(45, 25)) / -1, 0)",
    "p - u": "`s`.`p` - `s`.`u`",
    "d * -u": "`s`.`d` * -CAST(`s`.`u` AS DECIMAL(20, 0))",
    "HEX(u - 8)": "HEX(CAST(((CAST(`s`.`u` AS DECIMAL(20, 0)) - 8) % 18446744073709551616 + 18446744073709551616)"
    " % 18446744073709551616 AS UNSIGNED))",
    "few - 8 & 3": "CAST(`s`.`few` AS SIGNED) - 8 & 3",
    "1e9 * 9 + 9e99 - u": "1e9 * 9 + 9e99 - `s`.`u`",
    "doc->'$**.a'": "JSON_EXTRACT(`s`.`doc`, '$**.a')",
    """JSON_LENGTH(doc, '$."a b"[0].é[*].*')""": """JSON_LENGTH(`s`.`doc`, '$."a b"[0].é[*].*')""",
    "JSON_CONTAINS_PATH(doc, 'one', '$[last]')": "JSON_CONTAINS_PATH(`s`.`doc`, 'one', '$[last]')",
    "t REGEXP 'a' COLLATE utf8mb4_bin": "`s`.`t` REGEXP 'a' COLLATE utf8mb4_bin",
    "t->'$.a'": f"JSON_EXTRACT({GUARDED}, '$.a')",
    "JSON_CONTAINS('[1]', t)": f"JSON_CONTAINS('[1]', {GUARDED})",
    "JSON_TYPE(JSON_EXTRACT(t, '$'))": f"JSON_TYPE(JSON_EXTRACT({GUARDED}, '$'))",
    "JSON_VALID(t)": "JSON_VALID(`s`.`t`)",
    "JSON_QUOTE(t)": "JSON_QUOTE(`s`.`t`)",
    "JSON_QUOTE(word)": "JSON_QUOTE(`s`.`word`)",
    "JSON_QUOTE(NULL)": "JSON_QUOTE(NULL)",
    "JSON_LENGTH(NULL)": "JSON_LENGTH(NULL)",
}


@pytest.mark.parametrize(("text", "sql"), PRINTED.items(), ids=list(PRINTED))
def test_what_is_allowed_prints_for_both_engines(text: str, sql: str) -> None:
    assert compiled(text) == sql


KINDS = {
    "CONCAT(raw, 'a')": Kind.BINARY,
    "LEFT(t, 2)": Kind.TEXT,
    "CONCAT_WS(raw, t, id)": Kind.BINARY,
    "ELT(1, raw)": Kind.BINARY,
    "ELT(id, t, raw)": Kind.BINARY,
    "ELT(id, t, 'a')": Kind.TEXT,
    "LPAD(raw, 9, t)": Kind.BINARY,
    "REPLACE(raw, t, 'a')": Kind.BINARY,
    "TRIM(LEADING t FROM raw)": Kind.BINARY,
    "QUOTE(t)": Kind.TEXT,
    "ADDTIME(c, '1:00')": Kind.TIME,
    "SUBTIME(raw, '1:00')": Kind.TEXT,
    "UPPER(NULL)": Kind.TEXT,
    "MOD(id, p)": Kind.DECIMAL,
    "ROUND(d, 2)": Kind.DOUBLE,
    "id & 3": Kind.INTEGER,
    "STR_TO_DATE(t, '%d.%m.%Y')": Kind.DATE,
    "STR_TO_DATE(t, '%H:%i')": Kind.TIME,
    "STR_TO_DATE(t, '%d %H')": Kind.DATETIME,
    "STR_TO_DATE(t, t)": Kind.DATETIME,
    "FROM_UNIXTIME(id)": Kind.DATETIME,
    "FROM_UNIXTIME(id, '%Y')": Kind.TEXT,
    "DATE_ADD(y, INTERVAL 1 DAY)": Kind.DATE,
    "DATE_ADD(y, INTERVAL 1 HOUR)": Kind.DATETIME,
    "ADDDATE(y, 1)": Kind.DATE,
    "TIMESTAMPADD(MONTH, 1, y)": Kind.DATE,
    "NOW()": Kind.DATETIME,
    "CURDATE()": Kind.DATE,
    "CURRENT_TIME": Kind.TIME,
    "c + INTERVAL '1:30' HOUR_MINUTE": Kind.TIME,
    "few - id": Kind.INTEGER,
    "u - id": Kind.DECIMAL,
    "doc->>'$.a'": Kind.TEXT,
    "doc->'$.a'": Kind.JSON,
    "t REGEXP 'a'": Kind.INTEGER,
}


@pytest.mark.parametrize(("text", "expected"), KINDS.items(), ids=list(KINDS))
def test_each_gives_its_kind(text: str, expected: str) -> None:
    assert kind(text) == expected


def test_a_number_that_stands_for_a_text_is_made_one_once() -> None:
    tree = expression("LPAD(p, 2 + 3, CONCAT(LENGTH(CONCAT(id)), 'x'))", {"orders": OF}, default=OF)
    text = "CHAR(255) CHARACTER SET utf8mb4"
    inner = f"CONCAT(CAST(LENGTH(CONCAT(CAST(`s`.`id` AS {text}))) AS {text}), 'x')"
    assert to_sql(exact(tree, {"orders": OF})) == f"LPAD(CAST(`s`.`p` AS {text}), 2 + 3, {inner})"


REFUSED = {
    "CAST(t AS JSON) = '1'": "'CAST(t AS JSON)' casts to JSON, which MariaDB cannot. Use JSON_EXTRACT(text, '$').",
    "CAST(t AS FLOAT) = 1": "'CAST(t AS FLOAT)' casts to a type that is not allowed here. Use CHAR, SIGNED,",
    "SYSDATE() > m": "the function 'SYSDATE' is not allowed here. Use NOW()",
    "SUBSTRNG(t, 1)": "the function 'SUBSTRNG' is not allowed here. Did you mean 'SUBSTRING'?",
    "JSON_VALUE(doc, '$.a')": "the function 'JSON_VALUE' is not allowed here. Use JSON_UNQUOTE(JSON_EXTRACT(",
    "PERIOD_ADD(id, 1)": "the function 'PERIOD_ADD' is not allowed here. Use DATE_FORMAT(TIMESTAMPADD(MONTH, ",
    "PERIOD_DIFF(id, 202401)": "the function 'PERIOD_DIFF' is not allowed here. Use TIMESTAMPDIFF(MONTH, ",
    "COUNT(*)": "the function 'COUNT' is not allowed here. Use an aggregate calculation.",
    "`upper`(t)": "'upper' in quotes is no function",
    "UPPER(t, t)": "the function 'UPPER' has 2 arguments; it takes 1.",
    "SUBSTRING(t)": "the function 'SUBSTRING' has 1 arguments; it takes 2 to 3.",
    "CONCAT_WS(',')": "the function 'CONCAT_WS' has 1 arguments; it takes at least 2.",
    "NOW(7)": "'NOW(7)' must name its digits, 0 to 6",
    "NOW(id)": "'NOW(id)' must name its digits, 0 to 6",
    "TIMESTAMPDIFF(DAYS, y, m)": "'DAYS' is not allowed here; a unit of time is. Did you mean 'DAY'?",
    "UPPER(INTERVAL 1 DAY)": "'INTERVAL 1 DAY' is not allowed here. Add it to a date",
    "t COLLATE utf8mb4_0900_ai_ci": "'t COLLATE utf8mb4_0900_ai_ci' names a collation that MySQL and MariaDB do not sh",
    "CONVERT(t USING binary)": "'CAST(t AS CHAR CHARACTER SET binary)' names a character set that is not allowed here",
    "id / 3 + t": "'id / 3 + t' computes with a text value",
    "t + 1": "'t + 1' computes with a text value",
    "orders.t + `p`": "'orders.t + `p`' computes with a text value",
    "QUOTE(raw)": "'QUOTE(raw)' is text on MySQL and bytes on MariaDB, because bytes are among its arguments. Turn",
    "CONCAT(QUOTE(NULL))": "'QUOTE(NULL)' quotes NULL, which is bytes on MariaDB. Write the text 'NULL'.",
    "SUBSTRING_INDEX(t, raw, 1)": "'SUBSTRING_INDEX(t, raw, 1)' is text on MySQL and bytes on MariaDB",
    "LPAD(t, 9, raw)": "'LPAD(t, 9, raw)' is text on MySQL and bytes on MariaDB",
    "RPAD(p, 9, raw)": "'RPAD(p, 9, raw)' is text on MySQL and bytes on MariaDB",
    "REPLACE(t, 'a', raw)": "\"REPLACE(t, 'a', raw)\" is text on MySQL and bytes on MariaDB",
    "TRIM(LEADING raw FROM t)": "'TRIM(LEADING raw FROM t)' is text on MySQL and bytes on MariaDB",
    "IF(id, t, p)": "'IF(id, t, p)' mixes decimal and text values",
    "raw & 1": "'raw & 1' computes with a binary value",
    "doc->'a'": "'a' is no path into a JSON document. Write '$.name', '$[0]' or '$.\"odd name\"'.",
    "doc->>'$.a-b' = 1": "'$.a-b' is no path into a JSON document.",
    "JSON_EXTRACT(doc, '$.a', '$..b')": "'$..b' is no path into a JSON document.",
    "doc->'$ .a'": "'$ .a' is no path into a JSON document.",
    "JSON_KEYS(doc, '')": "'' is no path into a JSON document.",
    "JSON_CONTAINS(doc, '1', '$**')": "'$**' is no path into a JSON document.",
    "JSON_CONTAINS_PATH(doc, 'some', '$.a')": "\"'some'\" must be 'one' or 'all'",
    "c + INTERVAL 1 DAY": "'c + INTERVAL 1 DAY' moves a time by days",
    "DATE_SUB(c, INTERVAL '1 2' DAY_HOUR)": "\"DATE_SUB(c, INTERVAL '1 2' DAY_HOUR)\" moves a time by days",
    "TIMESTAMPADD(MONTH, 1, c)": "'TIMESTAMPADD(MONTH, 1, c)' moves a time by days",
    "y > 'abc'": "'abc' stands for a date and is none. Write 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'.",
    "u - 1 + t": "'u - 1 + t' computes with a text value",
    "y = ''": "'' stands for a date and is none.",
    "m < '2024-13-45'": "'2024-13-45' stands for a datetime and is none.",
    "m <=> '2023-02-29 10:00:00'": "'2023-02-29 10:00:00' stands for a datetime and is none.",
    "m <> '2024-02-29 24:00:00'": "'2024-02-29 24:00:00' stands for a datetime and is none.",
    "'10:00:00' <= m": "'10:00:00' stands for a datetime and is none.",
    "c > 'x'": "'x' stands for a time and is none. Write 'HH:MM:SS', from '-838:59:59' to '838:59:59'.",
    "c >= '839:00:00'": "'839:00:00' stands for a time and is none.",
    "c < '838:59:59.000001'": "'838:59:59.000001' stands for a time and is none.",
    "c >= '2024-02-29 10:00:00'": "'2024-02-29 10:00:00' stands for a time and is none.",
    "y BETWEEN '2024-01-01' AND '2024-04-31'": "'2024-04-31' stands for a date and is none.",
    "'abc' BETWEEN y AND m": "'abc' stands for a date and is none.",
    "y NOT IN ('2024-01-01', ('a' 'b'))": "'ab' stands for a date and is none.",
    "DATE(t) = 'abc' COLLATE utf8mb4_bin": "'abc' stands for a date and is none.",
    "CASE y WHEN 'abc' THEN 1 END": "'abc' stands for a date and is none.",
    "NULLIF(y, 'abc')": "'abc' stands for a date and is none.",
    "DATE '2024-02-30'": "'2024-02-30' stands for a date and is none.",
    "TIME '10:60:00'": "'10:60:00' stands for a time and is none.",
    "TIMESTAMP '2024-01-01 10:00:00.1234567'": "'2024-01-01 10:00:00.1234567' stands for a datetime and is none.",
    "UNIX_TIMESTAMP('abc')": "'abc' stands for a datetime and is none.",
    "EXTRACT(HOUR FROM c)": "'EXTRACT(HOUR FROM c)' is another number on MySQL than on MariaDB",
    "EXTRACT(YEAR FROM c)": "'EXTRACT(YEAR FROM c)' is another number on MySQL than on MariaDB",
    "CONVERT_TZ(m, t, '+01:00')": "\"CONVERT_TZ(m, t, '+01:00')\" takes its zones from the data",
    "CONVERT_TZ(m, '+01:00', CONCAT('U', 'TC'))": "\"CONVERT_TZ(m, '+01:00', CONCAT('U', 'TC'))\" takes its zones from",
    "doc->t": "'t' takes a JSON path from the data, where MySQL refuses a wrong one. Write '$.name',",
    "JSON_CONTAINS_PATH(doc, t, '$.a')": "'t' must be 'one' or 'all'",
    "JSON_CONTAINS(doc, 'abc')": "'abc' is no JSON. Write a text of JSON:",
    "JSON_LENGTH('NaN')": "'NaN' is no JSON.",
    "JSON_LENGTH(raw)": "'raw' is bytes, which MySQL does not read as JSON. Use CONVERT(",
    "JSON_EXTRACT(id, '$')": "'id' is of kind integer, which MySQL does not read as JSON. Use CAST(id AS CHAR).",
    "JSON_TYPE((y))": "'(y)' is of kind date, which MySQL does not read as JSON. Use CAST((y) AS CHAR).",
    "JSON_DEPTH(p)": "'p' is of kind decimal, which MySQL does not read as JSON.",
    "JSON_LENGTH(u - 8, '$')": "'u - 8' is of kind integer, which MySQL does not read as JSON.",
    "JSON_KEYS(c)": "'c' is of kind time, which MySQL does not read as JSON.",
    "JSON_CONTAINS(doc, few)": "'few' is of kind integer, which MySQL does not read as JSON.",
    "JSON_CONTAINS_PATH(m, 'one', '$')": "'m' is of kind datetime, which MySQL does not read as JSON.",
    "JSON_LENGTH(orders.words)": "'orders.words' is of kind set, which MySQL does not read as JSON. Use CAST(orders.w",
    "CONCAT(doc->'$.a', word->'$')": "'word' is of kind enum, which MySQL does not read as JSON. Use CAST(word",
    "JSON_QUOTE(id)": "'id' is of kind integer, which MySQL does not quote. Use CAST(id AS CHAR).",
    "JSON_QUOTE(doc)": "'doc' is of kind json, which MySQL does not quote. Use CAST(doc AS CHAR).",
    "JSON_QUOTE(raw)": "'raw' is bytes, which MySQL does not quote. Use CONVERT(",
    "JSON_UNQUOTE(d)": "'d' is of kind double, which MySQL does not unquote. Use CAST(d AS CHAR).",
    "JSON_UNQUOTE(raw)": "'raw' is bytes, which MySQL does not unquote.",
    "JSON_UNQUOTE(orders.t)": "'JSON_UNQUOTE(orders.t)' unquotes a text that may be no JSON",
    "JSON_LENGTH(t) + t": "'JSON_LENGTH(t) + t' computes with a text value",
    "t REGEXP t": "'t REGEXP t' takes its pattern from the data, where MySQL refuses a wrong one. Write the",
    "t REGEXP ('[')": "\"t REGEXP ('[')\" takes its pattern from the data",
    "JSON_TYPE(" * 12 + "t" + ")" * 12: "'JSON_TYPE(JSON_TYPE(",
    "id ;": "'id ;' has a ';' at character 4. Remove it.",
    "id; id": "'id; id' has a ';' at character 3. Remove it.",
    "id,": "'id,' has a ',' at character 3. Remove it.",
    "id::text": "'id::text' is no expression that tableferry understands",
    "id + * 2": "'id + * 2' is no expression that tableferry understands",
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.items(), ids=list(REFUSED))
def test_a_refusal_says_what_in_the_contracts_words_and_what_instead(text: str, problem: str) -> None:
    assert refusal(text).startswith(problem)


@pytest.mark.parametrize("text", [" / ".join(["id"] * 40), "(" * 20 + "u" + " / 3 - 8)" * 20])
def test_what_grows_too_deep_for_the_guard_of_queries_is_refused_with_what_to_do(text: str) -> None:
    assert refusal(text).endswith("Divide by a product, or compute with fewer brackets.")
    compiled(" / ".join(["id"] * 30))
    compiled("(" * 16 + "u" + " / 3 - 8)" * 16)


@pytest.mark.parametrize(
    "text",
    [
        *("y = '2024-02-29'", "y < '2024-02-29 10:00:00'", "y = '0000-00-00'", "m = '0000-00-00 00:00:00'"),
        *("m >= '2024-02-29 23:59:59.123456'", "m IN ('2024-02-29', '2000-02-00')", "c = '-838:59:59'", "c < '09:30'"),
        *("c < '838:59:59.000'", "c < '838:59:58.9'"),
        *("t = 'abc'", "id > 'abc'", "'a' < 'b'", "y = 20240101", "y LIKE '2024%'", "CASE WHEN y = m THEN 'a' END"),
        *("TIME '10:00:00.5'", "CAST('2024-02-29 10:00:00' AS TIME)", "EXTRACT(MINUTE_SECOND FROM c)"),
    ],
)
def test_a_moment_is_compared_with_any_that_is_one(text: str) -> None:
    assert kind(text)


@pytest.mark.parametrize("text", ["y = id AND y > 'abc'", "orders.y > 'abc'"])
def test_a_join_condition_compares_moments_too(text: str) -> None:
    for target in (OF, Relation("others", "j1", ORDERS)):
        qualified = text if "." in text else text.replace("y", f"{target.name}.y")
        with pytest.raises(ExpressionProblem, match="stands for a date and is none"):
            join_condition(qualified.replace("id", "orders.id"), source=OF, target=target)


@pytest.mark.parametrize(("text", "mark"), [("t,", "','"), ("t DESC;", "';'"), ("t, id ;", "';'")])
def test_sort_keys_end_without_a_mark(text: str, mark: str) -> None:
    with pytest.raises(ExpressionProblem, match=f"has a {mark} at character {len(text)}"):
        ordering(text, OF)


@pytest.mark.parametrize("text", ["doc", "t, doc DESC", "JSON_EXTRACT(doc, '$.n')", "(doc->'$.n')"])
def test_documents_sort_nothing(text: str) -> None:
    with pytest.raises(ExpressionProblem, match="sorts by JSON") as caught:
        ordering(text, OF)
    assert caught.value.remedy.startswith("Sort by JSON_UNQUOTE(")
    ordering("doc->>'$.n', CAST(doc->>'$.n' AS DECIMAL(9,2)) DESC", OF)
