"""Whether the caller may drive load jobs, and whether the job's role can do the loader's work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, Field

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.aws_identity import Identity, caller
from adapters.servers.iam_simulation import Wanted, caller_permissions, simulate
from adapters.servers.shapes import Permission, PermissionReport, Verdict
from core.errors import NotFoundError, TableferryError

_GLUE = "glue.amazonaws.com"
_JOB_ACTIONS = (
    "CreateJob",
    "GetJob",
    "DeleteJob",
    "StartJobRun",
    "GetJobRun",
    "GetJobRuns",
    "BatchStopJobRun",
    "TagResource",
)
# Policies name the migrations' jobs by their prefix; a simulation needs a name that such a policy covers.
_SAMPLE_JOB = "tableferry-permission-check"


class RoleRequirement(BaseModel):
    """What the job's role must be able to do."""

    action: str = Field(pattern=r"^[a-z0-9-]+:[A-Za-z*]+$", max_length=200)
    resource: str = Field(min_length=1, max_length=2048)


def permission_report(
    clients: AwsClients, role_arn: str, requirements: Sequence[RoleRequirement], connections: Sequence[str]
) -> PermissionReport:
    """What the caller may do, then the role, then the connections."""
    identity = caller(clients)
    permissions = caller_permissions(clients, identity, _of_caller(clients, identity, role_arn))
    trust = _trust(clients, role_arn)
    permissions.append(trust)
    if trust.verdict != "denied" or "trust" in trust.reason:
        wanted = [Wanted(r.action, r.resource) for r in requirements]
        permissions += simulate(clients, role_arn, list(dict.fromkeys(wanted)))
    permissions += [_connection(clients, identity, name) for name in connections]
    return PermissionReport.of("glue", permissions)


def _of_caller(clients: AwsClients, identity: Identity, role_arn: str) -> list[Wanted]:
    with aws_call("the glue service"):
        region = clients.glue.meta.region_name
    place = f"{region}:{identity.account}"
    job = f"arn:{identity.partition}:glue:{place}:job/{_SAMPLE_JOB}"
    logs = f"arn:{identity.partition}:logs:{place}:log-group:/aws-glue/python-jobs/output:log-stream:{_SAMPLE_JOB}"
    return [
        *(Wanted(f"glue:{action}", job) for action in _JOB_ACTIONS),
        Wanted("logs:GetLogEvents", logs),
        Wanted("iam:PassRole", role_arn, (("iam:PassedToService", _GLUE),)),
    ]


def _trust(clients: AwsClients, role_arn: str) -> Permission:
    """Whether the role exists and lets Glue take it on."""
    try:
        with aws_call(f"role {role_arn}"):
            role: Any = clients.iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
    except NotFoundError:
        return _assume(role_arn, "denied", "the role does not exist")
    except TableferryError as error:
        return _assume(role_arn, "unverified", f"the role cannot be read: {error.message}")
    if role["Arn"] != role_arn:
        return _assume(role_arn, "denied", f"the role does not exist; the role of this name is {role['Arn']}")
    document = role["AssumeRolePolicyDocument"]
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    statements = [s for s in _listed(policy.get("Statement")) if _concerns_glue(s)]
    if any(s.get("Effect") == "Deny" for s in statements):
        return _assume(role_arn, "denied", f"the role's trust policy denies {_GLUE}")
    if not any(s.get("Effect") == "Allow" for s in statements):
        return _assume(role_arn, "denied", f"the role's trust policy does not allow {_GLUE}")
    return _assume(role_arn, "allowed", f"the role trusts {_GLUE}")


def _concerns_glue(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal") or {}
    services = ["*"] if principal == "*" else _listed(principal.get("Service")) + _listed(principal.get("AWS"))
    actions = [str(action).lower() for action in _listed(statement.get("Action"))]
    return bool({_GLUE, "*"} & set(services)) and bool({"sts:assumerole", "sts:*", "*"} & set(actions))


def _connection(clients: AwsClients, identity: Identity, name: str) -> Permission:
    """Whether Glue has the connection, through which the job reaches the source's network."""
    region = clients.glue.meta.region_name
    arn = f"arn:{identity.partition}:glue:{region}:{identity.account}:connection/{name}"
    verdict: Verdict = "allowed"
    reason = "the connection exists"
    try:
        with aws_call(f"Glue connection {name}"):
            clients.glue.get_connection(Name=name, HidePassword=True)
    except NotFoundError:
        verdict, reason = "denied", "the connection does not exist"
    except TableferryError as error:
        verdict, reason = "unverified", f"the connection cannot be read: {error.message}"
    return Permission(action="glue:GetConnection", resource=arn, verdict=verdict, reason=reason)


def _assume(role_arn: str, verdict: Verdict, reason: str) -> Permission:
    return Permission(action="sts:AssumeRole", resource=role_arn, verdict=verdict, reason=reason)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
