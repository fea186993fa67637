"""What a migration leaves behind, and its removal."""

from core.cleanup.inventory import Others, inventory
from core.cleanup.plan import CleanupPlan, Kept, Kind, Removable
from core.cleanup.removal import remove

__all__ = ["CleanupPlan", "Kept", "Kind", "Others", "Removable", "inventory", "remove"]
