"""Secrets and connections of the local runtime; a password must not come out in any message."""

from __future__ import annotations

import json
import secrets
import traceback
from typing import Any

import boto3
import pytest

from adapters.loader.credentials import Source, source_from_connection, source_from_secret
from adapters.loader.errors import CredentialsError
from adapters.local.runtime import RuntimeState

pytestmark = pytest.mark.aws

PASSWORD = "s3cr3t-p4ss"
RDS_FORM = {
    "engine": "mysql", "host": "db.example", "port": 3307, "username": "reader", "password": PASSWORD, "dbname": "shop",
}  # fmt: skip


def stored(content: str) -> str:
    name = f"source-{secrets.token_hex(4)}"
    return str(boto3.client("secretsmanager").create_secret(Name=name, SecretString=content)["ARN"])


def connection(**properties: Any) -> str:
    name = f"connection-{secrets.token_hex(4)}"
    glue: Any = boto3.client("glue")
    glue.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": properties})
    return name


def through(name: str) -> Source:
    return source_from_connection(boto3.client("glue"), boto3.client("secretsmanager"), name)


def test_a_secret_of_the_form_that_rds_uses(aws_env: RuntimeState) -> None:
    source = source_from_secret(boto3.client("secretsmanager"), stored(json.dumps(RDS_FORM)))
    assert source == Source("db.example", 3307, "reader", PASSWORD)
    assert PASSWORD not in repr(source)


def test_a_port_may_be_text_or_missing(aws_env: RuntimeState) -> None:
    client = boto3.client("secretsmanager")
    assert source_from_secret(client, stored(json.dumps({**RDS_FORM, "port": "3310"}))).port == 3310
    without = {name: value for name, value in RDS_FORM.items() if name != "port"}
    assert source_from_secret(client, stored(json.dumps(without))).port == 3306


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PASSWORD, "not JSON"),
        (json.dumps([PASSWORD]), "not a JSON object"),
        (json.dumps({**RDS_FORM, "host": ""}), "no host"),
        (json.dumps({**RDS_FORM, "username": None}), "no username"),
        (json.dumps({**RDS_FORM, "password": 5}), "no password"),
        (json.dumps({**RDS_FORM, "port": "x"}), "no valid port"),
    ],
)
def test_a_wrong_secret_is_described_but_never_shown(aws_env: RuntimeState, content: str, said: str) -> None:
    with pytest.raises(CredentialsError, match=said) as error:
        source_from_secret(boto3.client("secretsmanager"), stored(content))
    assert PASSWORD not in "".join(traceback.format_exception(error.value))


def test_a_connection_with_an_account_in_it(aws_env: RuntimeState) -> None:
    name = connection(
        JDBC_CONNECTION_URL="jdbc:mysql://db.example:3307/shop?useSSL=true",
        USERNAME="reader",
        PASSWORD=PASSWORD,
        JDBC_ENFORCE_SSL="true",
    )
    assert through(name) == Source("db.example", 3307, "reader", PASSWORD, tls_required=True)


def test_a_connection_that_names_a_secret(aws_env: RuntimeState) -> None:
    account = stored(json.dumps({"username": "other", "password": PASSWORD}))
    name = connection(JDBC_CONNECTION_URL="jdbc:mariadb://db.example/shop", SECRET_ID=account)
    assert through(name) == Source("db.example", 3306, "other", PASSWORD)


@pytest.mark.parametrize("url", ["mysql://db/shop", "jdbc:postgresql://db:1/shop", "jdbc:mysql:///shop", "nonsense"])
def test_a_connection_to_something_else_is_refused(aws_env: RuntimeState, url: str) -> None:
    properties: dict[str, Any] = {"JDBC_CONNECTION_URL": url, "USERNAME": "u", "PASSWORD": PASSWORD}
    name = connection(**properties)
    with pytest.raises(CredentialsError, match=name) as error:
        through(name)
    assert PASSWORD not in "".join(traceback.format_exception(error.value))
