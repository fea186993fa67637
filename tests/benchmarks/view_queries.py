"""The same result as the benchmark's view, written by hand: several forms for each engine, the best of which counts.

All are free of what a generated view must keep to: one statement for the whole table, native JSON values, aggregates
of one child table made together, and the form that the engine at hand likes best.
"""

from __future__ import annotations

from collections.abc import Mapping

_START = "SELECT o.id, o.placed_at, o.status, o.note, c.name AS customer, w.city AS city"
_FROM = "FROM orders o LEFT JOIN customers c ON c.id = o.customer_id LEFT JOIN warehouses w ON w.id = o.warehouse_id"
_OBJECT = "JSON_OBJECT('sku', i.sku, 'price', i.price, 'quantity', i.quantity)"
_DEAREST_FIRST = "ORDER BY i.price DESC, i.id"
_PAID_FOR_ALL = (
    "LEFT JOIN (SELECT order_id, SUM(amount) AS paid FROM payments GROUP BY order_id) p ON p.order_id = o.id"
)
_PAID_FOR_ONE = "(SELECT SUM(p.amount) FROM payments p WHERE p.order_id = o.id) AS paid"
_GOODS_FOR_ONE = "(SELECT SUM(i.price * i.quantity) FROM items i WHERE i.order_id = o.id) AS goods"

_MARIADB_ARRAY = f"JSON_ARRAYAGG({_OBJECT} {_DEAREST_FIRST} LIMIT 3)"
_MARIADB_ITEMS = (
    f"SELECT i.order_id, SUM(i.price * i.quantity) AS goods, {_MARIADB_ARRAY} AS dearest"
    " FROM items i GROUP BY i.order_id"
)
_MARIADB_ARRAY_FOR_ONE = f"(SELECT {_MARIADB_ARRAY} FROM items i WHERE i.order_id = o.id) AS dearest"

_MARIADB_GROUPED = (
    f"{_START}, SUM(i.price * i.quantity) AS goods, {_PAID_FOR_ONE},"
    f" IF(COUNT(i.id) = 0, NULL, {_MARIADB_ARRAY}) AS dearest {_FROM}"
    " LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id"
)

_MYSQL_DEAREST = f"SELECT i.* FROM items i WHERE i.order_id = o.id {_DEAREST_FIRST} LIMIT 3"
_MYSQL_ARRAY_FOR_ONE = f"(SELECT JSON_ARRAYAGG({_OBJECT}) FROM ({_MYSQL_DEAREST}) i) AS dearest"
_MYSQL_RANKED = (
    "SELECT i.order_id, SUM(i.price * i.quantity) AS goods,"
    f" CONCAT('[', GROUP_CONCAT(IF(i.n <= 3, {_OBJECT}, NULL) {_DEAREST_FIRST}), ']') AS dearest"
    f" FROM (SELECT i.*, ROW_NUMBER() OVER (PARTITION BY i.order_id {_DEAREST_FIRST}) AS n FROM items i) i"
    " GROUP BY i.order_id"
)
_MYSQL_GOODS_FOR_ALL = (
    "LEFT JOIN (SELECT order_id, SUM(price * quantity) AS goods FROM items GROUP BY order_id) g ON g.order_id = o.id"
)
_MYSQL_PAID_LATERAL = (
    "LEFT JOIN LATERAL (SELECT SUM(p.amount) AS paid FROM payments p WHERE p.order_id = o.id) p ON TRUE"
)
_MYSQL_ITEMS_LATERAL = (
    "LEFT JOIN LATERAL (SELECT SUM(i.price * i.quantity) AS goods,"
    f" CONCAT('[', GROUP_CONCAT(IF(i.n <= 3, {_OBJECT}, NULL) ORDER BY i.n), ']') AS dearest FROM"
    f" (SELECT i.*, ROW_NUMBER() OVER ({_DEAREST_FIRST}) AS n FROM items i WHERE i.order_id = o.id) i) i ON TRUE"
)
# The text of an order's items is no longer than 4 of them: cutting it afterwards costs less than ranking them.
_MYSQL_GROUPED = (
    f"{_START}, SUM(i.price * i.quantity) AS goods, {_PAID_FOR_ONE}, JSON_EXTRACT(CONCAT('[',"
    f" GROUP_CONCAT(IF(i.id IS NULL, NULL, {_OBJECT}) {_DEAREST_FIRST}), ']'), '$[0 to 2]') AS dearest {_FROM}"
    " LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id"
)

_MARIADB: Mapping[str, str] = {
    "derived tables": f"{_START}, i.goods, p.paid, i.dearest {_FROM} {_PAID_FOR_ALL} "
    f"LEFT JOIN ({_MARIADB_ITEMS}) i ON i.order_id = o.id",
    "one grouping": _MARIADB_GROUPED,
    "subqueries": f"{_START}, {_GOODS_FOR_ONE}, {_PAID_FOR_ONE}, {_MARIADB_ARRAY_FOR_ONE} {_FROM}",
}
_MYSQL: Mapping[str, str] = {
    "derived tables, ranked items": f"{_START}, i.goods, p.paid, i.dearest {_FROM} {_PAID_FOR_ALL} "
    f"LEFT JOIN ({_MYSQL_RANKED}) i ON i.order_id = o.id",
    "derived tables and a subquery": f"{_START}, g.goods, p.paid, {_MYSQL_ARRAY_FOR_ONE} {_FROM} {_PAID_FOR_ALL} "
    f"{_MYSQL_GOODS_FOR_ALL}",
    "lateral tables": f"{_START}, i.goods, p.paid, i.dearest {_FROM} {_MYSQL_PAID_LATERAL} {_MYSQL_ITEMS_LATERAL}",
    "one grouping": _MYSQL_GROUPED,
    "subqueries": f"{_START}, {_GOODS_FOR_ONE}, {_PAID_FOR_ONE}, {_MYSQL_ARRAY_FOR_ONE} {_FROM}",
}


def hand_written(engine: str) -> Mapping[str, str]:
    """Statements by what they are called; the columns are the view's: id ... city, goods, paid, dearest."""
    return _MARIADB if engine == "mariadb" else _MYSQL
