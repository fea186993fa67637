"""What each transition of a table does, through ports only; every step finds its own effect if it happened before."""

from core.steps.registry import STEPS, Step
from core.steps.table_run import TableRun

__all__ = ["STEPS", "Step", "TableRun"]
