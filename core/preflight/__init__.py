"""Which rows cannot become items, found before anything is written: proved by the schema, asked in SQL, or by a run."""

from core.preflight.columns import ColumnFacts
from core.preflight.plan import EntityRows, PreflightPlan, Tier, plan_preflight

__all__ = ["ColumnFacts", "EntityRows", "PreflightPlan", "Tier", "plan_preflight"]
