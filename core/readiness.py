"""Phase 1: are the four servers operational, and may everything be done that the migration will do?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from core.errors import NotReadyError, TableferryError
from core.options import MigrationOptions
from core.ports import PermissionReport, ServiceStatus, World


@dataclass(frozen=True)
class ServerReadiness:
    """One server's answers; `permissions` is None when it was not operational, so nobody asked."""

    status: ServiceStatus
    permissions: PermissionReport | None
    problem: str = ""

    @property
    def ready(self) -> bool:
        """Whether the migration can rely on this server."""
        return not self.problem


@dataclass(frozen=True)
class Readiness:
    """All four, in the order mysql, glue, dynamodb, s3."""

    servers: tuple[ServerReadiness, ...]

    @property
    def ready(self) -> bool:
        return all(s.ready for s in self.servers)

    def require(self) -> None:
        """Raises NotReadyError with every server's problem when one is not ready."""
        problems = {s.status.server: s.problem for s in self.servers if s.problem}
        if problems:
            lines = [f"{server}: {problem}" for server, problem in problems.items()]
            raise NotReadyError(
                "Not ready, nothing was created.\n  " + "\n  ".join(lines) + "\n",
                remedy="`tableferry check` shows every permission.",
                problems=problems,
            )


async def check_readiness(world: World, options: MigrationOptions, target_tables: Sequence[str]) -> Readiness:
    """Ask all four servers at once. `target_tables` may be empty: then any table's permissions are asked for."""
    tables = list(target_tables) or ["*"]
    servers = await asyncio.gather(
        _ask("mysql", world.source.status(), world.source.permissions),
        _ask(
            "glue",
            world.jobs.status(),
            lambda: world.jobs.permissions(
                options.glue_role_arn, role_requirements(options, tables), options.connections
            ),
        ),
        _ask("dynamodb", world.targets.status(), lambda: world.targets.permissions(tables)),
        _ask("s3", world.objects.status(), lambda: world.objects.permissions(options.key_prefix)),
    )
    return Readiness(tuple(servers))


def role_requirements(options: MigrationOptions, tables: Sequence[str]) -> list[tuple[str, str]]:
    """What the Glue role must be able to do, as (action, resource ARN); `*` stands for any account and region."""
    bucket = f"arn:aws:s3:::{options.bucket}"
    wanted = [("dynamodb:BatchWriteItem", f"arn:aws:dynamodb:*:*:table/{t}") for t in tables]
    wanted += [("s3:GetObject", f"{bucket}/{options.key_prefix}*"), ("s3:PutObject", f"{bucket}/{options.key_prefix}*")]
    wanted.append(("s3:ListBucket", bucket))
    if options.connections and options.secret_arn is None:
        wanted.append(("glue:GetConnection", f"arn:aws:glue:*:*:connection/{options.connections[0]}"))
    else:
        secret = options.secret_arn or "arn:aws:secretsmanager:*:*:secret:tableferry/*"
        wanted.append(("secretsmanager:GetSecretValue", secret))
    return wanted


async def _ask(server: str, status: Awaitable[ServiceStatus], permissions) -> ServerReadiness:  # type: ignore[no-untyped-def]
    try:
        found = await status
    except TableferryError as error:
        return ServerReadiness(ServiceStatus(server, False, {}, "", error.to_wire()), None, str(error))
    if not found.operational:
        return ServerReadiness(found, None, _said(found))
    try:
        report: PermissionReport = await permissions()
    except TableferryError as error:
        return ServerReadiness(found, None, str(error))
    return ServerReadiness(found, report, _denied(report))


def _said(status: ServiceStatus) -> str:
    error = status.error or {}
    return " ".join(str(error[k]) for k in ("message", "remedy") if error.get(k)) or "not operational"


def _denied(report: PermissionReport) -> str:
    denied = [p for p in report.permissions if p.verdict == "denied"]
    if not denied:
        return ""
    named = "; ".join(f"{p.action} on {p.resource}" + (f" ({p.reason})" if p.reason else "") for p in denied[:8])
    more = f"; and {len(denied) - 8} more" if len(denied) > 8 else ""
    return f"missing permissions: {named}{more}"
