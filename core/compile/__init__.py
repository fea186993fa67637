"""Contract + live schema -> views, target tables and item plans; pure, and all problems at once."""

from core.compile.table import CompiledTable, compile_contract
from core.compile.view import DEFINITION_COLUMN, View

__all__ = ["DEFINITION_COLUMN", "CompiledTable", "View", "compile_contract"]
