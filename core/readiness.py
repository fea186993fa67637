"""Phase 1: are the four servers operational, and may everything be done that the migration will do?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import NotReadyError, TableferryError
from core.options import AUTO, FULL, MigrationOptions
from core.ports import PermissionReport, ServiceStatus, World


@dataclass(frozen=True)
class ServerReadiness:
    """One server's answers; `permissions` is None when nobody asked: not operational, or nothing to ask about."""

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
    """Ask all four servers at once. Without `target_tables`, permissions on tables are not asked for."""

    async def of_tables(_: ServiceStatus) -> PermissionReport | None:
        return await world.targets.permissions(target_tables) if target_tables else None

    async def of_jobs(status: ServiceStatus) -> PermissionReport:
        requirements = role_requirements(options, target_tables, status.details)
        return await world.jobs.permissions(options.glue_role_arn, requirements, options.connections)

    servers = await asyncio.gather(
        _ask("mysql", world.source.status(), lambda _: world.source.permissions()),
        _ask("glue", world.jobs.status(), of_jobs),
        _ask("dynamodb", world.targets.status(), of_tables),
        _ask("s3", world.objects.status(), lambda _: world.objects.permissions(options.key_prefix)),
    )
    return Readiness(tuple(servers))


def role_requirements(
    options: MigrationOptions, tables: Sequence[str], account: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """What the Glue role must be able to do, as (action, resource ARN) of things that a migration would touch.

    `account` are the glue server's details: `identity_arn`, `region` and `account`.
    """
    partition = str(account["identity_arn"]).split(":")[1]
    here = f"{account['region']}:{account['account']}"
    bucket = f"arn:{partition}:s3:::{options.bucket}"
    objects = f"{bucket}/{options.key_prefix}migrations/check/plan.json"
    on_items = ("BatchWriteItem", "PutItem", "GetItem", "BatchGetItem")
    wanted = [(f"dynamodb:{a}", f"arn:{partition}:dynamodb:{here}:table/{t}") for t in tables for a in on_items]
    if options.validation in (AUTO, FULL):
        wanted += [("dynamodb:Scan", f"arn:{partition}:dynamodb:{here}:table/{t}") for t in tables]
    wanted += [("s3:GetObject", objects), ("s3:PutObject", objects), ("s3:ListBucket", bucket)]
    if options.secret_arn is not None:
        wanted.append(("secretsmanager:GetSecretValue", options.secret_arn))
    elif options.connections:
        wanted.append(("glue:GetConnection", f"arn:{partition}:glue:{here}:connection/{options.connections[0]}"))
    else:
        secret = f"arn:{partition}:secretsmanager:{here}:secret:tableferry/check-AbCdEf"
        wanted.append(("secretsmanager:GetSecretValue", secret))
    return wanted


async def _ask(
    server: str,
    status: Awaitable[ServiceStatus],
    permissions: Callable[[ServiceStatus], Awaitable[PermissionReport | None]],
) -> ServerReadiness:
    try:
        found = await status
    except TableferryError as error:
        return ServerReadiness(ServiceStatus(server, False, {}, "", error.to_wire()), None, str(error))
    if not found.operational:
        return ServerReadiness(found, None, _said(found))
    try:
        report = await permissions(found)
    except TableferryError as error:
        return ServerReadiness(found, None, str(error))
    return ServerReadiness(found, report, "" if report is None else _denied(report))


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
