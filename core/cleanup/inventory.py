"""Looks at what a migration's evidence says that it created, and whether that is still there and nobody else's.

Guarantees:
- Nothing is listed for removal that this migration did not create, by its own evidence or by its own name.
- What is gone already is listed nowhere, so that a cleanup that died can be repeated.
- Whatever stays although a name or the evidence points to it is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.checkpoints import UNFINISHED, MigrationRecord, TableCheckpoint
from core.cleanup.plan import CleanupPlan, Kept, Kind, Removable
from core.errors import StateError
from core.options import MigrationOptions
from core.other_writers import writer_among
from core.ports import World

CLEANED_UP = "cleaned_up_at"  # in a migration's settings
_UNPROVED = "this migration found it there, or died before it could note that it made it; remove it by hand if need be"

Others = Sequence[tuple[MigrationRecord, Sequence[TableCheckpoint]]]


async def inventory(
    record: MigrationRecord,
    tables: Sequence[TableCheckpoint],
    others: Others,
    world: World,
    *,
    drop_tables: bool = False,
    unprotect: bool = False,
) -> CleanupPlan:
    """What there is to remove. `others` are all the other migrations of the checkpoint store.

    Raises StateError when a run of one of the jobs is alive.
    """
    look = _Look(record, tables, others, world, [], [])
    await look.jobs()
    await look.views()
    await look.secret()
    await look.objects()
    await look.loader()
    await look.targets(drop=drop_tables, unprotect=unprotect)
    return CleanupPlan(record.id, look.remove, look.keep)


@dataclass(frozen=True)
class _Look:
    record: MigrationRecord
    tables: Sequence[TableCheckpoint]
    others: Others
    world: World
    remove: list[Removable]
    keep: list[Kept]

    @property
    def options(self) -> MigrationOptions:
        return MigrationOptions.from_record(self.record.settings["options"])

    async def jobs(self) -> None:
        for name, evidence in self._made("job_name"):
            if not await self.world.jobs.exists(name):
                continue
            if not evidence["job_created"]:
                self.keep.append(Kept(Kind.JOB, name, _UNPROVED))
                continue
            if alive := [r.run_id for r in await self.world.jobs.runs(name) if not r.is_over]:
                raise StateError(
                    f"A run of {name} is alive ({alive[0]}).",
                    remedy="Let it end, or stop it in Glue; then clean up.",
                    job=name,
                    run_id=alive[0],
                )
            self.remove.append(Removable(Kind.JOB, name))

    async def views(self) -> None:
        for name, evidence in self._made("view"):
            found = await self.world.source.view_state(name, str(evidence["view_definition_hash"]))
            if not found.exists:
                continue
            if not found.matches:
                self.keep.append(Kept(Kind.VIEW, name, "somebody replaced it by another"))
            elif not evidence["view_created"]:
                self.keep.append(Kept(Kind.VIEW, name, _UNPROVED))
            elif user := self._user_of_view(name):
                self.keep.append(Kept(Kind.VIEW, name, f"migration {user} is unfinished and uses it"))
            else:
                self.remove.append(Removable(Kind.VIEW, name, identity=(str(evidence["view_definition_hash"]),)))

    async def secret(self) -> None:
        published = any(t.evidence.get("secret_arn") for t in self.tables) and self.options.secret_arn is None
        if published and CLEANED_UP not in self.record.settings:
            self.remove.append(Removable(Kind.SECRET, f"tableferry/{self.record.id}", "the source's credentials"))

    async def objects(self) -> None:
        prefix = f"{self.options.key_prefix}migrations/{self.record.id}/"
        keys = await self.world.objects.keys(prefix)
        place = f"s3://{self.world.objects.bucket}/{prefix}"
        kept = [key for key in keys if _is_kept(key.removeprefix(prefix))]
        gone = tuple(key for key in keys if key not in set(kept))
        if kept:
            self.keep.append(Kept(Kind.OBJECTS, place, f"{len(kept):,} reports and files of rejected rows"))
        if gone:
            detail = f"{len(gone):,} plans, results and states of validations"
            self.remove.append(Removable(Kind.OBJECTS, place, detail, gone))

    async def loader(self) -> None:
        """The packages that this migration's jobs ran; others run the same ones, also from other stores."""
        directory = f"{self.options.key_prefix}loader/"
        mine = {str(t.evidence["loader_sha256"])[:16] for t in self.tables if "loader_sha256" in t.evidence}
        keys = await self.world.objects.keys(directory) if mine else []
        user = await self._unknown_migration() if mine else None
        for sha in sorted(mine):
            found = tuple(key for key in keys if sha in key)
            place = f"s3://{self.world.objects.bucket}/{directory}*{sha}*"
            reason = self._user_of_loader(sha) or user
            if found and reason:
                self.keep.append(Kept(Kind.LOADER, place, reason))
            elif found:
                self.remove.append(Removable(Kind.LOADER, place, identity=found))

    async def targets(self, *, drop: bool, unprotect: bool) -> None:
        for name, evidence in self._made("target_table"):
            found = await self.world.targets.find(name)
            if found is None:
                continue
            loaded = evidence.get("load", {}).get("items_written", 0)
            items = f"about {max(found.item_count, loaded):,} items"
            if not evidence["table_created"]:
                self.keep.append(Kept(Kind.TABLE, name, _UNPROVED))
            elif found.table_id != evidence["table_id"]:
                self.keep.append(Kept(Kind.TABLE, name, "it is another table than this migration made"))
            elif user := writer_among(self.others, name, str(evidence["table_id"])):
                self.keep.append(Kept(Kind.TABLE, name, f"migration {user} wrote into it too"))
            elif not drop:
                self.keep.append(Kept(Kind.TABLE, name, f"{items}; --drop-tables would delete it"))
            elif found.protected and not unprotect:
                why = f"{items}; it is protected, and only --disable-deletion-protection would delete it"
                self.keep.append(Kept(Kind.TABLE, name, why))
            else:
                detail = items + (", deletion protection is switched off" if found.protected else "")
                self.remove.append(Removable(Kind.TABLE, name, detail, (found.table_id,), unprotect))

    def _made(self, what: str) -> list[tuple[str, dict[str, Any]]]:
        return [(str(t.evidence[what]), t.evidence) for t in self.tables if what in t.evidence]

    def _user_of_view(self, view: str) -> str | None:
        for other, tables in self.others:
            same_source = other.settings.get("source_address") == self.record.settings.get("source_address")
            if other.status in UNFINISHED and same_source and any(t.evidence.get("view") == view for t in tables):
                return other.id
        return None

    def _user_of_loader(self, sha: str) -> str | None:
        for other, tables in self.others:
            shas = {str(t.evidence.get("loader_sha256", ""))[:16] for t in tables}
            if sha in shas and CLEANED_UP not in other.settings:
                return f"migration {other.id} uses it"
        return None

    async def _unknown_migration(self) -> str | None:
        """Whether the bucket holds a migration of another checkpoint store; asked once for each migration in it."""
        root = f"{self.options.key_prefix}migrations/"
        known = {self.record.id, *(other.id for other, _ in self.others)}
        after = ""
        while key := await self.world.objects.first(root, after):
            migration = key.removeprefix(root).partition("/")[0]
            if migration not in known:
                return f"migration {migration} is in the bucket, but not in this checkpoint store, and may use it"
            after = f"{root}{migration}0"  # "0" sorts right after "/"
        return None


def _is_kept(name: str) -> bool:
    return name in ("report.json", "report.md") or "/rejects/" in name
