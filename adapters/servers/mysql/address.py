"""Where the source database is and as whom to log in, from the environment.

Guarantees:
- The password is in no message and no `repr`; it leaves this class only to log in and to publish the secret.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.servers.aws_clients import AwsClients
from adapters.servers.aws_errors import aws_call
from core.errors import InvalidRequestError

URL_VARIABLE = "TABLEFERRY_MYSQL_URL"
SECRET_VARIABLE = "TABLEFERRY_MYSQL_SECRET_ARN"  # noqa: S105  # the variable's name
_FORM = "mysql://user:password@host:port/database"
_SCHEMES = {"mysql": "mysql", "mysql+pymysql": "mysql", "mariadb": "mariadb", "mariadb+pymysql": "mariadb"}
_OPTIONS = ("ssl", "ssl_ca")


@dataclass(frozen=True)
class Address:
    """A server, a database there, and how to log in; `tls` None takes what the server offers, a CA verifies it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    engine: str = "mysql"
    tls: bool | None = None
    tls_ca: str | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


def address_from_environment(clients: AwsClients, environ: Mapping[str, str] = os.environ) -> Address:
    """The address that the settings describe. Raises InvalidRequestError when they are missing or unreadable."""
    url, arn = environ.get(URL_VARIABLE, ""), environ.get(SECRET_VARIABLE, "")
    if not url and not arn:
        raise InvalidRequestError(
            "The mysql server has no source database.", remedy=f"Set {URL_VARIABLE} ({_FORM}) or {SECRET_VARIABLE}."
        )
    address = _from_url(url) if url else Address("", 0, "", "", "")
    if arn:
        address = _with_secret(address, arn, _read_secret(clients, arn))
    _require_complete(address)
    return replace(address, port=address.port or 3306)


def _from_url(url: str) -> Address:
    # urlsplit's own complaints quote the part they dislike, which may hold the password: none of them is repeated.
    try:
        parts = urlsplit(url)
        host, port = unquote(parts.hostname or ""), parts.port or 0
    except ValueError:
        raise _unreadable(
            "its host or port cannot be read; percent-encode '@', ':', '/' in user and password"
        ) from None
    if parts.scheme not in _SCHEMES:
        raise _unreadable("it does not begin with mysql:// or mariadb://")
    if parts.fragment:
        raise _unreadable("it has a '#'; percent-encode it as %23")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise _unreadable(f"{len(unknown)} of its options are unknown; there are {', '.join(_OPTIONS)}")
    return Address(
        host=host,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.removeprefix("/")),
        engine=_SCHEMES[parts.scheme],
        tls=True if "ssl_ca" in options else _wants_tls(options.get("ssl")),
        tls_ca=options.get("ssl_ca") or None,
    )


def _wants_tls(option: str | None) -> bool | None:
    if option is None:
        return None
    if option.lower() not in ("true", "1", "false", "0"):
        raise _unreadable("its option ssl is neither true nor false")
    return option.lower() in ("true", "1")


def _unreadable(why: str) -> InvalidRequestError:
    return InvalidRequestError(f"{URL_VARIABLE} cannot be used: {why}.", remedy=f"Its form is {_FORM}.")


def _read_secret(clients: AwsClients, arn: str) -> dict[str, Any]:
    with aws_call(f"secret {arn}"):
        text = clients.secretsmanager.get_secret_value(SecretId=arn).get("SecretString", "")
    try:
        secret = json.loads(text)
    except ValueError:
        secret = None
    if not isinstance(secret, dict):
        raise InvalidRequestError(
            f"The secret {arn} is not a JSON object.",
            remedy="Use the form of RDS: {engine, host, port, username, password, dbname}.",
        )
    return secret


def _with_secret(address: Address, arn: str, secret: dict[str, Any]) -> Address:
    if not str(secret.get("port") or "0").isdecimal():
        raise InvalidRequestError(f"The secret {arn} has a port that is no number.", remedy="Correct the secret.")
    return replace(
        address,
        host=str(secret.get("host") or address.host),
        port=int(secret.get("port") or address.port),
        user=str(secret.get("username") or address.user),
        password=str(secret.get("password") or address.password),
        database=str(secret.get("dbname") or address.database),
        engine="mariadb" if secret.get("engine") == "mariadb" else address.engine,
    )


def _require_complete(address: Address) -> None:
    parts = {"host": address.host, "user": address.user, "database": address.database}
    if missing := [name for name, value in parts.items() if not value]:
        raise InvalidRequestError(
            f"The source database's settings lack: {', '.join(missing)}.",
            remedy=f"Give them in {URL_VARIABLE} ({_FORM}) or in the secret of {SECRET_VARIABLE}.",
        )
