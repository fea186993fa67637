"""What an expression may not hold, in every field that takes one."""

from __future__ import annotations

from itertools import cycle, islice

from tests.e2e.hostile.case import Hostile

_A = "Orders.attributes"
# Every field that takes an expression, and how a problem names its place.
FIELDS: list[tuple[str, str]] = [
    ("customer.join.join_condition", "attribute customer, join, join_condition"),
    ("customer.join.select_column", "attribute customer, join, select_column"),
    ("payer.join.join_condition", "attribute payer, join, join_condition"),
    ("payer.join.select_column", "attribute payer, join, select_column"),
    ("home.join.join_conditions.1", "attribute home, join, join_condition"),
    ("home.join.select_column", "attribute home, join, select_column"),
    ("rich.join.condition", "attribute rich, join, condition"),
    ("rich.join.join_condition", "attribute rich, join, join_condition"),
    ("path.join.joins.1.join_condition", "attribute path, join, joins[1], join_condition"),
    ("path.join.joins.1.select_column", "attribute path, join, joins[1], select_column"),
    ("skus.join.select_column", "attribute skus, join, select_column"),
    ("lines.join.construction.select_columns.sku", "attribute lines, join, construction, select_columns 'sku'"),
    ("lines.join.construction.order_by.0", "attribute lines, join, construction, order_by"),
    ("sum.calculation.select_column", "attribute sum, calculation, select_column"),
    ("sum.calculation.join_condition", "attribute sum, calculation, join_condition"),
    ("level.calculation.cases.0.when", "attribute level, calculation, cases[0], when"),
    ("level.calculation.cases.0.then", "attribute level, calculation, cases[0], then"),
    ("level.calculation.else", "attribute level, calculation, else"),
    ("joined.calculation.columns.0", "attribute joined, calculation, columns[0]"),
    ("due.calculation.expression", "attribute due, calculation, expression"),
]
# A text, and a part of what is said about it in any field.
ATTACKS: list[tuple[str, str]] = [
    ("1; DROP TABLE orders", "has a ';'"),
    ("DROP TABLE orders", "is no"),
    ("1; SELECT SLEEP(5); --", ""),
    ("id) FROM orders; DELETE FROM orders; SELECT (1", "has a ';'"),
    ("id FROM secrets", "is no"),
    ("id UNION SELECT word FROM secrets", "is no"),
    ("(SELECT word FROM secrets LIMIT 1)", "subquery"),
    ("orders.id IN (SELECT id FROM secrets)", "subquery"),
    ("EXISTS (SELECT 1 FROM secrets)", "is not allowed here"),
    ("id = ANY (SELECT 1)", ""),
    ("id -- everything behind", "comment"),
    ("id /* hidden */", "comment"),
    ("id /*! + SLEEP(5) */", "comment"),
    ("id /*!50000UNION SELECT 1*/", "comment"),
    ("id /*M! , SLEEP(5) */", "comment"),
    ("id # x", "comment"),
    ("SLEEP(5)", "is not allowed here"),
    ("`SLEEP`(5)", ""),
    ("IF(id = 1, SLEEP(5), 0)", "is not allowed here"),
    ("BENCHMARK(100000000, MD5('x'))", "is not allowed here"),
    ("LOAD_FILE('/etc/passwd')", "is not allowed here"),
    ("CONCAT(id, LOAD_FILE('/etc/passwd'))", "is not allowed here"),
    ("GET_LOCK('x', 100)", "is not allowed here"),
    ("RELEASE_ALL_LOCKS()", "is not allowed here"),
    ("USER()", "is not allowed here"),
    ("CURRENT_USER()", "is not allowed here"),
    ("DATABASE()", "is not allowed here"),
    ("VERSION()", "is not allowed here"),
    ("CONNECTION_ID()", "is not allowed here"),
    ("UUID()", "is not allowed here"),
    ("RAND()", "is not allowed here"),
    ("LAST_INSERT_ID(7)", "is not allowed here"),
    ("NEXTVAL(s)", "is not allowed here"),
    ("SYS_EXEC('id')", "is not allowed here"),
    ("UPDATEXML(1, CONCAT(0x7e, USER()), 1)", "is not allowed here"),
    ("my_procedure(id)", "is not allowed here"),
    ("mysql.my_function(id)", "is not allowed here"),
    ("CALL my_procedure()", "is no"),
    ("@@version", "variable"),
    ("@@GLOBAL.general_log", "variable"),
    ("@x", "variable"),
    ("@x := 1", "is no"),
    ("?", "variable or placeholder"),
    ("%s", "is no"),
    ("mysql.user.Host", "names another database"),
    ("id INTO OUTFILE '/tmp/x'", "is no"),
    ("id INTO @x", "is no"),
    ("id FOR UPDATE", "is no"),
    ("id PROCEDURE ANALYSE()", "is no"),
    ("ROW_NUMBER() OVER ()", "is not allowed here"),
    ("COUNT(*) OVER (PARTITION BY id)", "is not allowed here"),
    ("GROUP_CONCAT(id)", "is not allowed here"),
    ("MATCH(note) AGAINST('x')", ""),
    ("VALUES(id)", "is not allowed here"),
    ("*", ""),
    ("orders.*", ""),
    ("id, (SELECT 1)", ""),
    ("'", "is no"),
    ("'x' OR '1'='1' --", "comment"),
    ("\\'; DROP TABLE orders; --", ""),
    ("`id", "is no"),
    ('"it', "is no"),
    ("id\0", ""),
    ("\x1b[31m", "is no"),
    ("\u202eid", ""),
    ("TIMESTAMPDIFF(`DAY, NOW(), NOW()) + (SELECT 1) + TIMESTAMPDIFF(DAY`, NOW(), NOW())", "is not allowed here"),
    ("EXTRACT(`DAY FROM NOW()) + SLEEP(5) + EXTRACT(DAY` FROM NOW())", "is not allowed here"),
    ("CAST('1' AS CHAR(`10)) + SLEEP(5) + CAST(1 AS CHAR(1`))", "is not allowed here"),
    ("CONVERT('1' USING `utf8mb4) + SLEEP(5) + CONVERT(1 USING utf8mb4`)", "is not allowed here"),
    ("DATE_ADD(NOW(), INTERVAL 1 'x y')", ""),
    ("IF(1, 2)", ""),
    ("1e999", "is not allowed here"),
    ("+".join(["1"] * 2_000), "is nested too deeply"),
    ("(" * 2_000 + "1" + ")" * 2_000, "is nested too deeply"),
    ("NOT " * 1_000 + "1", "is nested too deeply"),
]


def _cases() -> list[Hostile]:
    """Each attack in one field and each field with several attacks, turned so that neighbours differ."""
    fields = islice(cycle(FIELDS), len(ATTACKS))
    return [
        Hostile.field(f"{_A}.{field}", text, place, says)
        for (text, says), (field, place) in zip(ATTACKS, fields, strict=True)
    ]


EXPRESSIONS = _cases()
