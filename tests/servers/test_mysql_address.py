"""The source's settings, and that its password stays with them."""

from __future__ import annotations

import json

import pytest

from adapters.local.runtime import RuntimeState
from adapters.servers import mysql
from adapters.servers.aws_clients import AwsClients
from adapters.servers.mysql.address import address_from_environment
from core.errors import InvalidRequestError
from tests.conftest import Database
from tests.servers.conftest import Caller

SECRET = "Xy7-very-secret"


def test_a_url_is_percent_decoded_and_its_port_has_a_default() -> None:
    url = "mysql+pymysql://us%40er:p%3A%2F%23@db.example/sh%C3%B6p?ssl=true"
    address = address_from_environment(AwsClients(), {"TABLEFERRY_MYSQL_URL": url})
    assert (address.host, address.port, address.user, address.password) == ("db.example", 3306, "us@er", "p:/#")
    assert (address.database, address.engine, address.tls) == ("shöp", "mysql", True)


def test_the_repr_of_an_address_has_no_password() -> None:
    address = address_from_environment(AwsClients(), {"TABLEFERRY_MYSQL_URL": f"mariadb://u:{SECRET}@h:1/d"})
    assert SECRET not in f"{address!r}{address}"
    assert address.engine == "mariadb"


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"postgres://u:{SECRET}@h/d",
        f"mysql://u:{SECRET}@h",
        f"mysql://u:{SECRET}@h:port/d",
        f"mysql://u:{SECRET}@h:99999/d",
        f"mysql://u:{SECRET}:{SECRET}@{SECRET}:h:1/d",
        f"mysql://u:{SECRET}[@h/d",
        f"mysql://u:{SECRET}#x@h/d",
        f"mysql://u:{SECRET}@h/d?ssl=perhaps",
        f"mysql://u:pw@h/d?{SECRET}=1",
        f"mysql://:{SECRET}@h/d",
        f"{SECRET}",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        address_from_environment(AwsClients(), {"TABLEFERRY_MYSQL_URL": url})
    assert SECRET not in json.dumps(refused.value.to_wire())
    assert "mysql://user:password@host:port/database" in refused.value.remedy


@pytest.mark.server
def test_a_wrong_password_is_an_authentication_failure_that_does_not_show_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", database.url.replace(database.password, SECRET))
    caller = Caller(mysql.build_server())
    refusal = caller.refusal("mysql_execute_query", sql="SELECT 1")
    status = caller.answer("mysql_test_connection")
    assert refusal["code"] == "authentication_failed"
    assert refusal["facts"]["errno"] == 1045
    assert f"{database.host}:{database.port}/{database.name}" in refusal["message"]
    assert (status["operational"], status["error"]["code"]) == (False, "authentication_failed")
    output = capfd.readouterr()
    assert SECRET not in json.dumps([refusal, status]) + output.out + output.err


@pytest.mark.server
def test_the_password_is_in_no_answer(source: Caller, database: Database, capfd: pytest.CaptureFixture[str]) -> None:
    database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    answers = [
        source.answer("mysql_test_connection"),
        source.answer("mysql_discover_connection", hosts=[database.host], ports=[database.port]),
        source.answer("mysql_validate_permissions"),
        source.answer("mysql_describe_schema"),
        source.refusal("mysql_execute_query", sql="SELECT nothing FROM nowhere"),
    ]
    output = capfd.readouterr()
    assert database.password not in json.dumps(answers) + output.out + output.err


@pytest.mark.server
def test_a_database_that_is_not_there_is_not_found(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", f"{database.url}_else")
    refusal = Caller(mysql.build_server()).refusal("mysql_describe_schema")
    # An account without rights there is not told whether there is such a database.
    assert refusal["code"] in ("not_found", "permission_denied")


def test_a_server_that_is_not_reached_is_a_matter_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEFERRY_MYSQL_URL", f"mysql://u:{SECRET}@127.0.0.1:1/d")
    refusal = Caller(mysql.build_server()).refusal("mysql_describe_schema")
    assert (refusal["code"], refusal["retryable"]) == ("network", True)
    assert "127.0.0.1:1/d" in refusal["message"]
    assert SECRET not in json.dumps(refusal)


@pytest.mark.server
@pytest.mark.aws
def test_the_published_secret_lets_the_server_log_in(
    source: Caller, database: Database, aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"tableferry/{database.name}"
    first = source.answer("mysql_publish_secret", name=name, tags={"tableferry": "m1"})
    again = source.answer("mysql_publish_secret", name=name, tags={"tableferry": "m1"})
    assert (first["created"], again["created"]) == (True, False)
    assert again["arn"] == first["arn"]
    assert database.password not in json.dumps([first, again])

    value = AwsClients().secretsmanager.get_secret_value(SecretId=first["arn"])["SecretString"]
    assert json.loads(value) == {
        "engine": "mysql",
        "host": database.host,
        "port": database.port,
        "username": database.user,
        "password": database.password,
        "dbname": database.name,
    }
    monkeypatch.delenv("TABLEFERRY_MYSQL_URL")
    monkeypatch.setenv("TABLEFERRY_MYSQL_SECRET_ARN", first["arn"])
    status = source.answer("mysql_test_connection")
    assert (status["operational"], status["details"]["database"]) == (True, database.name)


@pytest.mark.server
@pytest.mark.aws
def test_a_secret_with_another_value_is_replaced_only_if_it_has_our_tags(
    source: Caller, database: Database, aws_env: RuntimeState
) -> None:
    secrets = AwsClients().secretsmanager
    ours, theirs = f"ours/{database.name}", f"theirs/{database.name}"
    secrets.create_secret(Name=ours, SecretString="{}", Tags=[{"Key": "tableferry", "Value": "m1"}])
    secrets.create_secret(Name=theirs, SecretString="{}")
    source.answer("mysql_publish_secret", name=ours, tags={"tableferry": "m1"})
    refusal = source.refusal("mysql_publish_secret", name=theirs, tags={"tableferry": "m1"})
    assert refusal["code"] == "conflict"
    assert database.password in secrets.get_secret_value(SecretId=ours)["SecretString"]
    assert secrets.get_secret_value(SecretId=theirs)["SecretString"] == "{}"


@pytest.mark.server
@pytest.mark.aws
def test_a_secret_is_deleted_only_if_it_has_our_tags(source: Caller, database: Database, aws_env: RuntimeState) -> None:
    secrets, name, theirs = AwsClients().secretsmanager, f"gone/{database.name}", f"kept/{database.name}"
    source.answer("mysql_publish_secret", name=name, tags={"tableferry": "m1"})
    secrets.create_secret(Name=theirs, SecretString="{}", Tags=[{"Key": "tableferry", "Value": "m2"}])
    answers = [source.answer("mysql_delete_secret", name=name, tags={"tableferry": "m1"})["deleted"] for _ in range(2)]
    assert answers == [True, False]
    assert source.refusal("mysql_delete_secret", name=theirs, tags={"tableferry": "m1"})["code"] == "conflict"
    assert secrets.get_secret_value(SecretId=theirs)["SecretString"] == "{}"
    assert source.answer("mysql_publish_secret", name=name, tags={"tableferry": "m1"})["created"] is True


@pytest.mark.aws
def test_a_secret_that_is_not_there_is_not_found(aws_env: RuntimeState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLEFERRY_MYSQL_URL", raising=False)
    monkeypatch.setenv("TABLEFERRY_MYSQL_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:000000000000:secret:no-aaaaaa")
    assert Caller(mysql.build_server()).refusal("mysql_describe_schema")["code"] == "not_found"
