"""Publishes the source's credentials as a secret in RDS's form for the loader; they never travel by MCP.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import BaseModel

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from adapters.servers.mysql.address import Address
from core.errors import AlreadyExistsError, ConflictError, NotFoundError


class PublishedSecret(BaseModel):
    """Where the credentials are; `created` is false when the secret was there already."""

    arn: str
    created: bool


def publish_secret(clients: AwsClients, address: Address, name: str, tags: Mapping[str, str]) -> PublishedSecret:
    """Create the secret, or give it a new value if it has another. Raises ConflictError for somebody else's secret."""
    value = _in_the_form_of_rds(address)
    try:
        with aws_call(f"secret {name}"):
            answer = clients.secretsmanager.create_secret(
                Name=name,
                Description="Source credentials for a tableferry migration",
                SecretString=value,
                Tags=[{"Key": key, "Value": text} for key, text in tags.items()],
            )
        return PublishedSecret(arn=answer["ARN"], created=True)
    except AlreadyExistsError:
        return _update(clients, name, value, tags)


class DeletedSecret(BaseModel):
    """`deleted` is false when there was no such secret."""

    name: str
    deleted: bool


def delete_secret(clients: AwsClients, name: str, tags: Mapping[str, str]) -> DeletedSecret:
    """Delete the secret at once, if it has these tags. Raises ConflictError for somebody else's secret.

    Nothing is lost with it: the server that published it has the credentials. A recovery window would keep the
    password where nobody looks for it, and the name taken.
    """
    try:
        with aws_call(f"secret {name}"):
            _require_tags(clients, name, tags, "Delete it by hand if it is not needed.")
            clients.secretsmanager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    except NotFoundError:
        return DeletedSecret(name=name, deleted=False)
    return DeletedSecret(name=name, deleted=True)


def _in_the_form_of_rds(address: Address) -> str:
    secret = {
        "engine": address.engine,
        "host": address.host,
        "port": address.port,
        "username": address.user,
        "password": address.password,
        "dbname": address.database,
    }
    return json.dumps(secret, sort_keys=True)


def _update(clients: AwsClients, name: str, value: str, tags: Mapping[str, str]) -> PublishedSecret:
    with aws_call(f"secret {name}"):
        current = clients.secretsmanager.get_secret_value(SecretId=name)
        if current.get("SecretString") == value:
            return PublishedSecret(arn=current["ARN"], created=False)
        _require_tags(clients, name, tags, "Delete it, or choose another name.")
        clients.secretsmanager.put_secret_value(SecretId=name, SecretString=value)
    return PublishedSecret(arn=current["ARN"], created=False)


def _require_tags(clients: AwsClients, name: str, tags: Mapping[str, str], remedy: str) -> None:
    theirs = {
        tag.get("Key"): tag.get("Value")
        for tag in clients.secretsmanager.describe_secret(SecretId=name).get("Tags", [])
    }
    if any(theirs.get(key) != text for key, text in tags.items()):
        raise ConflictError(
            f"The secret {name} exists without this migration's tags: it is somebody else's.",
            remedy=remedy,
            differences=[],
            name=name,
        )
