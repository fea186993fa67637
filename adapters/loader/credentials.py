"""Where the source is and who reads it: from a secret of the form that RDS uses, or from a Glue connection.

Nothing here puts a password into an error, a log or a repr.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from adapters.loader.errors import CredentialsError

_ENGINES = ("mysql", "mariadb")
_DEFAULT_PORT = 3306


@dataclass(frozen=True)
class Source:
    """A MySQL or MariaDB server and an account there; `tls_required` refuses a connection in the clear."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls_required: bool = False


def source_from_secret(secrets: Any, arn: str) -> Source:
    """Read a secret {engine, host, port, username, password, dbname}; `secrets` is a Secrets Manager client."""
    secret = _secret(secrets, arn)
    return Source(
        host=_text(secret, "host", f"secret {arn}"),
        port=_port(secret.get("port", _DEFAULT_PORT), f"secret {arn}"),
        user=_text(secret, "username", f"secret {arn}"),
        password=_text(secret, "password", f"secret {arn}", may_be_empty=True),
    )


def source_from_connection(glue: Any, secrets: Any, name: str) -> Source:
    """Read a JDBC connection; the account stands in it, or in the secret it names. `glue` is a Glue client.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-connections-connections.html
    """
    connection = glue.get_connection(Name=name, HidePassword=False)["Connection"]
    properties = connection.get("ConnectionProperties", {})
    place = f"Glue connection {name}"
    host, port = _host_and_port(_text(properties, "JDBC_CONNECTION_URL", place), place)
    secret_id = properties.get("SECRET_ID") or connection.get("AuthenticationConfiguration", {}).get("SecretArn")
    if secret_id:
        account, place = _secret(secrets, secret_id), f"secret {secret_id}"
        user, password = _text(account, "username", place), _text(account, "password", place, may_be_empty=True)
    else:
        user, password = _text(properties, "USERNAME", place), _text(properties, "PASSWORD", place, may_be_empty=True)
    tls_required = str(properties.get("JDBC_ENFORCE_SSL", "")).lower() == "true"
    return Source(host=host, port=port, user=user, password=password, tls_required=tls_required)


def _secret(secrets: Any, arn: str) -> Mapping[str, Any]:
    text = secrets.get_secret_value(SecretId=arn).get("SecretString", "")
    try:
        secret = json.loads(text)
    except ValueError:
        # The parser's own message and cause would carry the secret's text along.
        raise CredentialsError(f"secret {arn} is not JSON; it must be {{host, port, username, password}}") from None
    if not isinstance(secret, dict):
        raise CredentialsError(f"secret {arn} is not a JSON object; it must be {{host, port, username, password}}")
    return secret


def _text(values: Mapping[str, Any], name: str, place: str, *, may_be_empty: bool = False) -> str:
    value = values.get(name)
    if not isinstance(value, str) or (not value and not may_be_empty):
        raise CredentialsError(f"{place} has no {name}")
    return value


def _port(value: Any, place: str) -> int:
    if not str(value).isdigit() or not 0 < int(value) < 65_536:
        raise CredentialsError(f"{place} has no valid port")
    return int(value)


def _host_and_port(url: str, place: str) -> tuple[str, int]:
    scheme, _, rest = url.partition(":")
    address = urlsplit(rest)
    if scheme != "jdbc" or address.scheme not in _ENGINES or not address.hostname:
        raise CredentialsError(f"{place}: JDBC_CONNECTION_URL must be jdbc:mysql://host:port/database")
    return address.hostname, _port(_DEFAULT_PORT if address.port is None else address.port, place)
