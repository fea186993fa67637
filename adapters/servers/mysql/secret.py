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
from core.errors import AlreadyExistsError, ConflictError


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
        theirs = {
            tag.get("Key"): tag.get("Value")
            for tag in clients.secretsmanager.describe_secret(SecretId=name).get("Tags", [])
        }
        if any(theirs.get(key) != text for key, text in tags.items()):
            raise ConflictError(
                f"The secret {name} exists with another value and without this migration's tags.",
                remedy="Delete it, or choose another name.",
                differences=[],
                name=name,
            )
        clients.secretsmanager.put_secret_value(SecretId=name, SecretString=value)
    return PublishedSecret(arn=current["ARN"], created=False)
