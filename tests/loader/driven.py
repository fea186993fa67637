"""A table that is loaded, validated, repaired and retried as the orchestrator does it, told what to do in its words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pymysql

from core.items.plan import Attribute, Chunk, Column, ItemPlan, Key, Kind, LoadPlan
from core.items.preflight import collisions_key
from core.items.sources import FromColumn
from core.steps.full_validation import MovedRejects, problems_of
from core.steps.validation_remedy import remedy_of_differences
from tests.loader.conftest import Load

ITEM = ItemPlan(
    columns=(Column("id", Kind.INTEGER), Column("k", Kind.TEXT), Column("n", Kind.TEXT)),
    row_key=(0,),
    row_key_names=("id",),
    attributes=(
        *(Attribute("id", "N", FromColumn(0)), Attribute("k", "S", FromColumn(1))),
        Attribute("n", "N", FromColumn(2)),
    ),
    keys=(Key("k", "S", "pk"),),
    chunk_columns=(0,),
)
ENTITIES = (replace(ITEM, entity="0"), replace(ITEM, entity="1"))
SHAPES = {
    "key": (ITEM,),
    "read-whole": (replace(ITEM, chunk_columns=()),),
    "no-key": (replace(ITEM, row_key=(), row_key_names=(), chunk_columns=()),),
    "several-items": (replace(ITEM, several_items=True),),
    "entities": ENTITIES,
}

Row = tuple[int, str, str]


class Driven:
    """A table of rows (id, k, n): k is the key of the items, n a number, or the row a reject.

    `others`: the table may hold items of others; `overwrite`: they may be written over. Ids from 10 on are of another
    entity where there are two.
    """

    def __init__(
        self, load: Load, shape: str, rows: list[Row], *, choose: str, others: bool = False, overwrite: bool = False
    ) -> None:
        self.load = load
        self.choose = choose
        self.others = others
        self.keeps = others and not overwrite
        self.problems: list[str] = []
        self.remedy = ""
        self.moved = MovedRejects(0, 0)
        self.found: dict[str, Any] = {}
        self._tokens = 0
        load.create_table(("k", "S"))
        load.database.execute("CREATE TABLE v (id INT, k VARCHAR(9), n VARCHAR(9))")
        load.database.execute("CREATE VIEW w AS SELECT id, k, n, IF(id < 10, '0', '1') AS entity FROM v")
        for row in rows:
            load.database.execute("INSERT INTO v VALUES (%s, %s, %s)", *row)
        self.plan = self._planned(SHAPES[shape])

    def _planned(self, items: tuple[ItemPlan, ...]) -> LoadPlan:
        chunks: list[Chunk] = []
        for number, item in enumerate(items):
            edges = [str(edge + 10 * number) for edge in (2, 4)] if item.chunk_columns else []
            bounds = [None, *((edge,) for edge in edges), None]
            chunks += [Chunk(len(chunks) + n, bounds[n], bounds[n + 1], 2, number) for n in range(len(bounds) - 1)]
        view, column = ("w", "entity") if len(items) > 1 else ("v", None)
        return self.load.plan(view, *items, chunks=chunks, entity_column=column)

    def rows(self) -> list[Row]:
        """What the source has now."""
        of = self.load.database
        connection = pymysql.connect(host=of.host, port=of.port, user=of.user, password=of.password, database=of.name)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, k, n FROM v")
            return list(cursor.fetchall())

    def items(self) -> dict[str, tuple[str, str]]:
        """What the table holds: key to (id, n)."""
        return {item["k"]["S"]: (item["id"]["N"], item["n"]["N"]) for item in self.load.items()}

    def put(self, k: str, id_: int) -> None:
        """Write an item that no row has."""
        item = {"k": {"S": k}, "id": {"N": str(id_)}, "n": {"N": "5"}}
        self.load.dynamodb.put_item(TableName=self.load.table, Item=item)

    def delete(self, k: str) -> None:
        """Delete an item."""
        self.load.dynamodb.delete_item(TableName=self.load.table, Key={"k": {"S": k}})

    def rejects(self) -> list[dict[str, Any]]:
        """Every line of the rejects files; they and the chunks' results account for the same."""
        lines = []
        for chunk in self.plan.chunks:
            key, result = self.plan.rejects_key(chunk.number), self.load.result(self.plan, chunk.number)
            found = self.load.rejects(self.plan, chunk.number) if self.load.has(key) else []
            assert result["rejects"] == len(found) == sum(result["rejects_by_reason"].values())
            assert result["rows_read"] == result["items_written"] + result["rejects"]
            lines += found
        return lines

    def run(self) -> None:
        """Load, and validate."""
        self.load.run("--run-token", self._token(), *self._preflight(), *self._existing())
        self.validate()

    def validate(self) -> None:
        """Compare everything; `problems` and `remedy` are what the user is told."""
        token = self._token()
        ways = ["--on-collision", self.choose, *self._existing()]
        self.load.run("--task", "validate", "--run-token", token, *ways)
        found = json.loads(self.load.text(f"{self.load.prefix}validation/{token}/result.json"))
        self.found, self.moved = found, MovedRejects.of(found, {"rejects": len(self.rejects())})
        self.problems = [*problems_of(found, others=self.others), *self.moved.problems]
        self.remedy = remedy_of_differences("M", found, self.moved, others=self.others, keeps=self.keeps)

    def repair(self, *, delete_extra: bool = False, overwrite: bool = False) -> None:
        """Repair what the last validation found, and validate."""
        existing = ["--existing", "overwrite"] if overwrite else self._existing()
        delete = "true" if delete_extra else "false"
        of = str(self.found["validation"])
        claims = "false" if self.others else "true"
        self.load.run("--task", "repair", "--validation", of, "--delete-extra", delete, "--claims", claims, *existing)
        self.validate()

    def retry(self) -> None:
        """Load the rejected rows again, and validate."""
        self.load.run("--task", "retry-rejects", "--run-token", self._token(), *self._preflight(), *self._existing())
        self.validate()

    def do_what_it_says(self, times: int = 6) -> None:
        """Follow the first command of the remedy, and of the next one, as long as there is one."""
        for _ in range(times):
            at = {what: self.remedy.find(f"tableferry {what} M") for what in ("repair", "retry-rejects")}
            named = [what for what in sorted(at, key=lambda what: at[what]) if at[what] >= 0]
            if not self.problems or not named:
                return
            if named[0] == "retry-rejects":
                self.retry()
            else:
                delete = "repair M`" not in self.remedy
                self.repair(delete_extra=delete, overwrite="--overwrite" in self.remedy)

    def _preflight(self) -> list[str]:
        token = self._token()
        self.load.run("--task", "preflight", "--run-token", token, "--on-collision", self.choose)
        key = collisions_key(self.plan.prefix, token)
        return ["--collisions", key] if self.load.has(key) else []

    def _existing(self) -> list[str]:
        return ["--existing", "keep" if self.keeps else "overwrite"]

    def _token(self) -> str:
        self._tokens += 1
        return f"t{self._tokens}"
