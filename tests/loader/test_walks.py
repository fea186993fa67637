"""Random changes of source and table between random commands: what is validated is right, and what is wrong is mended.

The model is plain Python: for each key, the rows that have it. TABLEFERRY_WALKS says how many walks there are.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict

import pytest

from tests.loader.conftest import Load
from tests.loader.driven import SHAPES, Driven, Row

pytestmark = [pytest.mark.server, pytest.mark.aws, pytest.mark.once]

WALKS = int(os.environ.get("TABLEFERRY_WALKS", "3"))
KEYS = "abcd"
THEIRS = "90"


def is_good(row: Row) -> bool:
    """Whether the row can be an item."""
    return bool(row[1]) and row[2].isdigit()


def by_key(rows: list[Row]) -> dict[str, list[tuple[str, str]]]:
    """The good rows of each key, as (id, n)."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for id_, k, n in filter(is_good, rows):
        found[k].append((str(id_), n))
    return found


class Walk:
    """One walk over one table."""

    def __init__(self, load: Load, seed: int) -> None:
        self.chance = random.Random(seed)
        shape = self.chance.choice(sorted(SHAPES))
        self.names_rows = shape in ("key", "read-whole", "entities")
        self.ids = [1, 2, 3, 11, 12, 13] if shape == "entities" else [1, 2, 3, 4, 5, 6]
        others = self.chance.random() < 0.25
        overwrite = others and self.chance.random() < 0.3
        rows: list[Row] = []
        for _ in range(self.chance.randint(3, 6)):
            rows += self._new_row(rows)
        choose = self.chance.choice(["none", "first", "last"])
        self.table = Driven(load, shape, rows, choose=choose, others=others, overwrite=overwrite)
        for k in self.chance.sample(KEYS, 2) if others else ():
            self.table.put(k, int(THEIRS))

    def _new_row(self, rows: list[Row]) -> list[Row]:
        free = [id_ for id_ in self.ids if not self.names_rows or id_ not in {row[0] for row in rows}]
        id_ = self.chance.choice(free or [0])
        return [(id_, self.a_key(), self.a_number(id_))] if id_ else []

    def a_key(self) -> str:
        return str(self.chance.choice([*KEYS, "a", "a", ""]))

    def a_number(self, id_: int) -> str:
        return str(self.chance.choice([str(id_), str(id_), "7", "x"]))

    def change(self) -> None:
        """One change at the source, or in the table."""
        table, rows = self.table, self.table.rows()
        row = self.chance.choice(rows) if rows else None
        what = self.chance.choice(["key", "key", "insert", "delete", "break", "mend", "lose", "put"])
        if what == "insert":
            for new in self._new_row(rows):
                table.load.database.execute("INSERT INTO v VALUES (%s, %s, %s)", *new)
        elif what == "lose":
            table.delete(self.chance.choice(KEYS))
        elif what == "put":
            table.put(self.chance.choice(KEYS), 77)
        elif row is not None:
            self._change_row(what, row)

    def _change_row(self, what: str, row: Row) -> None:
        execute, at = self.table.load.database.execute, " WHERE id = %s AND k = %s AND n = %s LIMIT 1"
        if what == "delete":
            execute("DELETE FROM v" + at, *row)
        elif what == "key":
            execute("UPDATE v SET k = %s" + at, self.a_key(), *row)
        elif what == "break":
            execute("UPDATE v SET n = 'y'" + at, *row)
        else:
            execute("UPDATE v SET n = %s, k = %s" + at, str(row[0]), row[1] or self.chance.choice(KEYS), *row)

    def command(self) -> None:
        """One command, and what it must not do."""
        before, rows = self.table.items(), self.table.rows()
        what = self.chance.choice(["validate", "repair", "repair", "delete-extra", "retry", "retry"])
        if what == "retry":
            self.table.retry()
        else:
            self.table.validate()
            deletes = what == "delete-extra" and not self.table.others and not self.table.moved.became
            if what != "validate" and self.table.problems:
                self.table.repair(delete_extra=deletes)
        self._check_what_must_stay(before, rows)

    def _check_what_must_stay(self, before: dict[str, tuple[str, str]], rows: list[Row]) -> None:
        after, broken = self.table.items(), {(str(row[0]), row[1]) for row in rows if not is_good(row)}
        groups = by_key(rows)
        for k, item in before.items():
            if after.get(k) == item:
                continue
            assert not (self.table.keeps and item[0] == THEIRS), f"the item {k} of others became {after.get(k)}"
            assert not (self.names_rows and (item[0], k) in broken), f"the last of a row that broke: {k} {item}"
            assert k in after or item not in groups.get(k, []), f"an item of a row was deleted: {k} {item}"

    def check(self) -> None:
        """A table that is validated is right, row by row."""
        table = self.table
        if table.problems:
            return
        rows, items, rejects = table.rows(), table.items(), table.rejects()
        groups = by_key(rows)
        taken = {line["row"].get("id") for line in rejects if line["reason"] == "key_taken"}
        for k, group in groups.items():
            is_right = items.get(k) in group if len(group) == 1 or k in items else True
            theirs = table.others and k in items and (len(group) > 1 or not self.names_rows or group[0][0] in taken)
            assert is_right or theirs, f"validated, but {k} has the rows {group} and the item {items.get(k)}"
        ours = sum(items.get(k) in group for k, group in groups.items())
        assert ours + len(rejects) == len(rows), f"validated with {ours} items and {len(rejects)} rejects"
        assert table.others or set(items) <= set(groups), "validated with items of no row"
        if self.names_rows:
            left_out = [str(row[0]) for row in rows if not is_good(row) or items.get(row[1]) != (str(row[0]), row[2])]
            assert sorted(line["row"]["id"] for line in rejects) == sorted(left_out)

    def mend(self) -> None:
        """Do what only the source can do: rows become good, and have keys of their own."""
        execute = self.table.load.database.execute
        execute("UPDATE v SET n = id WHERE n NOT REGEXP '^[0-9]+$'")
        execute("UPDATE v SET k = CONCAT('z', id) WHERE k = ''")
        for k, group in by_key(self.table.rows()).items():
            for number, (id_, n) in enumerate(group[1:]):
                at = " WHERE id = %s AND k = %s AND n = %s LIMIT 1"
                execute("UPDATE v SET k = %s" + at, f"{k}{id_}{number}", int(id_), k, n)


@pytest.mark.parametrize("seed", range(WALKS))
def test_what_is_validated_is_right_and_what_is_wrong_is_mended(load: Load, seed: int) -> None:
    walk = Walk(load, seed)
    walk.table.run()
    assert walk.table.others or not walk.table.problems
    walk.check()
    for _ in range(walk.chance.randint(2, 4)):
        for _ in range(walk.chance.randint(1, 3)):
            walk.change()
        walk.command()
        walk.check()
    walk.table.validate()
    walk.table.do_what_it_says()
    walk.check()
    is_told = walk.table.moved.became or "at the source" in walk.table.remedy
    assert not walk.table.problems or is_told, f"a dead end: {walk.table.problems} {walk.table.remedy}"
    walk.mend()
    for _ in range(3):
        walk.table.validate()
        walk.table.do_what_it_says()
        walk.check()
    assert walk.table.problems == [] or _is_held(walk), f"not mended: {walk.table.problems} {walk.table.remedy}"


def _is_held(walk: Walk) -> bool:
    """An item that no row has stands under the key of a rejected row: its owner has to say what it is."""
    return "by hand" in walk.table.remedy
