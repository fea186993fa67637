"""Asks IAM what an identity may do, and says so when IAM cannot tell.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call, aws_code, is_aws_failure
from adapters.servers.aws_identity import Identity
from adapters.servers.shapes import Permission
from core.errors import TableferryError


@dataclass(frozen=True)
class Wanted:
    """An action that must be allowed on a resource, under these condition keys."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


def caller_permissions(clients: AwsClients, identity: Identity, wanted: Sequence[Wanted]) -> list[Permission]:
    """What the caller itself may do; the account's root user may do all."""
    if identity.is_root:
        reason = "the account's root user needs no policy"
        return [Permission(action=w.action, resource=w.resource, verdict="allowed", reason=reason) for w in wanted]
    return simulate(clients, _principal(clients, identity), wanted)


def simulate(clients: AwsClients, principal_arn: str, wanted: Sequence[Wanted]) -> list[Permission]:
    """One permission for each wanted, in their order; `unverified` where IAM would not tell."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Wanted]] = {}
    for want in wanted:
        groups.setdefault((want.resource, want.context), []).append(want)
    doubt = _doubt(clients, principal_arn)
    found: dict[Wanted, Permission] = {}
    for group in groups.values():
        found |= _simulate_group(clients, principal_arn, group, doubt)
    return [found[w] for w in wanted]


def _principal(clients: AwsClients, identity: Identity) -> str:
    if identity.assumed_role is None:
        return identity.arn
    try:
        return clients.iam.get_role(RoleName=identity.assumed_role)["Role"]["Arn"]
    except Exception as exc:
        if not is_aws_failure(exc):
            raise
        # A session's ARN lacks the role's path; without iam:GetRole the root path is the likeliest.
        return f"arn:{identity.partition}:iam::{identity.account}:role/{identity.assumed_role}"


def _simulate_group(clients: AwsClients, principal: str, group: list[Wanted], doubt: str) -> dict[Wanted, Permission]:
    first = group[0]
    try:
        with aws_call(f"what {principal} may do"):
            answer = clients.iam.simulate_principal_policy(
                PolicySourceArn=principal,
                ActionNames=sorted({w.action for w in group}),
                ResourceArns=[first.resource],
                ContextEntries=[
                    {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                    for key, value in first.context
                ],
            )
    except TableferryError as error:
        return {w: _unverified(w, f"IAM would not simulate: {error.message}") for w in group}
    results = {r["EvalActionName"]: r for r in answer["EvaluationResults"]}
    return {w: _judge(w, results.get(w.action), doubt) for w in group}


def _judge(want: Wanted, result: Mapping[str, Any] | None, doubt: str) -> Permission:
    if result is None:
        return _unverified(want, "IAM's simulation left it out")
    decision = str(result["EvalDecision"])
    if decision == "allowed":
        return Permission(action=want.action, resource=want.resource, verdict="allowed")
    missing = result.get("MissingContextValues") or []
    if decision == "implicitDeny" and missing:
        return _unverified(want, f"depends on condition keys that only a real request has: {', '.join(missing)}")
    if decision == "implicitDeny" and doubt:
        return _unverified(want, doubt)
    reason = "a policy denies it" if decision == "explicitDeny" else "no policy allows it"
    return Permission(action=want.action, resource=want.resource, verdict="denied", reason=reason)


def _unverified(want: Wanted, reason: str) -> Permission:
    return Permission(action=want.action, resource=want.resource, verdict="unverified", reason=reason)


def _doubt(clients: AwsClients, principal_arn: str) -> str:
    """Why an implicit denial may be wrong: emulators know AWS's managed policies by name but not by content."""
    kind, _, name = principal_arn.rpartition(":")[2].partition("/")
    try:
        for arn in _attached_policies(clients, kind, name.rpartition("/")[2]):
            if ":iam::aws:policy/" in arn and not _statements(clients, arn):
                return f"IAM does not know the content of the attached policy {arn}"
    except Exception as exc:
        if not is_aws_failure(exc):
            raise
        # On AWS the simulation itself knows the managed policies; not being allowed to read them is no doubt.
        return "" if aws_code(exc).startswith("AccessDenied") else f"IAM would not list its policies: {aws_code(exc)}"
    return ""


def _attached_policies(clients: AwsClients, kind: str, name: str) -> list[str]:
    if kind == "role":
        answer = clients.iam.list_attached_role_policies(RoleName=name)
        return [p["PolicyArn"] for p in answer["AttachedPolicies"] if "PolicyArn" in p]
    if kind == "user":
        users = clients.iam.list_attached_user_policies(UserName=name)
        return [p["PolicyArn"] for p in users["AttachedPolicies"] if "PolicyArn" in p]
    return []


def _statements(clients: AwsClients, policy_arn: str) -> list[Any]:
    try:
        version = clients.iam.get_policy(PolicyArn=policy_arn)["Policy"].get("DefaultVersionId", "v1")
        answer = clients.iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)
    except clients.iam.exceptions.NoSuchEntityException:
        return []
    document: Any = answer["PolicyVersion"].get("Document") or {}
    if isinstance(document, str):
        import json
        from urllib.parse import unquote

        document = json.loads(unquote(document))
    statements = document.get("Statement") or []
    return statements if isinstance(statements, list) else [statements]
