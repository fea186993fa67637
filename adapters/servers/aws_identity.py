"""Who the AWS servers act as, and where."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.shapes import ErrorShape, ServiceStatus
from core.errors import TableferryError


@dataclass(frozen=True)
class Identity:
    """The caller: its ARN as STS says, and its account."""

    arn: str
    account: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.arn.split(":")[1]

    @property
    def is_root(self) -> bool:
        """The account's root user cannot be simulated and needs no policy."""
        return self.arn.endswith(":root")

    @property
    def assumed_role(self) -> str | None:
        """The name of the role of an assumed-role session."""
        found = re.fullmatch(r"arn:[^:]+:sts::\d+:assumed-role/([^/]+)/.+", self.arn)
        return found.group(1) if found else None


def caller(clients: AwsClients) -> Identity:
    """Who AWS says we are."""
    with aws_call("the caller's identity"):
        answer = clients.sts.get_caller_identity()
    return Identity(arn=answer["Arn"], account=answer["Account"])


def service_status(
    clients: AwsClients, server: str, client: Callable[[], Any], probe: Callable[[], dict[str, Any]]
) -> ServiceStatus:
    """Ask STS, then `probe` the service; whatever fails is in the status, and `probe`'s answer in its details."""
    details: dict[str, Any] = {}
    try:
        with aws_call(f"the {server} service"):
            service = client()
        details |= {"region": service.meta.region_name, "endpoint": service.meta.endpoint_url}
        identity = caller(clients)
        details |= {"account": identity.account, "identity_arn": identity.arn}
        details |= probe()
    except TableferryError as error:
        return ServiceStatus(server=server, operational=False, details=details, error=ErrorShape.of(error))
    return ServiceStatus(server=server, operational=True, details=details)
