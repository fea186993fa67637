"""What a database user may do, as real servers grant it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest

from adapters.servers import mysql
from adapters.servers.mysql.grants import held_by, parse_grants
from tests.conftest import Database
from tests.servers.conftest import Caller

NEEDED = ["SELECT", "CREATE VIEW", "SHOW VIEW", "DROP"]


@dataclass(frozen=True)
class Guest:
    """A user without rights, and the means to give it some."""

    caller: Caller
    name: str
    database: str
    root: pymysql.Connection[Any]

    def grant(self, *statements: str) -> None:
        with self.root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.format(user=f"'{self.name}'@'%'", db=self.database, role=f"'{self.name}_r'"))

    def verdicts(self) -> dict[str, str]:
        report = self.caller.answer("mysql_validate_permissions")
        assert report["ready"] == all(p["verdict"] != "denied" for p in report["permissions"])
        return {p["action"]: p["verdict"] for p in report["permissions"]}


@pytest.fixture
def guest(server_url: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guest]:
    server, name, password = urlsplit(server_url), f"tf_g_{secrets.token_hex(4)}", secrets.token_hex(8)
    root = pymysql.connect(
        host=database.host,
        port=database.port,
        user=server.username or "root",
        password=server.password or "",
        autocommit=True,
    )
    monkeypatch.setenv(
        "TABLEFERRY_MYSQL_URL", f"mysql://{name}:{password}@{database.host}:{database.port}/{database.name}"
    )
    guest = Guest(Caller(mysql.build_server()), name, database.name, root)
    guest.grant(f"CREATE USER {{user}} IDENTIFIED BY '{password}'", "CREATE TABLE `{db}`.t (id INT)")
    guest.grant("GRANT SELECT ON `{db}`.t TO {user}")
    yield guest
    guest.grant("DROP USER IF EXISTS {user}", "DROP ROLE IF EXISTS {role}")
    root.close()


@pytest.mark.server
def test_a_grant_on_the_database_allows(guest: Guest) -> None:
    guest.grant("GRANT SELECT, CREATE VIEW, SHOW VIEW, DROP ON `{db}`.* TO {user}")
    assert guest.verdicts() == dict.fromkeys(NEEDED, "allowed")


@pytest.mark.server
def test_what_is_granted_nowhere_is_denied_and_single_tables_are_unverified(guest: Guest) -> None:
    expected = {"SELECT": "unverified", "CREATE VIEW": "denied", "SHOW VIEW": "denied", "DROP": "denied"}
    assert guest.verdicts() == expected


@pytest.mark.server
def test_a_grant_with_escaped_wildcards_matches_by_its_meaning(guest: Guest) -> None:
    escaped = guest.database.replace("_", "\\_")
    guest.grant(f"GRANT ALL PRIVILEGES ON `{escaped}`.* TO {{user}}")
    assert guest.verdicts() == dict.fromkeys(NEEDED, "allowed")


@pytest.mark.server
def test_a_wildcard_grant_covers_the_database(guest: Guest) -> None:
    guest.grant("GRANT ALL PRIVILEGES ON `tf\\_test\\_%%`.* TO {user}".replace("%%", "%"))
    assert guest.verdicts() == dict.fromkeys(NEEDED, "allowed")


@pytest.mark.server
def test_a_grant_on_another_database_gives_nothing(guest: Guest) -> None:
    guest.grant("GRANT ALL PRIVILEGES ON `{db}x`.* TO {user}")
    assert guest.verdicts()["DROP"] == "denied"


@pytest.mark.server
def test_a_role_counts_while_it_is_active(guest: Guest, database: Database) -> None:
    guest.grant("CREATE ROLE {role}", "GRANT SELECT, CREATE VIEW, SHOW VIEW, DROP ON `{db}`.* TO {role}")
    guest.grant("GRANT {role} TO {user}")
    assert guest.verdicts()["DROP"] == "denied"
    default = (
        "SET DEFAULT ROLE {role} FOR {user}" if database.engine == "mariadb" else "SET DEFAULT ROLE {role} TO {user}"
    )
    guest.grant(default)
    assert guest.verdicts() == dict.fromkeys(NEEDED, "allowed")


@pytest.mark.server
def test_a_global_grant_covers_the_database(guest: Guest) -> None:
    guest.grant("GRANT SELECT, DROP, CREATE VIEW ON *.* TO {user}")
    assert guest.verdicts() == {**dict.fromkeys(NEEDED, "allowed"), "SHOW VIEW": "denied"}


@pytest.mark.server
def test_without_show_view_the_definition_is_not_shown_and_the_error_says_so(guest: Guest) -> None:
    guest.grant("GRANT SELECT ON `{db}`.* TO {user}", "CREATE VIEW `{db}`.ddb_t_view AS SELECT 1 AS a")
    refusal = guest.caller.refusal("mysql_validate_view", view="ddb_t_view")
    assert refusal["code"] == "permission_denied"
    assert "SHOW VIEW" in refusal["remedy"]


@pytest.mark.server
def test_what_is_not_allowed_is_a_permission_error(guest: Guest) -> None:
    assert (
        guest.caller.refusal("mysql_execute_ddl", sql="CREATE VIEW ddb_t_view AS SELECT 1")["code"]
        == "permission_denied"
    )


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (["GRANT USAGE ON *.* TO `u`@`%`"], False),
        (["GRANT SELECT, DROP ON *.* TO `u`@`%` WITH GRANT OPTION"], True),
        (["GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`"], True),
        (["GRANT DROP ON `shop`.`t` TO `u`@`%`"], False),
        (["GRANT SELECT (`a`, `b`), DROP ON `shop`.* TO `u`@`%`"], True),
        (["GRANT `DROP`@`%` TO `u`@`%`"], False),
        (["GRANT DROP ON `sho_`.* TO `u`@`%`"], True),
        (["GRANT DROP ON `sho\\_`.* TO `u`@`%`"], False),
        (["GRANT DROP ON `s%`.* TO `u`@`%`", "GRANT SELECT ON `shop`.* TO `u`@`%`"], False),
        (["GRANT SELECT ON `s%`.* TO `u`@`%`", "GRANT DROP ON `sh%`.* TO `u`@`%`"], True),
        (["GRANT DROP ON *.* TO `u`@`%`", "REVOKE DROP ON `shop`.* FROM `u`@`%`"], False),
        (["GRANT DROP ON *.* TO `u`@`%`", "REVOKE DROP ON `other`.* FROM `u`@`%`"], True),
        (["GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `u`@`%`"], False),
        (["GRANT PROXY ON ``@`` TO `u`@`%` WITH GRANT OPTION"], False),
    ],
)
def test_grants_are_read_as_the_server_means_them(lines: list[str], held: bool) -> None:
    assert held_by(parse_grants(lines), "DROP", "shop") is held
