"""Removes what an inventory listed, each thing through the server that made it."""

from __future__ import annotations

from collections.abc import Callable

from core.cleanup.plan import CleanupPlan, Kind, Removable
from core.errors import ConflictError
from core.items.ranges import quoted
from core.ports import World


async def remove(plan: CleanupPlan, world: World, tell: Callable[[Removable], None]) -> None:
    """Remove everything in order; `tell` is called after each. What is gone already is no error.

    Raises ConflictError when something became another thing since it was listed; it stays.
    """
    for kind in Kind:
        for thing in plan.remove:
            if thing.kind is kind:
                await _remove(plan.migration_id, thing, world)
                tell(thing)


async def _remove(migration_id: str, thing: Removable, world: World) -> None:
    match thing.kind:
        case Kind.JOB:
            await world.jobs.delete_job(thing.name)
        case Kind.VIEW:
            await _drop_view(thing, world)
        case Kind.SECRET:
            await world.source.delete_secret(thing.name, {"tableferry:migration": migration_id})
        case Kind.OBJECTS | Kind.LOADER:
            await world.objects.delete(thing.identity)
        case Kind.TABLE:
            await world.targets.drop(thing.name, thing.identity[0], unprotect=thing.unprotect)


async def _drop_view(thing: Removable, world: World) -> None:
    found = await world.source.view_state(thing.name, thing.identity[0])
    if found.exists and not found.matches:
        raise ConflictError(
            f"The view {thing.name} was replaced since it was listed.", remedy="Clean up again to see it."
        )
    if found.exists:
        await world.source.execute_ddl(f"DROP VIEW IF EXISTS {quoted(thing.name)}")
