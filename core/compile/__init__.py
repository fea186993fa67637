"""Contract + live schema -> views, target tables and item plans; pure, and all problems at once."""

from core.compile.select import ENTITY_COLUMN
from core.compile.table import CompiledEntity, CompiledTable, compile_contract
from core.compile.view import DEFINITION_COLUMN, View

__all__ = ["DEFINITION_COLUMN", "ENTITY_COLUMN", "CompiledEntity", "CompiledTable", "View", "compile_contract"]
