"""What compiling the attributes of one entity (or of a single-entity table) needs at hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from core.compile.dialects import Dialect
from core.compile.expressions import Relation
from core.compile.place import Place, Refused
from core.compile.select import SelectBuilder
from core.compile.texts import as_text
from core.contract.model import Attribute
from core.contract.problems import nearest, shown
from core.items.plan import Kind
from core.items.sources import Source
from core.source_schema import SourceColumn, SourceSchema


@dataclass
class EntityScope:
    """`key_names` are the attributes that the table's key is made of, its parts included."""

    select: SelectBuilder
    schema: SourceSchema
    dialect: Dialect
    attributes: dict[str, Attribute]
    key_names: frozenset[str]
    place: Place
    sources: dict[str, Source | None] = field(default_factory=dict)

    def next_relation(self, table_name: str, place: Place, prefix: str = "j") -> Relation:
        """A relation for a table that the contract names. Raises Refused when there is no such table."""
        table = self.schema.table(table_name)
        if table is None:
            known = [t.name for t in self.schema.tables]
            place.problem("target_table", f"there is no table {shown(table_name)}", nearest(table_name, known))
            raise Refused
        return self.select.next_relation(table, table_name, prefix)

    def add_source_column(self, tree: exp.Expr, column: SourceColumn, attribute: Attribute, place: Place) -> int:
        """Select a column as an attribute of this type needs it: geometry as WKT or WKB, all else as it is."""
        kind = column.kind
        if column.is_geometry and attribute.type in {"S", "B"}:
            function, kind = ("ST_AsText", Kind.TEXT) if attribute.type == "S" else ("ST_AsBinary", Kind.BINARY)
            tree = exp.Anonymous(this=function, expressions=[tree])
        if kind is None:
            remedy = "Geometry is S (WKT) or B (WKB)." if column.is_geometry else ""
            message = f"column {shown(column.name)} has type {column.column_type}, which cannot become {attribute.type}"
            place.problem("type", message, remedy)
            raise Refused
        return self.select.add_column(self._kept(tree, column, kind), kind, attribute.name)

    def add_own_column(self, column: SourceColumn, kind: str, preferred_name: str) -> int:
        """Select a column of the source table for its text: a placeholder, or a part of a key or of a joined text."""
        tree = exp.column(column.name, table=self.select.relation.alias, quoted=True)
        return self.select.add_column(self._kept(tree, column, kind), kind, preferred_name)

    def _kept(self, tree: exp.Expr, column: SourceColumn, kind: str) -> exp.Expr:
        """Beside NULLs numbers lose ZEROFILL's zeros, and on MariaDB sets of over eight members lose some of them."""
        loses = "zerofill" in column.column_type or kind == Kind.SET
        return as_text(tree, kind) if self.select.in_union and loses else tree
