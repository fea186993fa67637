"""What may stand in a join's condition: columns, literals, operators; all else is refused, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from core.compile.allowed import function_name
from core.compile.contract_sql import parsed, to_sql
from core.compile.expressions import Relation, join_condition, selected
from core.compile.functions import FUNCTIONS
from core.compile.joins import equalities
from core.compile.problem import ExpressionProblem
from tests.unit.schemas import CUSTOMERS, ORDERS, column, table

SOURCE, TARGET = Relation("orders", "s", ORDERS), Relation("customers", "j1", CUSTOMERS)
ON = "orders.customer_id = customers.id"


def compiled(text: str) -> str:
    return to_sql(join_condition(text, source=SOURCE, target=TARGET))


def refusal(text: str) -> ExpressionProblem:
    with pytest.raises(ExpressionProblem) as caught:
        compiled(text)
    return caught.value


ALLOWED = {
    ON: "`s`.`customer_id` = `j1`.`id`",
    "customers.id=orders.customer_id": "`j1`.`id` = `s`.`customer_id`",
    "ORDERS.Customer_ID = Customers.ID": "`s`.`customer_id` = `j1`.`id`",
    "`orders`.`customer_id` = `customers`.`id`": "`s`.`customer_id` = `j1`.`id`",
    "customer_id = region": "`s`.`customer_id` = `j1`.`region`",
    f"({ON}) AND customers.region = 'EU'": "(`s`.`customer_id` = `j1`.`id`) AND `j1`.`region` = 'EU'",
    "orders.note <=> customers.name": "`s`.`note` <=> `j1`.`name`",
    "orders.note IS NOT NULL": "NOT `s`.`note` IS NULL",
    "customers.region IN ('a', 'b''c')": "`j1`.`region` IN ('a', 'b''c')",
    "customers.region NOT LIKE '50\\%'": "`j1`.`region` NOT LIKE '50\\\\%'",
    "total BETWEEN 1 AND 2.50": "`s`.`total` BETWEEN 1 AND 2.50",
    "total * 2 - -1 >= 0": "`s`.`total` * 2 - -1 >= 0",
    "customers.name = 'drop--table; /* no comment */ # nor this'": (
        "`j1`.`name` = 'drop--table; /* no comment */ # nor this'"
    ),
    "customers.name = 'it\\'s \\\\'": "`j1`.`name` = 'it''s \\\\'",
    'customers.name = "double"': "`j1`.`name` = 'double'",
    "note = CONCAT('a', 'b')": "`s`.`note` = CONCAT('a', 'b')",
    "REPLACE(note, '-', '') = name": "REPLACE(`s`.`note`, '-', '') = `j1`.`name`",
    "name = REPLACE(note, '-', '')": "`j1`.`name` = REPLACE(`s`.`note`, '-', '')",
    "BINARY note = 'a'": "CAST(`s`.`note` AS BINARY) = 'a'",
    "note = DATE '2020-01-01'": "`s`.`note` = CAST('2020-01-01' AS DATE)",
    "note + INTERVAL 1 DAY > '2020-01-01'": "`s`.`note` + INTERVAL 1 DAY > '2020-01-01'",
    "DATE_FORMAT(note, '%Y-%m-%d %H:%i:%s %e') = name": (
        "DATE_FORMAT(`s`.`note`, '%Y-%m-%d %H:%i:%s %e') = `j1`.`name`"
    ),
    "IF(total > 1, 1, 0) = 1": "IF(`s`.`total` > 1, 1, 0) = 1",
    "CASE WHEN total > 1 THEN 1 END = 1": "CASE WHEN `s`.`total` > 1 THEN 1 END = 1",
}


@pytest.mark.parametrize(("text", "sql"), ALLOWED.items(), ids=list(ALLOWED))
def test_an_expression_is_qualified_and_quoted(text: str, sql: str) -> None:
    assert compiled(text) == sql


REFUSED = {
    "a subquery": ["orders.id = (SELECT 1)", "orders.id IN (SELECT 1)", "EXISTS (SELECT 1)", "id = ALL (SELECT 1)"],
    "a comment": [f"{ON} -- x", f"{ON} # x", f"/* x */ {ON}", f"{ON} /*!50000 OR 1 */", f"{ON} /*+ x */"],
    "a variable": ["total = @v", "total = @@version", "total = ?", "total = :name"],
    "an effect": ["total = SLEEP(9)", "total = LOAD_FILE('/x')", "GET_LOCK('a', 1)", "total = BENCHMARK(1, 1)"],
    "the user": ["note = USER()", "note = CURRENT_USER", "note = VERSION()", "note = DATABASE()"],
    "a function that is not listed": ["note = sys.version_major()", "`sleep`(1)", "total = UUID()", "total = RAND()"],
    "the server's state": ["note = SYSDATE()", "total = LAST_INSERT_ID()", "total = CONNECTION_ID()"],
    "an aggregate": ["SUM(total) = 1", "GROUP_CONCAT(note) = 'a'", "ROW_NUMBER() OVER () = 1"],
    "a statement's name": ["INSERT(note, 1, 1, 'a') = 'a'", "note = VALUES(note)", "REPLACE INTO orders VALUES (1)"],
    "another database": ["mysql.user.id = 1", "def.mysql.user.id = 1", "information_schema.tables.id = orders.id"],
    "a statement": ["DROP TABLE orders", "SELECT 1", f"{ON}; DROP TABLE orders", "SET x = 1", "SHOW TABLES"],
    "a clause": [f"{ON} ORDER BY 1", f"{ON} LIMIT 1", f"{ON} UNION SELECT 1", f"{ON} INTO OUTFILE '/x'"],
    "a lock": [f"{ON} FOR UPDATE"],
    "a star": ["*", "orders.*", "orders.* = 1", "COUNT(*)"],
    "nothing, or two": ["", "  ", f"{ON}, {ON}", f"{ON} {ON}", "AND", f"{ON} AND"],
    "no MySQL": ["total IN ()", "total IN customers.id", "total IS customers.id", "total = NOT 1", "total = 1e999"],
    "another dialect": ["total BETWEEN SYMMETRIC 1 AND 2"],
    "a collation of one engine": ["note COLLATE utf8mb4_0900_ai_ci = 'a'", "note COLLATE `a b` = 'a'"],
    "a prefix": ["note = _latin1'a'", "note = X'41'", "note = 0x41", "note = N'a'"],
}


@pytest.mark.parametrize("text", [t for texts in REFUSED.values() for t in texts])
def test_what_is_no_plain_expression_is_refused(text: str) -> None:
    assert refusal(text).message


def test_each_refusal_says_what_it_is() -> None:
    assert "subquery" in refusal("orders.id IN (SELECT 1)").message
    assert "comment" in refusal(f"{ON} -- x").message
    assert "variable" in refusal("total = @v").message
    assert "another database" in refusal("shop.orders.id = 1").message
    assert "SLEEP" in refusal("total = sleep(1)").message


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("orders.custmer_id = customers.id", "orders has no column 'custmer_id'", "Did you mean 'customer_id'?"),
        ("orders.customer_id = customer.id", "'customer' is no table of this join", "Did you mean 'customers'?"),
        ("custmer_id = 1", "there is no column 'custmer_id'", "Did you mean 'customer_id'?"),
        ("id = 1", "'id' is a column of both tables", "Write table.column."),
        ("users.id = orders.id", "'users' is no table of this join", "Did you mean 'customers'?"),
        ("s.id = j1.id", "'s' is no table of this join", "Known here: customers, orders."),
        ("`orders.id` = 1", "there is no column 'orders.id'", "Did you mean"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(text: str, message: str, remedy: str) -> None:
    problem = refusal(text)
    assert problem.message == message
    assert remedy in problem.remedy


def test_tables_that_differ_in_case_only_are_never_guessed() -> None:
    upper, lower = Relation("T", "s", table("T", column("a"))), Relation("t", "j1", table("t", column("a")))
    assert join_condition("T.a = t.a", source=upper, target=lower).sql("mysql") == "`s`.`a` = `j1`.`a`"
    both = Relation("TA", "s", table("TA", column("a"))), Relation("ta", "j1", table("ta", column("a")))
    with pytest.raises(ExpressionProblem, match="'Ta' is no table of this join"):
        join_condition("Ta.a = ta.a", source=both[0], target=both[1])


@pytest.mark.parametrize("depth", [50, 400, 5_000])
def test_deep_nesting_is_refused_or_compiled(depth: int) -> None:
    text = "(" * depth + ON + ")" * depth
    try:
        sql = compiled(text)
    except ExpressionProblem:
        return
    assert sql.count("(") == depth


@pytest.mark.parametrize(("text", "name"), [("name", "name"), ("customers.NAME", "name"), ("`name`", "name")])
def test_a_selected_column_is_the_targets(text: str, name: str) -> None:
    tree, found = selected(text, {"customers": TARGET}, of=TARGET)
    assert (found and found.name, tree.sql("mysql")) == (name, f"`j1`.`{name}`")


@pytest.mark.parametrize(
    "text", ["nam", "orders.note", "customers.nam", "name, id", "(SELECT 1)", "*", "name -- x", "SLEEP(1)", "name.*"]
)
def test_a_selected_value_is_nothing_else(text: str) -> None:
    with pytest.raises(ExpressionProblem):
        selected(text, {"customers": TARGET}, of=TARGET)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("name + 1", "`j1`.`name` + 1"),
        ("CONCAT(customers.name, ' - ', region)", "CONCAT(`j1`.`name`, ' - ', `j1`.`region`)"),
        ("REPLACE(name, 'a', 'b')", "REPLACE(`j1`.`name`, 'a', 'b')"),
    ],
)
def test_a_selected_expression_is_no_column(text: str, sql: str) -> None:
    tree, found = selected(text, {"customers": TARGET}, of=TARGET)
    assert (found, tree.sql("mysql")) == (None, sql)


def test_equalities_are_only_what_every_match_fulfils() -> None:
    def pairs(text: str) -> int | None:
        found = equalities(join_condition(text, source=SOURCE, target=TARGET))
        return None if found is None else len(found)

    assert pairs(ON) == 1
    assert pairs(f"({ON}) AND (orders.note = customers.name)") == 2
    assert pairs(f"(({ON}) AND (orders.note = customers.name))") in {2, None}
    for text in (f"{ON} OR 1", f"NOT {ON}", "orders.customer_id <=> customers.id", f"{ON} AND 1", "total = 1"):
        assert pairs(text) is None


PIECES = st.sampled_from(
    [
        *"()=<>,.;'\"`@?:*+-/#!|&\\\n\0 1",
        *("--", "/*", "*/", "orders", "customers", ".id", "note", "'x'", "%s", "é", "SLEEP("),
        *("SELECT", "FROM", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "UNION", "CASE", "END", "INTO"),
    ]
)


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_is_refused_or_becomes_our_own_columns_only(text: str) -> None:
    try:
        sql = compiled(text)
    except ExpressionProblem:
        return
    again = parse_one(f"SELECT {sql}", dialect="mysql")
    assert isinstance(again, exp.Select)
    assert {c.table for c in again.find_all(exp.Column)} <= {"s", "j1"}
    assert not list(again.find_all(exp.Subquery, exp.Parameter, exp.AggFunc))
    assert {function_name(f) for f in parsed(sql).find_all(exp.Anonymous)} <= FUNCTIONS.keys()
